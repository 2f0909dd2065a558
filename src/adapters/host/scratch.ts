/** A standalone server on a copy of data, on the host's own loopback, for as long as it is looked at. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { parseSrvr } from '../../codec/fourLetterWord';
import { ZkferryError } from '../../model/errors';
import type { ScratchServer } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { FenceToken, OperationContext } from '../../model/ports';
import { forward } from '../ssh/forward';
import { abortReason } from '../ssh/semaphore';
import { accessOf, type HostRunner } from './runner';
import { JAVA } from './scripts/observe';
import { PROCESS } from './scripts/process';
import { CLASS_PATH, SCRATCH_MEMORY, VERIFY_MAIN } from './scripts/proof';

const VERIFY_TIMEOUT_MS = 2 * 3_600_000;
/** What removing the server and its files may take after an abort, before all of it is killed. */
const LEAVE_TIMEOUT_MS = 20_000;
const SCRATCH_ANSWER_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Below the range Linux gives to outgoing connections (32768 …). */
const SCRATCH_PORTS = { from: 21_000, to: 32_000 };

export interface ScratchAnswer {
  zxid: string;
  nodes: number;
}

export interface ScratchCopy {
  /** A finished backup below the host's backup directory. */
  directory: string;
  /** False: it goes with the scratch server. */
  keep: boolean;
}

interface Scratch {
  port: number;
  /** Why the server ended although nobody had asked for it. */
  ended?: string;
  over: boolean;
  onEnded?(): void;
}

/**
 * Starts the server, lets `inspect` look while it serves, removes it. BackupInvalid, also where it loaded less than
 * the newest snapshot of the copy, which is found out before `inspect`.
 */
export async function whileServing<T>(
  runner: HostRunner,
  server: ResolvedServer,
  copy: ScratchCopy,
  inspect: (scratch: ScratchServer) => Promise<T>,
  token: FenceToken,
  context: OperationContext,
): Promise<ScratchAnswer & { inspected: T }> {
  const scratch: Scratch = { port: randomInt(SCRATCH_PORTS.from, SCRATCH_PORTS.to), over: false };
  const credential = `super:${randomBytes(24).toString('base64url')}`;
  const lifeline = new PassThrough();
  const leaving = leaveOnAbort(context.signal, lifeline);
  let newestSnapshot: string | undefined;
  const running = runner
    .run(
      server,
      {
        what: 'prove the backup',
        parts: [PROCESS, JAVA, CLASS_PATH, SCRATCH_MEMORY],
        main: VERIFY_MAIN,
        values: {
          directory: copy.directory,
          keep: copy.keep ? 'yes' : 'no',
          port: String(scratch.port),
          super_digest: digestOf(credential),
        },
        token,
        timeoutMs: VERIFY_TIMEOUT_MS,
        stdin: lifeline,
        onProgress: (text) => {
          if (text.startsWith('scratch-ended')) {
            scratch.ended = text.slice(14).trim();
            scratch.onEnded?.();
          } else if (text.startsWith('scratch-snapshot ')) newestSnapshot = text.slice(17).trim();
          else context.heartbeat({ what: `prove the backup of ${server.name}`, progress: text });
        },
      },
      { signal: leaving.kill, heartbeat: (detail) => context.heartbeat(detail) },
    )
    .finally(() => (scratch.over = true));
  const asked = askUntilServing(runner, server, scratch, context);
  let seen: ScratchAnswer & { inspected: T };
  try {
    const answer = await Promise.race([asked, running.then(() => asked)]);
    refuseOlderThanSnapshot(server, answer, newestSnapshot);
    const openStream = (signal?: AbortSignal): Promise<Duplex> =>
      openTo(
        runner,
        server,
        scratch.port,
        AbortSignal.any([context.signal, ...(signal ? [signal] : [])]),
      );
    const inspecting = inspect({ ...answer, auth: { scheme: 'digest', credential }, openStream });
    seen = {
      ...answer,
      inspected: await unlessItEnds(server, inspecting, [running, leaving.aborted], scratch),
    };
  } finally {
    if (!lifeline.writableEnded) lifeline.end('done\n');
    await asked.catch(() => undefined);
    await running.catch(() => undefined);
    leaving.done();
  }
  await running;
  return seen;
}

/** An abort asks the program on the host to clean up, and kills it only where that takes too long. */
function leaveOnAbort(
  signal: AbortSignal,
  lifeline: PassThrough,
): { kill: AbortSignal; aborted: Promise<never>; done(): void } {
  signal.throwIfAborted();
  const kill = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      if (!lifeline.writableEnded) lifeline.end('done\n');
      timer = setTimeout(() => kill.abort(abortReason(signal)), LEAVE_TIMEOUT_MS);
      reject(abortReason(signal));
    };
  });
  aborted.catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  const done = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
  return { kill: kill.signal, aborted, done };
}

/** What `inspecting` gives, as long as there is something to look at; otherwise why there is not. */
async function unlessItEnds<T>(
  server: ResolvedServer,
  inspecting: Promise<T>,
  over: Promise<unknown>[],
  scratch: Scratch,
): Promise<T> {
  const ended = new Promise<never>((_resolve, reject) => {
    scratch.onEnded = () => reject(endedByItself(server, scratch.ended ?? ''));
    if (scratch.ended !== undefined) scratch.onEnded();
  });
  inspecting.catch(() => undefined);
  try {
    return await Promise.race([inspecting, ended, Promise.race(over).then(() => inspecting)]);
  } catch (error) {
    // A look that fails since the server is gone says less than why it is.
    throw scratch.ended === undefined ? error : endedByItself(server, scratch.ended);
  }
}

/** As ZooKeeper's `superDigest` wants it. */
const digestOf = (credential: string): string =>
  `super:${createHash('sha1').update(credential).digest('base64')}`;

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
  scratch: Scratch,
  context: OperationContext,
): Promise<ScratchAnswer> {
  const deadline = Date.now() + VERIFY_TIMEOUT_MS;
  for (;;) {
    context.signal.throwIfAborted();
    if (scratch.ended !== undefined) throw endedByItself(server, scratch.ended);
    if (scratch.over || Date.now() > deadline) {
      throw new ZkferryError(
        'WaitTimedOut',
        `the scratch server on the backup of ${server.name} never answered`,
        { retryable: true },
      );
    }
    const reply = await askSrvr(runner, server, scratch.port, context).catch(() => undefined);
    const parsed = reply === undefined ? undefined : parseSrvr(reply);
    if (parsed?.zxid !== undefined && parsed.znodeCount !== undefined) {
      return { zxid: parsed.zxid, nodes: parsed.znodeCount };
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

const endedByItself = (server: ResolvedServer, reason: string): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the scratch server on the backup of ${server.name} ended by itself: ${reason || 'its log names no reason'}`,
    { retryable: true },
  );

const openTo = (
  runner: HostRunner,
  server: ResolvedServer,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> => forward(runner.pool, accessOf(server), { host: '127.0.0.1', port }, signal);

async function askSrvr(
  runner: HostRunner,
  server: ResolvedServer,
  port: number,
  context: OperationContext,
): Promise<string> {
  return readAll(await openTo(runner, server, port, context.signal), 'srvr');
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
