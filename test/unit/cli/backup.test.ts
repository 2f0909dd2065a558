/** What `zkferry backup` refuses before it touches anything. */
import { ran } from './testIo';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const NOWHERE = '/nowhere/backups';

test.each([
  [['init', NOWHERE], /who may read it must be said/],
  [
    ['init', NOWHERE, '--recipient', RECIPIENT, '--encryption', 'none'],
    /--recipient and --encryption none contradict each other: expected one of the two; got/,
  ],
  [['init', NOWHERE, '--encryption', 'some'], /--encryption: expected none; got some/],
  [['init', 'backups', '--encryption', 'none'], /the inventory says how backups is encrypted/],
  [['init', 's3://bucket/../x', '--encryption', 'none'], /neither "\." nor "\.\."/],
  [['show', NOWHERE, 'orders'], /required option '--at/],
  [['show', NOWHERE, 'orders', '--at', 'latest', '--below'], /--below: only with --history/],
  [['show', NOWHERE, 'orders', '--at', 'latest', '--children'], /--children: only with --history/],
  [['show', NOWHERE, '../orders', '--at', 'latest'], /expected the name of an ensemble/],
  [['show', NOWHERE, 'orders/app/', '--at', 'latest'], /without a slash at its end/],
  [['extract', NOWHERE, 'orders', '--at', 'latest'], /required option '--to/],
  [['extract', NOWHERE, 'orders/app', '--at', 'latest', '--to', '/x'], /holds the whole tree/],
  [
    ['extract', NOWHERE, 'orders', '--at', 'latest', '--to', '/x', '--exact', '--above', '0x1'],
    /--exact keeps sessions and zxids/,
  ],
  [
    ['extract', NOWHERE, 'orders', '--at', 'latest', '--to', '/x', '--exact', '--keep-sessions'],
    /--exact keeps sessions and zxids/,
  ],
  ...['3.12.0', '9.9.9', '3.9', 'newest'].map((version): [string[], RegExp] => [
    ['extract', NOWHERE, 'orders', '--at', 'latest', '--to', '/x', '--for-version', version],
    /--for-version: expected a version such as 3.9.6, of one of the release lines 3.4, .*, 3.9; got "/,
  ]),
  [
    ['restore', NOWHERE, 'orders/a', 'a:1/a', '--at', 'latest', '--target-read-by', 'foo'],
    /--target-read-by <way>' argument 'foo' is invalid. Allowed choices are tap, client/,
  ],
  [['restore', NOWHERE, 'orders/zookeeper', 'a:1/x', '--at', 'latest'], /ENSEMBLE: \/zookeeper/],
  [['restore', NOWHERE, 'orders/a', 'a:1/zkferry', '--at', 'latest'], /TARGET: \/zkferry/],
  [['restore', NOWHERE, 'orders/a', 'a:1/a', '--at', 'latest', '--conflict', 'ask'], /choices/],
  [['create', NOWHERE, 'a:1', '--source', 'admin'], /"adminServer"\) come from the inventory/],
  [['create', NOWHERE, 'a:1', '--source', 'files'], /"ssh"\) comes from the inventory/],
  [['create', NOWHERE, 'a:1', '--source', 'nothing'], /Allowed choices are stream, files/],
  [['create', NOWHERE, 'a:1', '--source', 'logical', '--follow'], /whole bases only/],
  [['create', NOWHERE, 'a:1', '--source-auth', 'env:A'], /only with --source logical/],
  [['create', NOWHERE, 'a:1', '--source', 'logical', '--quorum-port', '1'], /--source stream only/],
  [['create', NOWHERE, 'a:1', '--base-rate', '1KiB'], /from 64KiB/],
  [['create', NOWHERE, 'a:1'], /--name: expected what the ensemble is to be called/],
])('backup %j: exit 2 and what is accepted', async (words, message) => {
  const { code, err } = await ran(['backup', ...words]);
  expect(err).toMatch(message);
  expect(code).toBe(2);
});

test('a moment without a zone is refused with what is accepted', async () => {
  const { code, err } = await ran(['backup', 'show', NOWHERE, 'o', '--at', '2026-01-02T03:04:05']);
  expect(err).toMatch(/has no time zone/);
  expect(code).not.toBe(0);
});
