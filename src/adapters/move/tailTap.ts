/**
 * The rest of a stopped ensemble's history as a tap, so that whoever captures writes it as it writes everything: under a
 * generation of its own, after what earlier writers left, sealed at the end. It ends by itself.
 */
import { decodeTxnHeader } from '../../codec/txn';
import { ZkferryError } from '../../model/errors';
import type { HostPort, OperationContext } from '../../model/ports';
import { zxidText } from '../../model/zxid';
import { electedAmong } from '../../planning/move/election';
import type { MemberLog } from '../../planning/move/memberLog';
import { notProven, tailOf, type Tail } from '../../planning/move/tail';
import type { Tap, TapEvent } from '../tap';
import { eventsOf } from '../tap/tapEvents';
import type { LogPlaces } from './logPlaces';
import { txnsAfter, type ReadLog } from './readMemberLog';
import { readStopped, type StoppedMember } from './stoppedMembers';

const EVENTS_AT_ONCE = 1_000;

export interface SettledTail {
  elected: MemberLog;
  tail: Tail;
  /** Ids of voters whose logs were not read. */
  unread: number[];
}

export interface TailTapOptions {
  host: HostPort;
  /** All members of the source. */
  members: readonly StoppedMember[];
  /** The last transaction that was captured; undefined where nothing was. */
  from: bigint | undefined;
  /** Where logs need not be read from their beginnings. */
  places?: LogPlaces;
  /** That transaction as it was captured; undefined where that cannot be told. */
  capturedTxn: (zxid: bigint) => Promise<Buffer | undefined>;
  /** Once it is known where the history ends, before anything is given out. */
  onSettled: (settled: SettledTail) => void;
  context: OperationContext;
}

/** `take` rejects with TailNotProven, NotRestorable (nothing was captured). */
export function openTailTap(options: TailTapOptions): Tap {
  return new TailTap(options);
}

class TailTap implements Tap {
  lastZxid: bigint;
  private txns: AsyncGenerator<TapEvent> | undefined;
  private isClosed = false;

  constructor(private readonly options: TailTapOptions) {
    this.lastZxid = options.from ?? 0n;
  }

  async take(): Promise<TapEvent[]> {
    const events: TapEvent[] = [];
    this.txns ??= this.rest();
    while (!this.isClosed && events.length < EVENTS_AT_ONCE) {
      const next = await this.txns.next();
      if (next.done === true) break;
      events.push(next.value);
    }
    return events;
  }

  [Symbol.asyncIterator](): AsyncIterator<TapEvent> {
    return eventsOf(this);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.txns?.return(undefined);
  }

  private async *rest(): AsyncGenerator<TapEvent> {
    const { host, members, from, places = {}, onSettled, context } = this.options;
    if (from === undefined)
      throw new ZkferryError(
        'NotRestorable',
        `nothing was captured of ${members[0]?.server.ensemble} that its logs could go on from: capture it before it is stopped`,
      );
    const { config, read, silent } = await readStopped(
      host,
      members,
      { captured: from, places },
      context,
    );
    const logs = read.map(({ log }) => log);
    const elected = electedAmong(config, logs, silent);
    const tail = tailOf(config, logs, elected, from);
    const source = read.find(({ log }) => log.server === (tail.from ?? elected.server))!;
    await this.refuseOther(source, from);
    const unread = config.filter(
      ({ id, role }) => role === 'participant' && !logs.some((log) => log.id === id),
    );
    onSettled({ elected, tail, unread: unread.map(({ id }) => id) });
    for await (const { zxid, bytes } of txnsAfter(host, source, tail.upTo, context)) {
      this.lastZxid = zxid;
      const receivedAt = performance.timeOrigin + performance.now();
      yield { kind: 'txn', zxid, bytes, receivedAt };
    }
  }

  /** After an ensemble was put back to its past the same zxids may be given out again, to other transactions. */
  private async refuseOther({ server, captured: logged }: ReadLog, zxid: bigint): Promise<void> {
    if (logged === undefined) return;
    const captured = await this.options.capturedTxn(zxid);
    if (captured === undefined || isSame(captured, logged)) return;
    throw notProven(
      `${zxidText(zxid)} was captured as another transaction than the log of ${server.name} has: it is not the ensemble that was captured, or it was put back to its past since`,
    );
  }
}

/** By whom and when it was made. */
function isSame(one: Buffer, other: Buffer): boolean {
  const [left, right] = [decodeTxnHeader(one), decodeTxnHeader(other)];
  return (
    left.clientId === right.clientId &&
    left.cxid === right.cxid &&
    left.time === right.time &&
    left.type === right.type
  );
}
