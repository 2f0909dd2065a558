/** A real ZooKeeper server on this machine, alone, on a copy of a data directory: the proof that it can be started on. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseSrvr, type SrvrReply } from '../../codec/fourLetterWord';
import { ZkferryError } from '../../model/errors';
import { serverHeapBytes } from '../../tree/restore/heap';
import { askWord, type ServerAddress } from '../zookeeper/fourLetterClient';
import { BoundProcess } from './boundProcess';
import { freePort } from './freePort';
import {
  javaOf,
  LOG4J_PROPERTIES,
  LOGBACK_XML,
  scratchZooCfg,
  serverArguments,
} from './serverCommand';

const HOST = '127.0.0.1';
const DEFAULT_DEADLINE_MS = 120_000;
const DEFAULT_MAX_HEAP_BYTES = 8 * 2 ** 30;
const ASK_TIMEOUT_MS = 1_000;
const ASK_AGAIN_AFTER_MS = 50;
/** Somebody else may take the port between the look and the start. */
const PORT_TRIES = 3;

export interface ScratchOptions {
  /** A data directory: the one with `version-2` in it. It is only read. */
  dataDirectory: string;
  /** True: it is nobody else's, and the server runs on it itself; it stays when the server is gone. */
  isDisposable?: boolean;
  /** Of an unpacked release. */
  releaseDirectory: string;
  /** By default `JAVA_HOME`, or the java on PATH. */
  javaHome?: string;
  /** Where the copy, the configuration and what the server prints are kept meanwhile; made where missing. */
  directory: string;
  /** Nodes of the tree, for the heap; told by the size of the files where it is not known. */
  nodes?: number;
  /** More is refused. Default 8 GiB. */
  maxHeapBytes?: number;
  /** From the start of the process to its first answer; default two minutes. */
  deadlineMs?: number;
  /** By default a free one. */
  port?: number;
  signal?: AbortSignal;
}

export interface ScratchServer {
  address: ServerAddress;
  /** May read and administer every node. */
  auth: { scheme: string; credential: string }[];
  /** `0x…`, as `srvr` says it once it serves. */
  zxid: string;
  nodes: number;
  version: string;
  /** Kills it, as with kill -9, and removes what was made for it. */
  close(): Promise<void>;
}

/**
 * Resolves once it serves. It listens on loopback only, ends with this process, and ends no session by itself.
 *
 * @throws ZkferryError ArtifactMissing (no release, no Java), NoDiskSpace, Refused (too much memory, no port),
 *   BackupInvalid (the server does not start on the data, with its last words), WaitTimedOut
 */
export async function startScratchServer(options: ScratchOptions): Promise<ScratchServer> {
  const { directory, signal } = options;
  const bytes = await dataBytes(options.dataDirectory);
  const heapBytes = heapFor(bytes, options);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(directory, 'scratch-'));
  const remove = () => rm(work, { recursive: true, force: true });
  try {
    const data = options.isDisposable
      ? options.dataDirectory
      : await copyData(options.dataDirectory, join(work, 'data'), signal);
    for (let tries = 1; ; tries += 1) {
      const started = await attempt(work, data, heapBytes, options);
      if (typeof started !== 'string') {
        const { process, ...server } = started;
        return {
          ...server,
          close: async () => {
            await process.kill();
            await remove();
          },
        };
      }
      if (!isPortTaken(started) || tries === PORT_TRIES || options.port !== undefined)
        throw didNotStart(options, started);
    }
  } catch (error) {
    await remove();
    throw error;
  }
}

type Started = Omit<ScratchServer, 'close'> & { process: BoundProcess };

/** The server, or its last words. */
async function attempt(
  work: string,
  data: string,
  heapBytes: number,
  { releaseDirectory, javaHome, port = undefined, deadlineMs, signal }: ScratchOptions,
): Promise<Started | string> {
  const address = { host: HOST, clientPort: port ?? (await freePort(HOST)) };
  const credential = `super:${randomBytes(12).toString('hex')}`;
  await writeFile(join(work, 'zoo.cfg'), scratchZooCfg(data, HOST, address.clientPort));
  await writeFile(join(work, 'logback.xml'), LOGBACK_XML);
  await writeFile(join(work, 'log4j.properties'), LOG4J_PROPERTIES);
  const args = await serverArguments(releaseDirectory, work, { heapBytes, credential });
  const process = new BoundProcess(javaOf(javaHome), args, join(work, 'server.out'));
  try {
    const serving = await untilServing(process, address, deadlineMs ?? DEFAULT_DEADLINE_MS, signal);
    if (serving === undefined) return await process.lastWords();
    const { zxid = '0x0', znodeCount: nodes = 0, version = '' } = serving;
    return { address, auth: [{ scheme: 'digest', credential }], zxid, nodes, version, process };
  } catch (error) {
    await process.kill();
    throw error;
  }
}

/** undefined: it has ended. */
async function untilServing(
  process: BoundProcess,
  address: ServerAddress,
  deadlineMs: number,
  signal: AbortSignal | undefined,
): Promise<SrvrReply | undefined> {
  const deadline = performance.now() + deadlineMs;
  while (process.isRunning) {
    signal?.throwIfAborted();
    const answer = await askWord(address, 'srvr', {
      timeoutMs: ASK_TIMEOUT_MS,
      ...(signal && { signal }),
    });
    const reply = answer.kind === 'reply' ? parseSrvr(answer.text) : {};
    // Whoever else took the port meanwhile: then ours ends.
    if (reply.role === 'standalone' && process.isRunning) return reply;
    if (performance.now() > deadline)
      throw new ZkferryError(
        'WaitTimedOut',
        `the scratch server did not serve within ${deadlineMs / 1_000} s; its last words: ${(await process.lastWords()) || 'none'}`,
        { retryable: true },
      );
    await delay(ASK_AGAIN_AFTER_MS);
  }
  return undefined;
}

const isPortTaken = (said: string): boolean => /BindException|Address already in use/.test(said);

function didNotStart(
  { releaseDirectory, dataDirectory }: ScratchOptions,
  said: string,
): ZkferryError {
  if (/(java: not found|java: No such file)/.test(said))
    return new ZkferryError(
      'ArtifactMissing',
      `no Java to start a scratch server with (${said}): set JAVA_HOME or install one`,
    );
  if (isPortTaken(said))
    return new ZkferryError(
      'Refused',
      `the port of the scratch server is taken (${said}): free it, or try again`,
    );
  return new ZkferryError(
    'BackupInvalid',
    `a server of ${releaseDirectory} does not start on ${dataDirectory}; its last words: ${said || 'none'}`,
  );
}

function heapFor(
  bytes: number,
  { nodes, maxHeapBytes = DEFAULT_MAX_HEAP_BYTES }: ScratchOptions,
): number {
  const wanted = serverHeapBytes(bytes, nodes);
  const most = Math.min(maxHeapBytes, freemem());
  if (wanted <= most) return wanted;
  throw new ZkferryError(
    'Refused',
    `a scratch server for these files needs a heap of ${Math.ceil(wanted / 2 ** 20)} MiB, and may take ${Math.floor(most / 2 ** 20)} MiB here: prove the backup on a larger machine`,
  );
}

const innerOf = (dataDirectory: string): string => join(dataDirectory, 'version-2');

async function dataBytes(dataDirectory: string): Promise<number> {
  const inner = innerOf(dataDirectory);
  const names = await readdir(inner).catch((error: NodeJS.ErrnoException) => {
    throw new ZkferryError('BackupInvalid', `${inner} cannot be listed (${error.code})`);
  });
  const files = names.filter((name) => /^(snapshot|log)\./.test(name));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(inner, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** No links: a server writes its first snapshot over the one of the same name. */
async function copyData(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  await mkdir(innerOf(to), { recursive: true, mode: 0o700 });
  for (const name of await readdir(innerOf(from))) {
    signal?.throwIfAborted();
    try {
      await copyFile(
        join(innerOf(from), name),
        join(innerOf(to), name),
        constants.COPYFILE_FICLONE,
      );
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
      throw new ZkferryError('NoDiskSpace', `no room for a copy of ${from} (${message})`);
    }
  }
  return to;
}
