/**
 * Clients that want one lock, an ephemeral that whoever creates it holds. Recorded is when each believes that it holds:
 * from the answer on, while it is connected, until it gives the lock back or learns that its session is over. Two that
 * believe it at once have been told so by two sides.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientContext } from './clientContext';
import { CONNECT_LOOK_MS } from './clientContext';
import { nowMs, type LockRecord } from './journalRecords';
import { ZNODEEXISTS, ZNONODE } from './outcome';

const LOOK_MS = 10;
/** How long one holds it, how soon the others try again, and how long it lets them. */
const HOLD_MS = 200;
const TRY_EVERY_MS = 40;
const REST_MS = 100;

export async function contend(context: ClientContext, path: string): Promise<void> {
  while (!context.signal.aborted) {
    if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) continue;
    const owner = context.session.sessionId;
    const created = await context.session.create(path, Buffer.from(context.name), {
      ephemeral: true,
    });
    const isOwn =
      created.outcome === 'acked' ||
      (created.code === ZNODEEXISTS && (await ownerOf(context, path)) === owner);
    // Of a session that is over by now it would be another's.
    const holds = isOwn && context.session.sessionId === owner;
    if (holds) await hold(context, path, owner);
    await sleep(holds ? REST_MS : TRY_EVERY_MS);
  }
}

async function hold(context: ClientContext, path: string, owner: string): Promise<void> {
  const belief = new Belief(context, path, owner);
  const until = performance.now() + HOLD_MS;
  while (performance.now() < until || !context.session.connected) {
    belief.is(context.session.connected);
    if (context.session.sessionId !== owner || context.session.closed) break;
    if (context.signal.aborted) break;
    await sleep(LOOK_MS);
  }
  belief.is(false);
  if (context.session.sessionId === owner) await giveBack(context, path, owner);
}

/** One whose fate is unknown is tried again: nobody else deletes it while this session lives. */
async function giveBack(context: ClientContext, path: string, owner: string): Promise<void> {
  while (!context.session.closed && context.session.sessionId === owner) {
    if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) {
      if (context.signal.aborted) return;
      continue;
    }
    const deleted = await context.session.delete(path);
    if (deleted.outcome === 'acked' || deleted.code === ZNONODE) return;
    // It may have been deleted all the same, and be another's since.
    if ((await ownerOf(context, path)) !== owner) return;
  }
}

async function ownerOf(context: ClientContext, path: string): Promise<string | undefined> {
  // A server that lags would tell of a lock that was given back.
  if ((await context.session.sync(path)).outcome !== 'acked') return undefined;
  const found = await context.session.exists(path);
  return found.outcome === 'acked' ? `0x${found.value.ephemeralOwner}` : undefined;
}

/** Records each time that it begins or ends. */
class Belief {
  private held = false;

  constructor(
    private readonly context: ClientContext,
    private readonly path: string,
    private readonly owner: string,
  ) {}

  is(held: boolean): void {
    if (held === this.held) return;
    this.held = held;
    const what: LockRecord['what'] = held ? 'believed' : 'let';
    const { context, path, owner } = this;
    context.record({ t: 'lock', c: context.name, p: path, sid: owner, what, at: nowMs() });
  }
}
