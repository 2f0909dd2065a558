/** A stopped server's data: out of the way, back, and others in their place. */
import type { HostDataPort } from '../../model/hostData';
import { checkedLabel } from './configuration';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { PLACE_MAIN, PLACEMENT } from './scripts/placement';
import { PROCESS, SERVICE } from './scripts/process';
import { BRING_BACK_MAIN, SET_ASIDE_MAIN } from './scripts/setAside';
import { UPLOAD } from './scripts/upload';
import { prepareUpload, sendFiles } from './upload';
import { linesOf } from './program';

const RENAME_TIMEOUT_MS = 10 * 60_000;
const PARTS = [PROCESS, SERVICE, ZOO_CFG];

export const placementOperations = (
  runner: HostRunner,
): Pick<HostDataPort, 'setAsideData' | 'bringBackData' | 'sendAhead' | 'placeData'> => ({
  async setAsideData(server, label, token, context) {
    const target = { what: 'set the data aside', main: SET_ASIDE_MAIN };
    const result = await rename(runner, target, [server, label, token, context]);
    return {
      alreadyAside: result.get('already') === 'yes',
      directories: linesOf(result.get('directories')),
      bytes: Number(result.get('bytes')),
    };
  },

  async bringBackData(server, label, token, context) {
    const target = { what: 'bring the data back', main: BRING_BACK_MAIN };
    const result = await rename(runner, target, [server, label, token, context]);
    const directories = linesOf(result.get('directories'));
    const afterEpoch = result.get('after_epoch');
    return {
      broughtBack: directories.length > 0,
      directories,
      failed: linesOf(result.get('failed')),
      ...(afterEpoch && { afterEpoch: Number(afterEpoch) }),
    };
  },

  async sendAhead(server, localDirectory, token, context) {
    needed(server.directories, server, 'directories.config');
    const upload = await prepareUpload(localDirectory, token, context);
    const target = { what: 'send the data ahead', parts: [...PARTS, PLACEMENT] };
    const { sentBytes } = await sendFiles(runner, server, target, upload, token, context);
    return { files: upload.files.length, bytes: upload.bytes, sentBytes };
  },

  async placeData(server, localDirectory, token, context) {
    needed(server.directories, server, 'directories.config');
    const upload = await prepareUpload(localDirectory, token, context);
    const target = { what: 'send the data', parts: [...PARTS, PLACEMENT] };
    const sent = await sendFiles(runner, server, target, upload, token, context);
    const placed = await runner.run(
      server,
      {
        what: 'put the data in place',
        parts: [...target.parts, UPLOAD],
        main: PLACE_MAIN,
        values: { ...upload.values, list: upload.list },
        token,
        timeoutMs: RENAME_TIMEOUT_MS,
      },
      context,
    );
    return {
      alreadyPlaced: sent.complete,
      directories: linesOf(placed.get('directories')),
      files: upload.files.length,
      bytes: upload.bytes,
      sentBytes: sent.sentBytes,
    };
  },
});

/** Between a data directory's own name and the one that `label` gives it. */
function rename(
  runner: HostRunner,
  target: { what: string; main: string },
  [server, label, token, context]: Parameters<HostDataPort['setAsideData']>,
): ReturnType<HostRunner['run']> {
  needed(server.directories, server, 'directories.config');
  const values = { label: checkedLabel(label) };
  const script = { ...target, parts: PARTS, values, token, timeoutMs: RENAME_TIMEOUT_MS };
  return runner.run(server, script, context);
}
