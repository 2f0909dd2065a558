/** What can be done about servers that nobody can close. */
import { isQuorum } from '../quorum';

export interface FencedServer {
  name: string;
  id: number;
  role: 'participant' | 'observer';
}

/** Stopped, the others leave no quorum: those that are missing commit nothing, whether they run or not. */
export const cannotServeAlone = (
  servers: readonly FencedServer[],
  missing: readonly string[],
): boolean => whoMustStop(servers, missing) !== undefined;

/**
 * The others are a quorum. They serve without those that are missing; and where they are given another history, no quorum
 * can be formed without one that has it, so that whoever comes back with what it had before follows them.
 */
export const canServeWithout = (
  servers: readonly FencedServer[],
  missing: readonly string[],
): boolean =>
  isQuorum(
    servers,
    servers.filter(({ name }) => !missing.includes(name)).map(({ id }) => id),
  );

/** Who would make a quorum again of those that are not missing; undefined where they are one. */
export function quorumMissing(
  servers: readonly FencedServer[],
  missing: readonly string[],
): string | undefined {
  if (canServeWithout(servers, missing)) return undefined;
  const voters = servers
    .filter(({ name, role }) => role === 'participant' && missing.includes(name))
    .map(({ name }) => name);
  const single = voters.filter((voter) =>
    canServeWithout(
      servers,
      missing.filter((name) => name !== voter),
    ),
  );
  return single.length > 0
    ? `a quorum is missing: ${single.join(' or ')} would do`
    : `a quorum is missing: more than one of ${voters.join(', ')} is needed`;
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
