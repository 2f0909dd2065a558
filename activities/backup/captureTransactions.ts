/** Opening a hot backup, and capturing what is committed. */
import { createHash } from 'node:crypto';
import { capture } from '../../src/adapters/capture/capture';
import type { BackupActivities } from '../api';
import { backupOf, type Dependencies } from '../dependencies';
import { operation } from '../operation';
import { captureSource } from './captureSource';
import { tellingProgress } from './tellingProgress';
import { afterwards, SEAL_WITHIN_MS } from '../../src/adapters/capture/stopSoftly';

const HASH_DIGITS = 16;
const hashed = (name: string): string =>
  createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);

export function captureActivities(
  dependencies: Dependencies,
): Pick<BackupActivities, 'openBackup' | 'captureTransactions'> {
  return {
    openBackup: ({ ensemble, repository }) =>
      operation(async () => {
        const resolved = await dependencies.inventory.resolve(ensemble);
        const opened = await backupOf(dependencies).openRepository(repository);
        return {
          ensemble: resolved.name,
          repository: opened.document.id,
          shown: opened.store.shown,
          ...(resolved.site !== undefined && { site: resolved.site }),
          searchAttributes: dependencies.searchAttributes,
          ...(dependencies.sealed && { nameInIds: hashed(resolved.name) }),
          // It asks at no gate; what steers it counts as anywhere else.
          ...(dependencies.approvals && { approvals: { mode: 'signed' as const, policies: {} } }),
        };
      }),

    captureTransactions: (args) =>
      operation(async (context) => {
        const enough = new AbortController();
        const stop = AbortSignal.any([
          ...[context.signal, enough.signal],
          AbortSignal.timeout(args.durationMs),
        ]);
        const hard = afterwards(stop, SEAL_WITHIN_MS);
        try {
          return await tellingProgress(context, args, async (tell) =>
            capture({
              ...(await captureSource(dependencies, args)),
              segmentMs: args.segmentMs,
              acceptForeign: args.acceptForeign,
              ...(args.baseBytesPerSecond !== undefined && {
                baseBytesPerSecond: args.baseBytesPerSecond,
              }),
              owner: args.owner,
              ...{ stop, signal: hard.signal },
              onProgress: (now) => {
                tell(now);
                if (now.plainBytes >= args.endAfterBytes) enough.abort();
              },
            }),
          );
        } finally {
          hard.cancel();
        }
      }),
  };
}
