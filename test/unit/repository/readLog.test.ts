/** Transactions come out of log objects in order and once, and none of an object that is not what it says. */
import { readTxns, type ReadTxnsOptions } from '../../../src/adapters/repository/readLog';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import type { LogObject } from '../../../src/model/repository';
import { logOf, putLogObject, range, txnBytes } from '../../support/logObjects';
import { directoryPlace } from '../../support/stores';

const place = directoryPlace();
let repository: Repository;
beforeAll(async () => {
  repository = await createRepository(place.store, { kind: 'none' });
});
afterAll(() => place.close());

async function zxidsOf(
  objects: LogObject[],
  options: Partial<ReadTxnsOptions> = {},
): Promise<bigint[]> {
  const zxids: bigint[] = [];
  for await (const { zxid, bytes } of readTxns(repository, objects, { after: 0n, ...options })) {
    expect(bytes.equals(txnBytes(zxid))).toBe(true);
    zxids.push(zxid);
  }
  return zxids;
}

const put = (after: number, zxids: bigint[], claims?: Partial<LogObject>): Promise<LogObject> =>
  putLogObject(repository, 'log/', after, zxids, claims);

it('objects that overlap give each transaction once, in order', async () => {
  const objects = [
    await put(0, range(1, 10)),
    await put(4, range(5, 8)),
    await put(6, range(7, 15)),
    await put(15, range(20, 25)),
  ];
  expect(await zxidsOf(objects)).toEqual([...range(1, 15), ...range(20, 25)]);
});

it('only what is after the one zxid and up to the other is given, and no further object is read', async () => {
  const objects = [
    await put(0, range(1, 10)),
    await put(10, range(11, 20)),
    await put(20, range(21, 30)),
  ];
  await place.store.delete([objects[2]!.key]);
  expect(await zxidsOf(objects, { after: 5n, upTo: 20n })).toEqual(range(6, 20));
  expect(await zxidsOf(objects, { after: 5n, upTo: 13n })).toEqual(range(6, 13));
  expect(await zxidsOf(objects, { after: 20n, upTo: 20n })).toEqual([]);
});

it('a range that no object holds is an error, unless it is to be passed', async () => {
  const objects = [await put(0, range(1, 10)), await put(12, range(13, 15))];
  await expect(zxidsOf(objects)).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringMatching(/after 0xa up to 0xc/),
  });
  await expect(zxidsOf(objects, { after: 0n, upTo: 10n })).resolves.toEqual(range(1, 10));
  expect(await zxidsOf(objects, { acrossHoles: true })).toEqual([
    ...range(1, 10),
    ...range(13, 15),
  ]);
});

it('the hole an object leaves at its own beginning is one too', async () => {
  const objects = [await put(3, range(5, 9))];
  await expect(zxidsOf(objects, { after: 2n })).rejects.toMatchObject({ type: 'BackupInvalid' });
  expect(await zxidsOf(objects, { after: 3n })).toEqual(range(5, 9));
});

const LIES: [string, Partial<LogObject>][] = [
  ['its last zxid', { last: '0x14' }],
  ['how many it holds', { txns: 11 }],
  ['its first time', { fromMs: 1 }],
  ['its last time', { toMs: 2_000_000_000_000 }],
  ['after what it begins', { after: '0x5' }],
];
it.each(LIES)('an object whose name lies about %s gives nothing', async (_, claims) => {
  const object = await put(0, range(1, 10), claims);
  const given: bigint[] = [];
  const read = async (): Promise<void> => {
    for await (const { zxid } of readTxns(repository, [object], { after: 0n, acrossHoles: true })) {
      given.push(zxid);
    }
  };
  await expect(read()).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringContaining(object.key),
    options: { details: { key: object.key, offset: expect.any(Number) } },
  });
  expect(given).toEqual([]);
});

it('an object whose transactions are out of order gives nothing, and the place is named', async () => {
  const object = await put(0, [1n, 2n, 4n, 3n, 5n]);
  const recordBytes = logOf([1n]).length - 16;
  await expect(zxidsOf([object])).rejects.toMatchObject({
    message: expect.stringContaining(`at byte ${16 + 3 * recordBytes}`),
  });
});

it('a log that is damaged before it was sealed gives nothing, and the place is named', async () => {
  const plain = logOf(range(10, 19));
  const recordBytes = (plain.length - 16) / 10;
  plain[16 + 4 * recordBytes + 30]! ^= 1;
  const { bytes, sha256 } = await repository.seal(plain);
  const sound = await put(9, range(10, 19));
  await place.store.put(sound.key, bytes);
  const given: bigint[] = [];
  const read = async (): Promise<void> => {
    for await (const { zxid } of readTxns(repository, [{ ...sound, sha256 }], { after: 9n }))
      given.push(zxid);
  };
  await expect(read()).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringContaining(`at byte ${16 + 4 * recordBytes}`),
  });
  expect(given).toEqual([]);
});

it('an object that is altered, swapped or missing gives nothing after the ones before it', async () => {
  const objects = [
    await put(0, range(1, 10)),
    await put(10, range(11, 20)),
    await put(20, range(21, 30)),
  ];
  const [, middle, last] = objects as [LogObject, LogObject, LogObject];
  const sound = await place.store.get(middle.key);
  const damages: (() => Promise<void>)[] = [
    () => place.store.put(middle.key, sound.subarray(0, -1)),
    async () => place.store.put(middle.key, await place.store.get(last.key)),
    () => place.store.delete([middle.key]),
  ];
  for (const damage of damages) {
    await damage();
    const given: bigint[] = [];
    const read = async (): Promise<void> => {
      for await (const { zxid } of readTxns(repository, objects, { after: 0n })) given.push(zxid);
    };
    await expect(read()).rejects.toMatchObject({
      type: 'BackupInvalid',
      message: expect.stringContaining(middle.key),
    });
    expect(given).toEqual(range(1, 10));
  }
});

it('nothing more is read once the caller has given up', async () => {
  const objects = [await put(0, range(1, 10))];
  const signal = AbortSignal.abort(new Error('given up'));
  await expect(zxidsOf(objects, { signal })).rejects.toThrow('given up');
});
