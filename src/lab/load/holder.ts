import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientContext } from './clientContext';
import { CONNECT_LOOK_MS } from './clientContext';
import { nowMs } from './journalRecords';
import { ZNODEEXISTS, ZNONODE } from './outcome';

/** Between two tries at a server that answers with an error, ms. */
const RETRY_AFTER_MS = 50;
/** Most that looking for the ephemerals at the end may take, ms. */
const FINAL_LOOK_MS = 15_000;

/** Creates the ephemerals this session holds from here on. False where `deadlineAt` (performance.now) passed first. */
export async function holdEphemerals(
  context: ClientContext,
  paths: readonly string[],
  deadlineAt: number,
): Promise<boolean> {
  for (const path of paths) {
    for (;;) {
      if (context.session.closed || performance.now() > deadlineAt) return false;
      if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) continue;
      const owner = context.session.sessionId;
      const created = await context.session.create(path, Buffer.from(context.name), {
        ephemeral: true,
      });
      if (created.outcome !== 'acked' && created.code !== ZNODEEXISTS) {
        await sleep(RETRY_AFTER_MS);
        continue;
      }
      context.record({
        t: 'ephemeral',
        c: context.name,
        p: path,
        what: 'held',
        owner,
        at: nowMs(),
      });
      break;
    }
  }
  return true;
}

/** Records, before the session is closed, who owns each ephemeral now. */
export async function lookAtEphemerals(
  context: ClientContext,
  paths: readonly string[],
): Promise<void> {
  const deadlineAt = performance.now() + FINAL_LOOK_MS;
  for (const p of paths) {
    const seen = await ownerOf(context, p, deadlineAt);
    context.record({
      t: 'ephemeral',
      c: context.name,
      p,
      what: seen === undefined ? 'unreadable' : 'seen',
      owner: seen ?? null,
      at: nowMs(),
    });
  }
}

/** `0x…` of the owning session, null where the znode is gone, undefined where nobody could be asked. */
async function ownerOf(
  context: ClientContext,
  path: string,
  deadlineAt: number,
): Promise<string | null | undefined> {
  while (performance.now() < deadlineAt && !context.session.closed) {
    if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) continue;
    if ((await context.session.sync(path)).outcome === 'acked') {
      const found = await context.session.exists(path);
      if (found.outcome === 'acked') return `0x${found.value.ephemeralOwner}`;
      if (found.code === ZNONODE) return null;
    }
    await sleep(RETRY_AFTER_MS);
  }
  return undefined;
}
