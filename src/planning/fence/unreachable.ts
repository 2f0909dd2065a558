/** What can be done about servers that nobody can close. */
import { isQuorum } from '../quorum';

export interface FencedServer {
  name: string;
  id: number;
  role: 'participant' | 'observer';
}

/**
 * Voters to be stopped, so that those out of reach cannot commit anything: all that can be reached. Undefined where those
 * out of reach are a quorum by themselves.
 */
export function whoMustStop(
  servers: readonly FencedServer[],
  unreachable: readonly string[],
): string[] | undefined {
  const left = servers.filter(({ name }) => unreachable.includes(name));
  if (
    isQuorum(
      servers,
      left.map(({ id }) => id),
    )
  )
    return undefined;
  return servers
    .filter(({ name, role }) => role === 'participant' && !unreachable.includes(name))
    .map(({ name }) => name);
}
