import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSession } from './clientSession';
import { CONNECT_LOOK_MS } from './clientContext';
import { ZNODEEXISTS } from './outcome';

const RETRY_AFTER_MS = 50;

/** Every ancestor of `path` and itself, from the top: `/a/b` → `/a`, `/a/b`. */
export function withAncestors(path: string): string[] {
  const parts = path.split('/').slice(1);
  return parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

/** Creates the znodes that are not there yet, in the given order. False where `deadlineAt` (performance.now) passed first. */
export async function createAll(
  session: ClientSession,
  znodes: readonly { path: string; data: Buffer }[],
  deadlineAt: number,
): Promise<boolean> {
  for (const { path, data } of znodes) {
    for (;;) {
      if (session.closed || performance.now() > deadlineAt) return false;
      if (!(await session.whenConnected(CONNECT_LOOK_MS))) continue;
      const created = await session.create(path, data);
      if (created.outcome === 'acked' || created.code === ZNODEEXISTS) break;
      await sleep(RETRY_AFTER_MS);
    }
  }
  return true;
}
