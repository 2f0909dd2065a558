/** Servers that show nothing because a fence of ours keeps everybody out. */
import type { ServerFacts } from '../../model/facts';

export const FENCED_HINT =
  'the migration that closed it opens or retires it (zkferry list, zkferry status ID); where no run is at work on it any more, see "a server stays closed" in docs/what-if.md';

export const isFenced = ({ state, host }: ServerFacts): boolean =>
  state !== 'serving' && host?.closedToClients === true;

export const fencedServers = (servers: readonly ServerFacts[]): string[] =>
  servers.filter(isFenced).map(({ server }) => server);
