/** A new base from a snapshot of its own: beside a capture that goes on, or whether there is one or not. */
import { takeBaseNow } from '../../src/adapters/capture/takeBaseNow';
import { keepsBasesOnly } from '../../src/model/backupInputs';
import type { BaseManifest } from '../../src/model/repository';
import type { BackupActivities, BaseResult } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { backUpNow, GIVE_UP_AFTER_MS } from './backUpNow';
import { captureSource } from './captureSource';
import { chosenSource } from './chooseSource';
import { wholeBase } from './takeWholeBase';

export function baseActivities(
  dependencies: Dependencies,
): Pick<BackupActivities, 'takeBase' | 'takeUsableBase'> {
  return {
    takeBase: (args) =>
      operation(async ({ signal }) => {
        const { baseBytesPerSecond } = args;
        const { manifest } = await takeBaseNow({
          ...{ ...(await captureSource(dependencies, args)), signal },
          ...(baseBytesPerSecond !== undefined && { baseBytesPerSecond }),
        });
        return resultOf(manifest);
      }),

    takeUsableBase: (args) =>
      operation(async (context) => {
        const target = { ...args, source: 'auto' as const };
        const { source } = await chosenSource(dependencies, target, context.signal);
        if (keepsBasesOnly(source)) {
          const options = { ...args, source, acceptForeign: false };
          return (await wholeBase(dependencies, options, context)).lastBase!;
        }
        const ensemble = await dependencies.inventory.resolve(args.ensemble);
        const from = await captureSource(
          dependencies,
          { ...args, source },
          { giveUpAfterMs: GIVE_UP_AFTER_MS },
        );
        const { base } = await backUpNow(dependencies, ensemble, from, args.owner, context);
        return resultOf(base);
      }),
  };
}

const resultOf = ({
  usableFrom,
  readFrom,
  takenAt,
  nodes,
  snapshot,
}: BaseManifest): BaseResult => ({
  usableFrom,
  ...(readFrom !== undefined && { readFrom }),
  takenAt,
  ...(nodes !== undefined && { nodes }),
  bytes: snapshot.bytes,
});
