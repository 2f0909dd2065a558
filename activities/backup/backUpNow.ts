/** A base with the log that it needs, whether anybody captures or not: from names of the inventory. */
import { backUpOnce, type BackedUp } from '../../src/adapters/capture/backUpOnce';
import { commitCanaryThrough } from '../../src/adapters/zookeeper';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { zxidValue } from '../../src/model/zxid';
import type { Dependencies } from '../dependencies';
import { sessionOptions } from '../health';
import { znodePlace } from '../whoHolds';
import { membersOf } from '../resolve';
import type { CaptureSource } from './captureSource';

/** Longer than an election, for `captureSource`: beyond it whoever asked learns why there is none, and tries again. */
export const GIVE_UP_AFTER_MS = 60_000;

/** A capture that is under way shows itself by having a write of zkferry's own. */
export function backUpNow(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  source: CaptureSource,
  owner: string,
  context: OperationContext,
): Promise<BackedUp> {
  return backUpOnce({
    ...source,
    ...{ owner, signal: context.signal },
    onProgress: ({ state, durableUpTo }) => context.heartbeat({ state, durableUpTo }),
    commitWrite: async () => {
      const { mzxid } = await commitCanaryThrough(
        dependencies.zookeeper,
        {
          ...(await sessionOptions(dependencies, ensemble, context)),
          servers: membersOf(ensemble),
        },
        znodePlace(dependencies, ensemble),
      );
      return zxidValue(mzxid);
    },
  });
}
