/**
 * May this server stop now? Yes when, by a fresh look,
 *   1. the members are those the plan was made for
 *   2. the others alone hold a synced quorum, with the margin asked for
 *   3. a canary write has just been committed
 *   4. every other member that should serve does: the worst gap measured (4.2 s) came from restarting one
 *      server while another was not serving
 * A server that doesn't serve gives no vote and no service, so for it only the others' quorum counts; and
 * where nothing even listens, nothing can be lost by stopping it: its turn may be what brings the quorum back.
 */
import type { EnsembleFacts, ServerFacts } from '../model/facts';
import { isObserver, isServing, isStandalone, isSyncedVoter, leaderOf } from './members';

export interface MayStopOptions {
  /** Synced voters that must remain beyond the quorum while the server is down. */
  margin: number;
  /** Members that must serve; all of them where it isn't said. */
  expectServing?: readonly string[];
  /** Members that need not serve, whatever `expectServing` says. */
  allowNonServing?: readonly string[];
  /** Identity of the ensemble the plan was made for. */
  identity?: string;
  /** Version of the configuration the plan was made for, where there is one. */
  configVersion?: string;
}

export interface MayStop {
  ok: boolean;
  /** Why not, one a line; empty when ok. */
  reasons: string[];
}

export function serverMayStop(
  facts: EnsembleFacts,
  server: string,
  options: MayStopOptions,
): MayStop {
  const target = facts.servers.find((candidate) => candidate.server === server);
  const reasons = target
    ? [
        ...configurationReasons(facts, options),
        ...(target.state === 'refusing' ? [] : serviceReasons(facts, target, options)),
      ]
    : [`${server} was not among the servers looked at`];
  return { ok: reasons.length === 0, reasons };
}

const serviceReasons = (
  facts: EnsembleFacts,
  target: ServerFacts,
  options: MayStopOptions,
): string[] => [
  ...quorumReasons(facts, target, options),
  ...canaryReasons(facts),
  ...othersReasons(facts, target, options),
];

function configurationReasons(facts: EnsembleFacts, options: MayStopOptions): string[] {
  const reasons: string[] = [];
  if (options.identity !== undefined && facts.identity !== options.identity)
    reasons.push('the members of the ensemble are not those the plan was made for');
  if (
    options.configVersion !== undefined &&
    facts.configVersion !== undefined &&
    facts.configVersion !== options.configVersion
  )
    reasons.push(
      `somebody changed the configuration: version ${facts.configVersion}, planned for ${options.configVersion}`,
    );
  return reasons;
}

function quorumReasons(
  facts: EnsembleFacts,
  target: ServerFacts,
  { margin }: MayStopOptions,
): string[] {
  const { server } = target;
  if (isStandalone(facts))
    return [`${server} is alone: stopping it stops the service, which no order of steps avoids`];
  const seen = `${facts.syncedVoters} of ${facts.voters} voters synced, quorum ${facts.quorumSize}`;
  if (facts.quorumMargin < 0) return [`there is no synced quorum (${seen})`];
  const reasons = leaderOf(facts) === undefined ? [`no leader was seen (${seen})`] : [];
  if (!isSyncedVoter(target)) return reasons;
  const left = facts.quorumMargin - 1;
  if (left < 0)
    reasons.push(
      facts.voters === 2
        ? `without ${server} the other of two voters is no quorum`
        : `without ${server} the others hold no quorum (${seen})`,
    );
  else if (left < margin)
    reasons.push(
      `without ${server} only ${left} synced voter(s) beyond the quorum remain, ${margin} asked for (${seen})`,
    );
  return reasons;
}

function canaryReasons({ canary }: EnsembleFacts): string[] {
  if (canary?.committed) return [];
  return [
    canary === undefined
      ? 'no canary write was tried'
      : `the canary write was not committed${canary.error ? `: ${canary.error}` : ''}`,
  ];
}

function othersReasons(
  facts: EnsembleFacts,
  target: ServerFacts,
  { expectServing, allowNonServing = [] }: MayStopOptions,
): string[] {
  if (!isServing(target)) return [];
  const expected = (name: string): boolean =>
    !allowNonServing.includes(name) && (expectServing?.includes(name) ?? true);
  const reasons = facts.servers
    .filter((other) => other.server !== target.server && !isServing(other))
    .filter((other) => expected(other.server))
    .map(
      (other) =>
        `${other.server}${isObserver(other) ? ' (observer)' : ''} is ${other.state}${other.stateDetail ? ` (${other.stateDetail})` : ''}`,
    );
  const seen = new Set(facts.servers.map((other) => other.server));
  for (const name of expectServing ?? [])
    if (!seen.has(name) && expected(name))
      reasons.push(`${name} was not among the servers looked at`);
  return reasons;
}
