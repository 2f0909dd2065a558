/** Logs without a snapshot: whether they hold all there ever was. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles } from '../../../src/adapters/source/dataDirectory';
import { SnapshotWriter } from '../../../src/codec/snapshot';
import { encodeTxn } from '../../../src/codec/txn';
import { encodeLogHeader, encodeLogRecord } from '../../../src/codec/txnLog';
import { NO_STAT } from '../../../src/tree/dataTree';
import { create, txn } from '../tree/transactions';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-files-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const spool = () => join(directory, 'spool');
const open = (path = directory) => openFiles({ path, spool: spool() });

/** A log named for `named`, with creates of `/n0`, `/n1`, … from `first` on. */
function log(first: bigint, { named = first, count = 2 } = {}): void {
  const records = Array.from({ length: count }, (_, n) =>
    encodeLogRecord(encodeTxn(txn(first + BigInt(n), create(`/n${n}`, n + 1)))),
  );
  const file = join(directory, `log.${named.toString(16)}`);
  writeFileSync(file, Buffer.concat([encodeLogHeader(), ...records]));
}

async function paths(): Promise<string[]> {
  const source = await open();
  const found: string[] = [];
  for await (const nodes of source.nodes()) found.push(...nodes.map(({ path }) => path));
  await source.close();
  return found.filter((path) => path.startsWith('/n'));
}

test.each([
  ['a standalone server', 0x1n],
  ['an ensemble', 0x1_0000_0001n],
])('from the very first transaction of %s on they make its tree', async (_, first) => {
  log(first);
  expect(await paths()).toEqual(['/n0', '/n1']);
});

test.each([
  ['another epoch', 0x2_0000_0001n, {}],
  ['the middle of the first epoch', 0x1_0000_0002n, {}],
  ['another transaction than their name says', 0x2_0000_0001n, { named: 0x1n }],
  ['another epoch, and hold nothing yet', 0x2_0000_0001n, { count: 0 }],
])('where they begin with %s it is said what is missing', async (_, first, more) => {
  log(first, more);
  await expect(open()).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringMatching(
      new RegExp(
        `${directory} holds no snapshot, and its logs begin at 0x${first.toString(16)} .*is missing.*--source-log-dir`,
      ),
    ),
  });
  mkdirSync(spool(), { recursive: true });
  expect(readdirSync(spool())).toEqual([]);
});

test('after a snapshot, be it the first and empty one, a later epoch goes on', async () => {
  const writer = new SnapshotWriter();
  const nodes = ['/', '/zookeeper', '/zookeeper/quota'].map((path) => ({
    ...{ path, data: null, aclId: -1n, stat: NO_STAT },
  }));
  writeFileSync(
    join(directory, 'snapshot.0'),
    Buffer.concat([
      writer.head({ sessions: [], acls: new Map() }),
      writer.nodes(nodes),
      writer.end(),
    ]),
  );
  log(0x2_0000_0001n);
  expect(await paths()).toEqual(['/n0', '/n1']);
});
