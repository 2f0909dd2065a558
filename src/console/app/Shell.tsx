/** What is around every page: where one can go, who one is, light or dark. */
import {
  Button,
  NativeSelect,
  useMantineColorScheme,
  type MantineColorScheme,
} from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { request, setCsrf } from '../api/client';
import { meQuery, queryClient } from '../api/queries';
import { ProblemView } from '../parts/ProblemView';
import { ConnectionBanner } from './ConnectionBanner';
import { useMay, useMe } from './session';

const PLACES = [
  ['/runs', 'Runs'],
  ['/ensembles', 'Ensembles'],
  ['/start', 'Start a run'],
  ['/backups', 'Backups'],
  ['/diff', 'Diff'],
] as const;

export function Shell() {
  const main = useRef<HTMLElement>(null);
  const isAdmin = useMay('admin');
  const { version } = useMe();
  const { pathname } = useLocation();
  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header className="header">
        <a className="brand" href="#/runs">
          zkferry
        </a>
        <nav aria-label="Pages" className="nav">
          {PLACES.map(([to, title]) => (
            <NavLink key={to} to={to}>
              {title}
            </NavLink>
          ))}
          {isAdmin && <NavLink to="/audit">Audit</NavLink>}
        </nav>
        <Account />
      </header>
      <ConnectionBanner />
      {/* A page is drawn anew when another thing of the same kind is gone to. */}
      <main ref={main} tabIndex={-1} className="main" key={pathname}>
        <Outlet />
      </main>
      <footer className="footer">zkferry {version} · times are UTC</footer>
    </>
  );
}

function Account() {
  const me = useMe();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const logout = useMutation({
    mutationFn: () => request('DELETE', '/session'),
    onSuccess: () => {
      setCsrf(undefined);
      // First, since who is signed in is watched by what draws the login; then nothing of theirs is left.
      queryClient.setQueryData(meQuery.queryKey, null);
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' });
    },
  });
  const roles = me.grants.map(
    ({ role, ensembles }) => `${role} of ${ensembles.includes('*') ? 'all' : ensembles.join(', ')}`,
  );
  return (
    <div className="account">
      <span className="account-name" title={roles.join('; ')}>
        <strong>{me.actor}</strong> <span className="dim">{roles.join('; ')}</span>
      </span>
      <NativeSelect
        size="xs"
        aria-label="Colours"
        value={colorScheme}
        onChange={({ currentTarget }) => setColorScheme(currentTarget.value as MantineColorScheme)}
        data={[
          { value: 'auto', label: 'System' },
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
        ]}
      />
      <Button variant="default" loading={logout.isPending} onClick={() => logout.mutate()}>
        Log out
      </Button>
      <ProblemView error={logout.error} />
    </div>
  );
}
