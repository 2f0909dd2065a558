/** A new base beside a capture that goes on: from a snapshot of its own. */
import { takeBaseNow } from '../../src/adapters/capture/takeBaseNow';
import type { BackupActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { captureSource } from './captureSource';
import { chosenSource } from './chooseSource';

export function baseActivities(dependencies: Dependencies): Pick<BackupActivities, 'takeBase'> {
  return {
    takeBase: (args) =>
      operation(async ({ signal }) => {
        const { source: name } =
          args.source === undefined
            ? await chosenSource(dependencies, { ...args, source: 'auto' }, signal)
            : { source: args.source };
        const source = await captureSource(dependencies, { ...args, source: name });
        const { baseBytesPerSecond } = args;
        const { usableFrom, readFrom, takenAt, nodes, snapshot } = (
          await takeBaseNow({
            ...{ ...source, signal },
            ...(baseBytesPerSecond !== undefined && { baseBytesPerSecond }),
          })
        ).manifest;
        return {
          usableFrom,
          ...(readFrom !== undefined && { readFrom }),
          takenAt,
          ...(nodes !== undefined && { nodes }),
          bytes: snapshot.bytes,
        };
      }),
  };
}
