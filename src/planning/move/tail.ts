/**
 * What a capture lacks of the history that ends with the elected member's last transaction, and whose log has it.
 *
 * A zxid is proposed once, with one content, so a log that goes on number by number to the elected one's last lacks
 * nothing and holds nothing else. Where it changes epoch it must hold the last transaction before, and either a quorum's
 * logs change there too, or its own snapshots show that it was not given one in between, which would have left a hole.
 *
 * What was captured must lie on that history. A capture that is beyond it holds what no quorum is known to have, or the
 * quorum's disks have lost what they acknowledged: neither is guessed at.
 */
import { counterOf, epochOf } from '../../codec/quorum/packet';
import { ZkferryError } from '../../model/errors';
import { zxidText } from '../../model/zxid';
import { isQuorum, type QuorumMember } from '../quorum';
import { votersAmong } from './election';
import { holds, lastOf, type MemberLog } from './memberLog';

export interface Tail {
  /** Whose log has it: the elected one's own where that is whole. Absent where nothing is missing. */
  from?: string;
  /** The last transaction that was captured. */
  after: bigint;
  /** The last one there is. */
  upTo: bigint;
}

/** `captured`: the last one in the repository. @throws ZkferryError TailNotProven */
export function tailOf(
  config: readonly QuorumMember[],
  logs: readonly MemberLog[],
  elected: MemberLog,
  captured: bigint,
): Tail {
  const upTo = lastOf(elected);
  if (captured === upTo) return { after: captured, upTo };
  if (captured > upTo) throw beyond(elected, captured);
  if (counterOf(upTo) === 0n)
    throw notProven(
      `${elected.server} was given a snapshot as epoch ${epochOf(upTo)} began, and nothing was written since: its log does not tell what came before it`,
    );
  const others = logs.filter((log) => log !== elected);
  const refusals: string[] = [];
  for (const log of [elected, ...others]) {
    const refusal = refusalOf(log, votersAmong(config, logs), config, captured, upTo);
    if (refusal === undefined) return { from: log.server, after: captured, upTo };
    refusals.push(`${log.server} ${refusal}`);
  }
  throw notProven(
    `the history ends at ${zxidText(upTo)} (${elected.server}, epoch ${elected.epoch}), and no member's log leads there from ${zxidText(captured)}, the last transaction captured: ${refusals.join('; ')}`,
  );
}

function refusalOf(
  log: MemberLog,
  voters: readonly MemberLog[],
  config: readonly QuorumMember[],
  after: bigint,
  upTo: bigint,
): string | undefined {
  let last = after;
  let holdsLast = holds(log, after);
  for (const { from, to } of log.runs) {
    if (to <= after) continue;
    const next = from > after ? from : after + 1n;
    if (next > upTo) break;
    if (next !== last + 1n) {
      if (epochOf(next) === epochOf(last) || counterOf(next) !== 1n)
        return `has ${zxidText(next)} after ${zxidText(last)}`;
      if (!holdsLast)
        return `does not hold ${zxidText(last)}, so that it may not be of this history`;
      if (!changeStands(log, voters, config, last, next))
        return `goes from ${zxidText(last)} to ${zxidText(next)}, and may have been given a snapshot in between`;
    }
    last = to < upTo ? to : upTo;
    holdsLast = true;
  }
  return last === upTo ? undefined : `ends at ${zxidText(last)}`;
}

function changeStands(
  log: MemberLog,
  voters: readonly MemberLog[],
  config: readonly QuorumMember[],
  last: bigint,
  next: bigint,
): boolean {
  const same = voters.filter((one) =>
    one.runs.some(({ to }, at) => to === last && one.runs[at + 1]?.from === next),
  );
  if (
    isQuorum(
      config,
      same.map(({ id }) => id),
    )
  )
    return true;
  // Purging takes the oldest ones first: with one from before, those in between would be there.
  const { snapshots } = log;
  const isComplete = snapshots.some((zxid) => zxid <= last);
  return isComplete && !snapshots.some((zxid) => zxid > last && zxid < next);
}

const beyond = (elected: MemberLog, captured: bigint): ZkferryError =>
  notProven(
    `${zxidText(captured)} was captured, and the history that a quorum's logs lead to ends at ${zxidText(lastOf(elected))} (${elected.server}, epoch ${elected.epoch}): either it was never committed, or a disk has lost what was acknowledged`,
  );

/** As every refusal of a tail ends: the ensemble itself can still settle it. */
export const notProven = (what: string): ZkferryError =>
  new ZkferryError(
    'TailNotProven',
    `${what}; nothing was written to the repository: start the ensemble again, let the capture follow it, and stop it once more`,
  );
