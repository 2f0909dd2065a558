/** A server's snapshots and logs where they lie: listed, and read as a stream. */
import { Transform } from 'node:stream';
import { ZkferryError } from '../../model/errors';
import type { DataDirectory, DataFile, HostDataPort } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { OperationContext } from '../../model/ports';
import { MAX_DATA_FILES, dataFileOf, isDataFileName } from './dataFileName';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { LIST_DATA_MAIN, READ_DATA_MAIN } from './scripts/dataFiles';
import { PROCESS } from './scripts/process';
import { compareZxids, zxidText } from '../../model/zxid';

const LIST_TIMEOUT_MS = 60_000;
const READ_TIMEOUT_MS = 6 * 3_600_000;
const HEARTBEAT_BYTES = 4 * 1024 * 1024;
const PARTS = [PROCESS, ZOO_CFG];

export const dataFileOperations = (
  runner: HostRunner,
): Pick<HostDataPort, 'listDataFiles' | 'readDataFile'> => ({
  async listDataFiles(server, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'list the data',
        parts: PARTS,
        main: LIST_DATA_MAIN,
        values: { max_files: String(MAX_DATA_FILES) },
        timeoutMs: LIST_TIMEOUT_MS,
      },
      context,
    );
    const one = result.get('one') === 'yes';
    const files = [
      ...filesOf(result.get('data_files'), (kind) => (one && kind === 'log' ? 'log' : 'data')),
      ...filesOf(result.get('log_files'), () => 'log'),
    ];
    return {
      dataDir: result.get('data_dir') ?? '',
      dataLogDir: result.get('log_dir') ?? '',
      files: files.sort(byZxid),
    };
  },

  async readDataFile(server, name, { directory, fromOffset = 0, maxBytes }, context) {
    needed(server.directories, server, 'directories.config');
    checkRange(name, directory, fromOffset, maxBytes);
    return new Reading(server, name, context).start(runner, {
      name,
      directory,
      from_offset: String(fromOffset),
      max_bytes: String(maxBytes),
    });
  },
});

function filesOf(text = '', directoryOf: (kind: 'snapshot' | 'log') => DataDirectory): DataFile[] {
  return text.split('\n').flatMap((line) => {
    const [, bytes, seconds, name = ''] = /^(\d{1,15}) (\d{1,12}) (.*)$/.exec(line) ?? [];
    const known = dataFileOf(name);
    if (!known) return [];
    return [
      {
        directory: directoryOf(known.kind),
        name,
        zxid: zxidText(known.zxid),
        bytes: Number(bytes),
        mtimeMs: Number(seconds) * 1000,
      },
    ];
  });
}

function byZxid(left: DataFile, right: DataFile): number {
  return compareZxids(left.zxid, right.zxid) || (left.name < right.name ? -1 : 1);
}

function checkRange(name: string, directory: string, fromOffset: number, maxBytes: number): void {
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (!isDataFileName(name)) {
    throw invalid(`${JSON.stringify(name)}: expected snapshot.<zxid> or log.<zxid>, no path`);
  }
  if (directory !== 'data' && directory !== 'log') {
    throw invalid(`${name} of the directory ${JSON.stringify(directory)}: expected data or log`);
  }
  if (!whole(fromOffset) || !whole(maxBytes)) {
    throw invalid(`${maxBytes} bytes from ${fromOffset} on: expected whole numbers from 0 on`);
  }
}

const invalid = (what: string): ZkferryError =>
  new ZkferryError('InvalidInput', `cannot read ${what}`, { retryable: false });

/** One file on its way: what came is held against what the host said would come. */
class Reading {
  private readonly stopped = new AbortController();
  private readonly stream: Transform;
  private doneBytes = 0;
  private reportedBytes = 0;
  private totalBytes?: number;

  constructor(
    private readonly server: ResolvedServer,
    private readonly name: string,
    private readonly context: OperationContext,
  ) {
    this.stream = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.count(chunk.length);
        done(null, chunk);
      },
      flush: (done) => done(this.cutShort()),
    });
    // Whoever reads sees the error all the same; nobody may have begun to.
    this.stream.on('error', () => undefined);
  }

  /** Resolves once the host has opened the file. */
  start(runner: HostRunner, values: Record<string, string>): Promise<Transform> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.any([this.context.signal, this.stopped.signal]);
      const running = runner.run(
        this.server,
        {
          what: `read ${this.name}`,
          parts: PARTS,
          main: READ_DATA_MAIN,
          values,
          timeoutMs: READ_TIMEOUT_MS,
          stdout: this.stream,
          onProgress: (text) => {
            this.totalBytes = Number(text.replace('sends ', ''));
            resolve(this.stream);
          },
        },
        { signal, heartbeat: () => this.beat() },
      );
      this.stream.once('close', () => this.stopped.abort());
      running.then(
        // What the reader has not taken yet is still on its way.
        () => this.stream.end(),
        (error: Error) => {
          this.stream.destroy(error);
          reject(error);
        },
      );
    });
  }

  private count(bytes: number): void {
    this.doneBytes += bytes;
    if (this.doneBytes - this.reportedBytes >= HEARTBEAT_BYTES) this.beat();
  }

  private beat(): void {
    this.reportedBytes = this.doneBytes;
    const { doneBytes, totalBytes } = this;
    this.context.heartbeat({
      what: `read ${this.name} of ${this.server.name}`,
      doneBytes,
      totalBytes,
    });
  }

  private cutShort(): ZkferryError | null {
    if (this.doneBytes === this.totalBytes) return null;
    return new ZkferryError(
      'RemoteCommandFailed',
      `${this.name} of ${this.server.name} ended after ${this.doneBytes} of ${this.totalBytes} bytes: it was cut short meanwhile, or its disk fails; read it again`,
      { retryable: true },
    );
  }
}
