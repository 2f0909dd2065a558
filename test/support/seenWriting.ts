/** Whether a follower does something: what is below its copy changes. */
import type { ZkSession } from '../../src/model/ports';
import type { ZkferryCommand } from './command';
import { until } from './until';

const DEADLINE_MS = 60_000;

/** Resolves once `follower` has changed the children of `path`, as `session` of the target sees it. */
export async function seenWriting(
  follower: ZkferryCommand,
  session: ZkSession,
  path: string,
  what: string,
): Promise<void> {
  const progress = async () =>
    (await session.exists(path).catch(() => undefined))?.cversion ?? undefined;
  const before = await progress();
  await until(
    () => `the follower to write on ${what}; it says ${follower.stderr.slice(-1_000)}`,
    async () => {
      if (follower.child.exitCode !== null)
        throw new Error(`the follower ended: ${follower.stderr}`);
      const now = await progress();
      return (now !== undefined && now !== before) || undefined;
    },
    DEADLINE_MS,
  );
}
