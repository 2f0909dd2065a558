import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ResolvedServer } from '../../src/model/inventory';
import { context, processIsAlive, rejection, startTestHost, until, type TestHost } from './sshd';

const MIB = 1024 * 1024;
let host: TestHost;
beforeAll(async () => void (host = await startTestHost('127.71.21.1')));
afterAll(() => host.close());

interface Files {
  server: ResolvedServer;
  data: string;
  log: string;
}

/** Data directories that only zoo.cfg names. */
function serverWith(name: string, options: { apart: boolean }): Files {
  const server = host.server(name);
  const home = join(host.directory, name);
  const [dataDir, logDir] = [join(home, 'data'), join(home, options.apart ? 'log' : 'data')];
  for (const dir of [dataDir, logDir]) mkdirSync(join(dir, 'version-2'), { recursive: true });
  const { config, state, backup } = server.directories!;
  const lines = [`dataDir=${dataDir}`, ...(options.apart ? [`dataLogDir=${logDir}`] : [])];
  writeFileSync(join(config, 'zoo.cfg'), `${lines.join('\n')}\n`);
  return {
    server: { ...server, directories: { config, state, backup } },
    data: join(dataDir, 'version-2'),
    log: join(logDir, 'version-2'),
  };
}

const read = (
  { server }: Files,
  name: string,
  range: { directory?: 'data' | 'log'; fromOffset?: number; maxBytes?: number } = {},
  where = context(),
): Promise<Readable> =>
  host.adapter.readDataFile(
    server,
    name,
    { directory: 'log', maxBytes: Number.MAX_SAFE_INTEGER, ...range },
    where,
  );

async function contentOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The remote process that sends that many bytes. */
async function sender(bytes: number): Promise<number> {
  await until('the host sends', () => findSender(bytes) !== undefined);
  return findSender(bytes)!;
}

function findSender(bytes: number): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `head\0-c\0${bytes}\0`;
      } catch {
        return false;
      }
    });
}

describe('listing', () => {
  test('says every snapshot and log by zxid, where zoo.cfg says they are, and nothing else', async () => {
    const files = serverWith('apart', { apart: true });
    writeFileSync(join(files.data, 'snapshot.0'), 'x');
    writeFileSync(join(files.data, 'snapshot.1f00000a2.gz'), '12345');
    writeFileSync(join(files.data, 'log.7'), 'before dataLogDir was set');
    writeFileSync(join(files.log, 'log.100000001'), '123');
    utimesSync(join(files.log, 'log.100000001'), 1_700_000_000, 1_700_000_000);
    for (const name of ['acceptedEpoch', 'log.xyz', 'snapshot.1.tmp', 'log.1 2', 'log.5\nlog.6']) {
      writeFileSync(join(files.log, name), 'x');
    }
    mkdirSync(join(files.log, 'log.8'));
    symlinkSync('/etc/passwd', join(files.log, 'log.9'));
    const listed = await host.adapter.listDataFiles(files.server, context());
    expect(listed.dataDir).toBe(join(host.directory, 'apart', 'data'));
    expect(listed.dataLogDir).toBe(join(host.directory, 'apart', 'log'));
    expect(listed.files.map(({ directory, name, bytes }) => [directory, name, bytes])).toEqual([
      ['data', 'snapshot.0', 1],
      ['data', 'log.7', 25],
      ['log', 'log.100000001', 3],
      ['data', 'snapshot.1f00000a2.gz', 5],
    ]);
    expect(listed.files[3]?.zxid).toBe('0x1f00000a2');
    expect(listed.files[2]?.mtimeMs).toBe(1_700_000_000_000);
  });

  test('of one directory for both says logs in log, snapshots in data', async () => {
    const files = serverWith('one', { apart: false });
    for (const name of ['snapshot.a', 'log.b']) writeFileSync(join(files.data, name), name);
    const listed = await host.adapter.listDataFiles(files.server, context());
    expect(listed.files).toMatchObject([
      { directory: 'data', name: 'snapshot.a' },
      { directory: 'log', name: 'log.b' },
    ]);
    expect((await contentOf(await read(files, 'log.b'))).toString()).toBe('log.b');
  });

  test('of a server that never ran is empty; a directory that is not there, or relative, is said', async () => {
    const server = host.server('fresh');
    expect((await host.adapter.listDataFiles(server, context())).files).toEqual([]);
    const { config, state, backup } = server.directories!;
    const vague = { ...server, directories: { config, state, backup } };
    const listing = (zooCfg: string) => {
      writeFileSync(join(config, 'zoo.cfg'), zooCfg);
      return rejection(host.adapter.listDataFiles(vague, context()));
    };
    expect(await listing('dataDir=/no/such\n')).toMatchObject({ type: 'RemoteCommandFailed' });
    expect(await listing('dataDir=data\n')).toMatchObject({ type: 'Unsupported' });
    const error = await listing('tickTime=2000\n');
    expect(error).toMatchObject({ type: 'RemoteCommandFailed', retryable: false });
    expect(error.message).toContain('names no dataDir');
  });

  test('refuses more than 10,000 files', async () => {
    const files = serverWith('many', { apart: true });
    for (let index = 0; index < 10_000; index += 1) {
      writeFileSync(join(files.log, `log.${index.toString(16)}`), '');
    }
    expect((await host.adapter.listDataFiles(files.server, context())).files).toHaveLength(10_000);
    writeFileSync(join(files.data, 'snapshot.1'), '');
    const error = await rejection(host.adapter.listDataFiles(files.server, context()));
    expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
    expect(error.message).toContain('10001 files');
  });
});

describe('reading', () => {
  test('gives the bytes from an offset on, no more than asked for, and heartbeats with how many', async () => {
    const files = serverWith('ranges', { apart: true });
    const content = randomBytes(9 * MIB + 17);
    writeFileSync(join(files.log, 'log.1'), content);
    const where = context();
    expect((await contentOf(await read(files, 'log.1', {}, where))).equals(content)).toBe(true);
    expect(where.beats).toContainEqual(
      expect.objectContaining({ totalBytes: content.length, doneBytes: expect.any(Number) }),
    );
    const part = await contentOf(await read(files, 'log.1', { fromOffset: 5 * MIB, maxBytes: 7 }));
    expect(part).toEqual(content.subarray(5 * MIB, 5 * MIB + 7));
    const end = await contentOf(await read(files, 'log.1', { fromOffset: content.length }));
    expect(end).toHaveLength(0);
    const error = await rejection(read(files, 'log.1', { fromOffset: content.length + 1 }));
    expect(error).toMatchObject({ type: 'InvalidInput', retryable: false });
  });

  test.each([
    '../zoo.cfg',
    'log.1/../../x',
    '/etc/passwd',
    'log.',
    'log.1\nx',
    'log.1 ',
    'myid',
    '',
  ])('refuses the name %j', async (name) => {
    const files = serverWith('names', { apart: true });
    writeFileSync(join(files.log, 'log.1'), 'x');
    expect(await rejection(read(files, name))).toMatchObject({
      type: 'InvalidInput',
      retryable: false,
    });
  });

  test('refuses sizes that are none, a link, and what is not there', async () => {
    const files = serverWith('refusals', { apart: true });
    symlinkSync('/etc/passwd', join(files.log, 'log.9'));
    expect(await rejection(read(files, 'log.9'))).toMatchObject({ type: 'RemoteCommandFailed' });
    expect(await rejection(read(files, 'log.a'))).toMatchObject({ type: 'ObjectMissing' });
    for (const range of [{ fromOffset: -1 }, { maxBytes: 0.5 }, { maxBytes: NaN }]) {
      expect(await rejection(read(files, 'log.9', range))).toMatchObject({ type: 'InvalidInput' });
    }
  });

  test('a reader that takes nothing holds the host back; the whole then comes in bounded memory', async () => {
    const files = serverWith('slow', { apart: true });
    const path = join(files.log, 'log.1');
    const bytes = 200 * MIB;
    const hash = createHash('sha256');
    for (let done = 0; done < bytes; done += 20 * MIB) {
      const chunk = randomBytes(20 * MIB);
      hash.update(chunk);
      appendFileSync(path, chunk);
    }
    const stream = await read(files, 'log.1');
    // What it grows by meanwhile is not part of the answer.
    appendFileSync(path, 'later');
    const pid = await sender(bytes);
    const written = (): number =>
      Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))![1]);
    let seen = -1;
    let same = 0;
    await until('the host waits', () => {
      const now = written();
      same = now === seen && now > 0 ? same + 1 : 0;
      seen = now;
      return same === 20;
    });
    expect(seen).toBeLessThan(32 * MIB);

    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    let received = 0;
    const seenHash = createHash('sha256');
    for await (const chunk of stream) {
      received += (chunk as Buffer).length;
      seenHash.update(chunk as Buffer);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(received).toBe(bytes);
    expect(seenHash.digest('hex')).toBe(hash.digest('hex'));
    expect(most).toBeLessThan(80 * MIB);
  }, 60_000);

  /** A file larger than everything between here and there holds, of a size that only this test reads. */
  function large(name: string, bytes: number): Files {
    const files = serverWith(name, { apart: true });
    writeFileSync(join(files.log, 'log.1'), '');
    truncateSync(join(files.log, 'log.1'), bytes);
    return files;
  }

  test('taken only after the host has sent everything, it is whole, whatever its size', async () => {
    for (const bytes of [17_001, 20_103, 24_601, 33_007, 41_009, 65_552]) {
      const files = large(`late-${bytes}`, bytes);
      const stream = await read(files, 'log.1');
      await until('the host is done', () => findSender(bytes) === undefined);
      // Its connection has been through the end of that program, too.
      await host.adapter.listDataFiles(files.server, context());
      expect(await contentOf(stream)).toHaveLength(bytes);
    }
  });

  test('killed on the host it ends with an error, and can be read again', async () => {
    const bytes = 40 * MIB + 1;
    const files = large('killed', bytes);
    const stream = await read(files, 'log.1');
    process.kill(await sender(bytes), 'SIGKILL');
    expect(await rejection(contentOf(stream))).toMatchObject({ retryable: true });
    expect(await contentOf(await read(files, 'log.1'))).toHaveLength(bytes);
  });

  test('of a file that is cut short meanwhile it ends with an error', async () => {
    const files = large('cut', 40 * MIB + 2);
    const stream = await read(files, 'log.1');
    truncateSync(join(files.log, 'log.1'), 39 * MIB);
    const error = await rejection(contentOf(stream));
    expect(error).toMatchObject({ type: 'RemoteCommandFailed', retryable: true });
    expect(error.message).toContain(`of ${40 * MIB + 2} bytes`);
  });

  test.each(['aborted', 'destroyed'])('%s, nothing goes on on the host', async (how) => {
    const bytes = 40 * MIB + how.length;
    const files = large(how, bytes);
    const abort = new AbortController();
    const stream = await read(files, 'log.1', {}, context(abort.signal));
    const pid = await sender(bytes);
    if (how === 'aborted') {
      abort.abort(new Error('cancelled'));
      await expect(contentOf(stream)).rejects.toThrow('cancelled');
    } else {
      stream.destroy();
    }
    await until('the sender is gone', () => !processIsAlive(pid));
    expect((await host.adapter.listDataFiles(files.server, context())).files).toHaveLength(1);
  });
});
