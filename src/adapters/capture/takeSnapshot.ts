/** One snapshot through a tap of its own, which is left again. */
import { rm } from 'node:fs/promises';
import { ZkferryError } from '../../model/errors';
import type { TapEvent } from '../tap';
import type { CaptureOptions } from './options';
import { timeAt, timeOf, type TxnTime } from './pendingLog';
import type { BaseFile } from './storeBase';

/** The file is the caller's to remove. */
export async function takeSnapshot(
  openTap: CaptureOptions['openTap'],
  directory: string,
  signal: AbortSignal,
  source: BaseFile['source'] = 'stream',
): Promise<BaseFile> {
  const tap = openTap({ directory, signal });
  let snapshot: Extract<TapEvent, { kind: 'snapshot' }> | undefined;
  let newest: TxnTime | undefined;
  try {
    for await (const event of tap) {
      if (event.kind === 'txn') newest = { zxid: event.zxid, timeMs: timeOf(event.bytes) };
      if (event.kind === 'snapshot') {
        if (snapshot !== undefined) await rm(snapshot.file, { force: true });
        snapshot = event;
      }
      if (event.kind !== 'attached' || snapshot === undefined) continue;
      const { file, zxid: snapshotZxid, readFrom } = snapshot;
      snapshot = undefined;
      const { version } = event.leader;
      return {
        ...{ file, snapshotZxid, usableFrom: event.zxid, usableFromMs: timeAt(event.zxid, newest) },
        source,
        ...(readFrom !== undefined && { readFrom }),
        ...(version !== undefined && { serverVersion: version }),
      };
    }
  } finally {
    await tap.close();
    if (snapshot !== undefined) await rm(snapshot.file, { force: true });
  }
  throw new ZkferryError('Interrupted', 'the tap was closed before it had a whole snapshot');
}
