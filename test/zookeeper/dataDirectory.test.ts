/** A server's own files make the tree that it serves, or it is said why not. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { diffTrees } from '../../src/adapters/diff/diffTrees';
import { ClientSource } from '../../src/adapters/source/clientSource';
import { openFiles } from '../../src/adapters/source/dataDirectory';
import { openSession } from '../../src/adapters/zookeeper/session';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab } from '../../src/lab/lab';
import { Selection } from '../../src/tree/copy/selection';
import type { TreeSource } from '../../src/tree/source';
import { addressesOf, startLab } from './support';

const LAB_MS = 60_000;
const WRITES = 1_500;

describe.each(['3.4.14', '3.9.6'])('the files of a server of %s', (version) => {
  let lab: Lab;
  let directory: string;
  let data: string;
  let copies = 0;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-files-'));
    lab = await startLab({
      name: `files-${version.replaceAll('.', '')}`,
      version,
      servers: 1,
      javaOptions: ['-Dzookeeper.snapCount=400'],
    });
    data = join(hostPaths(lab.members[0]!.directory).data, 'version-2');
    const session = await openSession({ servers: addressesOf(lab) });
    for (let n = 0; n < WRITES; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, m) =>
          m % 5 === 4
            ? session.set(`/n${n + m - 1}`, Buffer.from('again'))
            : session.create(`/n${n + m}`, Buffer.from(`${n}`), { ephemeral: m % 7 === 1 }),
        ),
      );
    await session.close();
  }, LAB_MS);

  afterAll(async () => {
    await lab?.destroy();
    rmSync(directory, { recursive: true, force: true });
  }, LAB_MS);

  const open = (path: string): Promise<TreeSource> => openFiles({ path, spool: directory });

  async function differences(source: TreeSource): Promise<string[]> {
    const servers = addressesOf(lab);
    const live = new ClientSource({ servers, shown: 'live', auth: [], root: '/' });
    const selection = new Selection({ sourceRoot: '/', targetRoot: '/' });
    const found = await diffTrees(source, live, selection, { directory });
    const paths: string[] = [];
    for await (const { path } of found.differences) paths.push(path);
    expect(found.summary.nodes.source).toBeGreaterThan(500);
    await found.close();
    await live.close();
    await source.close();
    return paths;
  }

  const copyOfData = (): string => {
    const copy = join(directory, `copy-${copies++}`, 'version-2');
    cpSync(data, copy, { recursive: true });
    return copy;
  };

  const files = (path: string, kind: string): string[] =>
    readdirSync(path)
      .filter((name) => name.startsWith(`${kind}.`))
      .sort(
        (one, other) =>
          parseInt(one.slice(kind.length + 1), 16) - parseInt(other.slice(kind.length + 1), 16),
      )
      .map((name) => join(path, name));

  it('make the tree it serves, while it runs and after it was killed', async () => {
    expect(await differences(await open(data))).toEqual([]);
    expect(files(data, 'snapshot').length).toBeGreaterThan(1);
    const copy = copyOfData();
    // What a killed server leaves of its last record.
    const log = files(copy, 'log').at(-1)!;
    writeFileSync(log, Buffer.concat([withoutPadding(log), Buffer.alloc(11, 7)]));
    expect(await differences(await open(join(copy, '..')))).toEqual([]);
  });

  it('an older snapshot and more of the logs, where the newest is cut off', async () => {
    const copy = copyOfData();
    truncateSync(files(copy, 'snapshot').at(-1)!, 300);
    expect(await differences(await open(copy))).toEqual([]);
  });

  it('a compressed snapshot', async () => {
    const copy = copyOfData();
    const newest = files(copy, 'snapshot').at(-1)!;
    writeFileSync(`${newest}.gz`, gzipSync(readFileSync(newest)));
    unlinkSync(newest);
    expect(await differences(await open(copy))).toEqual([]);
  });

  it('are refused with a hole, and with damage before sound transactions', async () => {
    const holed = copyOfData();
    for (const snapshot of files(holed, 'snapshot').slice(1)) unlinkSync(snapshot);
    const logs = files(holed, 'log');
    expect(logs.length).toBeGreaterThan(2);
    unlinkSync(logs[1]!);
    await expect(open(holed)).rejects.toThrow(
      /the transactions after 0x[0-9a-f]+ and before 0x[0-9a-f]+ .* are missing/,
    );
    const damaged = copyOfData();
    for (const snapshot of files(damaged, 'snapshot').slice(1)) unlinkSync(snapshot);
    const log = files(damaged, 'log')[1]!;
    const bytes = readFileSync(log);
    bytes[Math.floor(withoutPadding(log).length / 2)]! ^= 0x55;
    writeFileSync(log, bytes);
    await expect(open(damaged)).rejects.toThrow(/is damaged at offset \d+/);
    const nothing = join(directory, 'nothing');
    await expect(open(nothing)).rejects.toThrow(/nothing cannot be read \(ENOENT\)/);
    await expect(open(tmpdir())).rejects.toThrow(/holds neither snapshot/);
  });
});

function withoutPadding(file: string): Buffer {
  const bytes = readFileSync(file);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}
