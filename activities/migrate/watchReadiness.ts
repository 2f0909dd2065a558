/** Who is still on the old side, for people who decide about the next step. */
import { isZkferryError } from '../../src/model/errors';
import type { OperationContext } from '../../src/model/ports';
import type { Readiness } from '../../src/model/redirect';
import type { BesideReport } from '../../src/model/status';
import type { RunActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, pause } from '../operation';
import { readinessOf } from './readiness';
import { namesByAddress } from './redirect';
import { sidesOf } from './redirectSteps';

const LOOK_EVERY_MS = 2_000;
/** Sessions in a report, which stays in the history. */
const MAX_LISTED = 20;
const SHOWN_ADDRESSES = 5;

export function readinessWatch(dependencies: Dependencies): Pick<RunActivities, 'watchReadiness'> {
  return {
    watchReadiness: ({ input, durationMs }) =>
      operation(async (context) => {
        const until = Date.now() + durationMs;
        const { clients } = await dependencies.inventory.resolve(input.source);
        const sides = await sidesOf(dependencies, input);
        const names = await namesByAddress(dependencies, clients, context);
        let report: BesideReport = { detail: 'not looked at yet' };
        while (Date.now() < until && !context.signal.aborted) {
          report = await look(dependencies, sides, names, context).catch((error: unknown) => {
            if (!isZkferryError(error)) throw error;
            return { detail: `not known: ${error.message}` };
          });
          context.heartbeat(report);
          await pause(LOOK_EVERY_MS, context.signal).catch(() => undefined);
        }
        return report;
      }),
  };
}

async function look(
  { zookeeper }: Dependencies,
  ...[sides, names, context]: [
    Parameters<typeof readinessOf>[1],
    Parameters<typeof readinessOf>[2],
    OperationContext,
  ]
): Promise<BesideReport> {
  const found = await readinessOf(zookeeper, sides, names, context);
  const { remaining, more } = found;
  const listed = remaining.slice(0, MAX_LISTED);
  return {
    detail: textOf(found),
    readiness: { ...found, remaining: listed, more: more + remaining.length - listed.length },
  };
}

/** `3 session(s) on the new servers, 2 on the old: 10.0.0.7 (billing) 2; 14 watches there`. */
export function textOf({ arrived, remaining, more, servers }: Readiness): string {
  const counts = new Map<string, number>();
  for (const { address, clients } of remaining) {
    const host = address.replace(/:\d+$/, '');
    const who = clients.length === 0 ? host : `${host} (${clients.join(', ')})`;
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, SHOWN_ADDRESSES);
  const silent = servers.flatMap((one) => (one.sessions === undefined ? [one.server] : []));
  const watches = servers.reduce((sum, server) => sum + (server.watches ?? 0), 0);
  return [
    `${arrived} session(s) on the new servers, ${remaining.length + more} on the old`,
    most.length === 0 ? '' : `: ${most.map(([who, count]) => `${who} ${count}`).join(', ')}`,
    counts.size > most.length ? `, and from ${counts.size - most.length} more address(es)` : '',
    watches > 0 ? `; ${watches} watches there` : '',
    silent.length > 0 ? `; ${silent.join(', ')} say nothing: are they and their hosts up?` : '',
  ].join('');
}
