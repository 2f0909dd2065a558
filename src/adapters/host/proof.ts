/** Data are good when a server has served them: those of a backup on the host, and those that are sent for it. */
import type { HostPort } from '../../model/ports';
import { needed, type HostRunner } from './runner';
import { PROOF_UPLOAD, SEAL_PROOF_MAIN } from './scripts/proof';
import { UPLOAD } from './scripts/upload';
import { whileServing } from './scratch';
import { prepareUpload, sendFiles } from './upload';

const SEAL_TIMEOUT_MS = 60_000;

export const proofOperations = (
  runner: HostRunner,
): Pick<HostPort, 'verifyDataBackup' | 'proveData'> => ({
  async verifyDataBackup(server, directory, token, context) {
    needed(server.directories, server, 'directories.config');
    const copy = { directory, keep: true };
    const { zxid, nodes } = await whileServing(
      runner,
      server,
      copy,
      () => Promise.resolve(),
      token,
      context,
    );
    return { zxid, nodes };
  },

  async proveData(server, localDirectory, inspect, token, context) {
    needed(server.directories, server, 'directories.config');
    const upload = await prepareUpload(localDirectory, token, context);
    const target = { what: 'send the data to be proven', parts: [PROOF_UPLOAD] };
    await sendFiles(runner, server, target, upload, token, context);
    const sealed = await runner.run(
      server,
      {
        what: 'make the data a backup',
        parts: [...target.parts, UPLOAD],
        main: SEAL_PROOF_MAIN,
        values: { ...upload.values, list: upload.list },
        token,
        timeoutMs: SEAL_TIMEOUT_MS,
      },
      context,
    );
    const copy = { directory: sealed.get('directory') ?? '', keep: false };
    return whileServing(runner, server, copy, inspect, token, context);
  },
});
