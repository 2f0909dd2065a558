/** Who is signed in, for every page below. */
import { createContext, useContext, type ReactNode } from 'react';
import { may } from '../api/access';
import type { Me, Role } from '../api/types';

const SessionContext = createContext<Me | undefined>(undefined);

export function SessionProvider({ me, children }: { me: Me; children: ReactNode }) {
  return <SessionContext value={me}>{children}</SessionContext>;
}

export function useMe(): Me {
  const me = useContext(SessionContext);
  if (me === undefined) throw new Error('a page was shown without a session');
  return me;
}

export const useMay = (role: Role, ensemble?: string): boolean => may(useMe(), role, ensemble);
