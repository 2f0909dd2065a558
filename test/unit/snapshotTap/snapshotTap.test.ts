/** What a tap of whole trees tells, and when it tries again. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openSnapshotTap,
  type TakenTree,
  type TakeTree,
} from '../../../src/adapters/snapshotTap/snapshotTap';
import type { Tap } from '../../../src/adapters/tap';
import { ZkferryError } from '../../../src/model/errors';
import { until } from '../../support/until';

let directory: string;
const taps: Tap[] = [];
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-snapshot-tap-'))));
afterEach(async () => {
  await Promise.all(taps.splice(0).map((tap) => tap.close()));
  rmSync(directory, { recursive: true });
});

const server = { host: 'zk1', clientPort: 2181 };
const tree = (zxid: bigint, more: Partial<TakenTree> = {}): TakenTree => ({
  ...{ file: join(directory, `tree-${zxid}`), bytes: 1, zxid, server, ...more },
});
const open = (take: TakeTree, from?: bigint, giveUpAfterMs = 60_000): Tap => {
  const tap = openSnapshotTap({
    ...{ take, directory, retryMs: 1, giveUpAfterMs },
    ...(from !== undefined && { from }),
  });
  taps.push(tap);
  return tap;
};
const told = async (zxid: bigint, from?: bigint, more: Partial<TakenTree> = {}) => {
  const tap = open(() => Promise.resolve(tree(zxid, more)), from);
  const events = await tap.take();
  return events.map(({ kind, ...rest }) => [kind, 'unseen' in rest ? rest.unseen : undefined]);
};

test('a first tree is told with nothing unseen, a later one with all since the one before', async () => {
  expect(await told(7n)).toEqual([
    ['snapshot', undefined],
    ['attached', undefined],
  ]);
  expect(await told(7n, 7n)).toEqual([
    ['snapshot', undefined],
    ['attached', undefined],
  ]);
  expect(await told(9n, 7n)).toEqual([
    ['snapshot', { after: 7n, upTo: 9n }],
    ['attached', undefined],
  ]);
});

test('an older tree is told as the beginning of another history', async () => {
  const [reset] = await open(() => Promise.resolve(tree(5n)), 7n).take();
  expect(reset).toMatchObject({ kind: 'reset', after: 7n, leaderZxid: 5n });
  expect((await told(5n, 7n)).map(([kind]) => kind)).toEqual(['reset', 'snapshot', 'attached']);
});

test('between which zxids it was read goes with it', async () => {
  const [snapshot] = await open(() => Promise.resolve(tree(9n, { readFrom: 8n }))).take();
  expect(snapshot).toMatchObject({ kind: 'snapshot', zxid: 9n, readFrom: 8n });
});

const away = () => new ZkferryError('ZooKeeperUnavailable', 'nobody there', { retryable: true });

test('what can pass is tried again, and told meanwhile', async () => {
  let serves = false;
  const tap = open(() => (serves ? Promise.resolve(tree(7n)) : Promise.reject(away())));
  await until('the trouble', () => tap.trouble, 5_000, 1);
  expect(tap.trouble).toBe('nobody there');
  serves = true;
  expect(await tap.take()).toHaveLength(2);
  expect(tap.trouble).toBeUndefined();
});

test('it ends with what stands against it: at once where that does not pass, else after a while', async () => {
  const denied = new ZkferryError('ZooKeeperAuthFailed', 'not you');
  await expect(open(() => Promise.reject(denied)).take()).rejects.toBe(denied);
  await expect(open(() => Promise.reject(away()), undefined, 20).take()).rejects.toMatchObject({
    ...{ type: 'ZooKeeperUnavailable', retryable: true },
    message: expect.stringMatching(/^no base for \d+ s: nobody there$/) as string,
  });
});

test('a tree that comes when nobody wants it any more leaves no file', async () => {
  let give!: (tree: TakenTree) => void;
  const tap = open(() => new Promise((resolve) => (give = resolve)));
  const closed = tap.close();
  const late = tree(7n);
  writeFileSync(late.file, 'x');
  give(late);
  await closed;
  expect(await tap.take()).toEqual([]);
  expect(existsSync(late.file)).toBe(false);
});
