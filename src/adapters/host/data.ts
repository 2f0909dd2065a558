/** Copies of a server's data, and their proof by a scratch server on the host's own loopback. */
import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { parseSrvr } from '../../codec/fourLetterWord';
import { ZkferryError } from '../../model/errors';
import type { ResolvedServer } from '../../model/inventory';
import type { HostPort, OperationContext } from '../../model/ports';
import { forward } from '../ssh/forward';
import { checkedLabel } from './configuration';
import { accessOf, needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { BACKUP_MAIN, CLASS_PATH, SCRATCH_MEMORY, VERIFY_MAIN } from './scripts/data';
import { JAVA } from './scripts/observe';
import { PROCESS } from './scripts/process';

const BACKUP_TIMEOUT_MS = 6 * 3_600_000;
const VERIFY_TIMEOUT_MS = 2 * 3_600_000;
const SCRATCH_ANSWER_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Below the range Linux gives to outgoing connections (32768 …). */
const SCRATCH_PORTS = { from: 21_000, to: 32_000 };

export const dataOperations = (
  runner: HostRunner,
): Pick<HostPort, 'backupData' | 'verifyDataBackup'> => ({
  async backupData(server, label, token, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'back up the data',
        parts: [PROCESS, ZOO_CFG],
        main: BACKUP_MAIN,
        values: { label: checkedLabel(label) },
        token,
        timeoutMs: BACKUP_TIMEOUT_MS,
      },
      context,
    );
    return {
      directory: result.get('directory') ?? '',
      files: Number(result.get('files')),
      bytes: Number(result.get('bytes')),
    };
  },

  async verifyDataBackup(server, directory, token, context) {
    needed(server.directories, server, 'directories.config');
    const port = randomInt(SCRATCH_PORTS.from, SCRATCH_PORTS.to);
    const lifeline = new PassThrough();
    const scratch = { ended: undefined as string | undefined, over: false };
    const running = runner
      .run(
        server,
        {
          what: 'prove the backup',
          parts: [PROCESS, JAVA, CLASS_PATH, SCRATCH_MEMORY],
          main: VERIFY_MAIN,
          values: { directory, port: String(port) },
          token,
          timeoutMs: VERIFY_TIMEOUT_MS,
          stdin: lifeline,
          onProgress: (text) => {
            if (text.startsWith('scratch-ended')) scratch.ended = text.slice(14).trim();
            else context.heartbeat({ what: `prove the backup of ${server.name}`, progress: text });
          },
        },
        context,
      )
      .finally(() => (scratch.over = true));
    const asked = askUntilServing(runner, server, port, scratch, context);
    let proof: ScratchAnswer;
    try {
      proof = await Promise.race([asked, running.then(() => asked)]);
    } finally {
      lifeline.end('done\n');
      await asked.catch(() => undefined);
      await running.catch(() => undefined);
    }
    refuseOlderThanSnapshot(server, proof, (await running).get('newest_snapshot'));
    return proof;
  },
});

interface ScratchAnswer {
  zxid: string;
  nodes: number;
}

/** ZooKeeper passes over snapshots it cannot read, and starts empty where none is left: only the zxid tells. */
function refuseOlderThanSnapshot(
  server: ResolvedServer,
  proof: ScratchAnswer,
  newestSnapshot: string | undefined,
): void {
  if (newestSnapshot === undefined || !/^[0-9a-f]{1,16}$/.test(newestSnapshot)) return;
  if (BigInt(proof.zxid) >= BigInt(`0x${newestSnapshot}`)) return;
  throw new ZkferryError(
    'BackupInvalid',
    `the backup of ${server.name} holds a snapshot of 0x${newestSnapshot.replace(/^0+/, '')}, but a server on it loaded only up to ${proof.zxid}: the snapshot cannot be read; take the backup again`,
    { retryable: false },
  );
}

/** Polls `srvr` through SSH; how long it takes is the tree's size, so only the scratch server's own end ends it. */
async function askUntilServing(
  runner: HostRunner,
  server: ResolvedServer,
  port: number,
  scratch: { ended?: string; over: boolean },
  context: OperationContext,
): Promise<ScratchAnswer> {
  const deadline = Date.now() + VERIFY_TIMEOUT_MS;
  for (;;) {
    context.signal.throwIfAborted();
    if (scratch.ended !== undefined) {
      throw new ZkferryError(
        'BackupInvalid',
        `the scratch server on the backup of ${server.name} ended by itself: ${scratch.ended || 'its log names no reason'}`,
        { retryable: true },
      );
    }
    if (scratch.over || Date.now() > deadline) {
      throw new ZkferryError(
        'WaitTimedOut',
        `the scratch server on the backup of ${server.name} never answered`,
        { retryable: true },
      );
    }
    const reply = await askSrvr(runner, server, port, context).catch(() => undefined);
    const parsed = reply === undefined ? undefined : parseSrvr(reply);
    if (parsed?.zxid !== undefined && parsed.znodeCount !== undefined) {
      return { zxid: parsed.zxid, nodes: parsed.znodeCount };
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

async function askSrvr(
  runner: HostRunner,
  server: ResolvedServer,
  port: number,
  context: OperationContext,
): Promise<string> {
  const stream = await forward(
    runner.pool,
    accessOf(server),
    { host: '127.0.0.1', port },
    context.signal,
  );
  return readAll(stream, 'srvr');
}

function readAll(stream: Duplex, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => stream.destroy(new Error('no answer in time')),
      SCRATCH_ANSWER_MS,
    );
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER_BYTES) stream.destroy(new Error('answer too long'));
    });
    stream.on('error', reject);
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
    stream.on('end', () => stream.destroy());
    stream.write(question);
  });
}
