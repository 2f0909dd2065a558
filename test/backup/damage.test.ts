/** Whatever happens to an object of a repository: it is told, nothing wrong is restored, and the rest still is. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastDrill } from '../../src/adapters/repository/drills';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { createRepository, openRepository } from '../../src/adapters/repository/openRepository';
import { createLab } from '../../src/lab/lab';
import { keys } from '../../src/planning/backup/keys';
import { copyObjects, objectsIn, type ObjectKind } from '../support/damage';
import { damageClaims, damagedKinds, fillAnother, namedIndexes } from '../support/damageClaims';
import { examine, type Examined } from '../support/examineRepository';
import { ENSEMBLE } from '../support/runningCapture';
import { fillRepository, NO_LOG_SYNC, type SmallRepository } from '../support/smallRepository';
import { s3Place } from '../support/stores';
import { ran } from '../unit/cli/testIo';

jest.setTimeout(180_000);

let directory: string;
let made: string;
let small: SmallRepository;
let objects: Map<ObjectKind, string[]>;
let place: string;
let store: DirectoryStore;
let another: DirectoryStore;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-damage-'));
  made = join(directory, 'made');
  const lab = await createLab({
    name: 'damage',
    version: '3.9.6',
    servers: 3,
    settings: { tickTime: '500', initLimit: '20', syncLimit: '6' },
    javaOptions: [NO_LOG_SYNC],
  });
  try {
    await lab.start();
    const repository = await createRepository(new DirectoryStore(made), { kind: 'none' });
    small = await fillRepository(lab, repository, () => copy(made, `${made}.older`));
  } finally {
    await lab.destroy();
  }
  objects = await objectsIn(new DirectoryStore(made));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

beforeEach(async () => {
  place = join(directory, 'copy');
  await copy(made, place);
  store = new DirectoryStore(place);
  another = new DirectoryStore(join(directory, 'another'));
  await fillAnother(await createRepository(another, { kind: 'none' }));
});
afterEach(() => {
  for (const one of [place, join(directory, 'another')]) rmSync(one, { recursive: true });
});

const copy = (from: string, to: string): Promise<void> =>
  Promise.resolve(cpSync(from, to, { recursive: true }));

const open = () => openRepository(store);

const examined = (): Promise<Examined> => examine(open, ENSEMBLE, small.points);

test('undamaged, everything is restored, and only the hole is told', async () => {
  const { errors, warnings, lost, latest } = await examined();
  expect(lost).toEqual([]);
  expect(latest).toBe('restored');
  expect(errors).toEqual([]);
  expect(warnings).toEqual([
    expect.stringMatching(/^the transactions after 0x.* are missing: the leader/),
  ]);
});

test('what lies in the hole is refused, and the nearest moments are said', async () => {
  const { refusalOf } = await examined();
  const [before, after] = [small.points[small.afterHole - 1]!, small.points[small.afterHole]!];
  const inside = (BigInt(before.zxid) + BigInt(after.zxid)) / 2n;
  expect(await refusalOf({ kind: 'zxid', zxid: `0x${inside.toString(16)}` })).toMatch(
    /cannot be restored: the transactions after .* are missing: the leader .* nearest are 0x/,
  );
});

/** Of each kind one: `npm run proof -- backup` has the whole matrix, in each kind of place. */
const here = damagedKinds.map((kind, at) => {
  const claims = damageClaims.filter((claim) => claim.kind === kind);
  return claims[at % claims.length]!;
});

test.each(here)('an object of kind $kind that was $how', (claim) =>
  claim.assert({ store, open, another, small }),
);

test('in S3, a segment that was swapped with another is told as well', async () => {
  const s3 = await s3Place();
  try {
    await copyObjects(store, s3.store);
    const claim = damageClaims.find(
      ({ kind, how }) => kind === 'log' && how.startsWith('swapped'),
    )!;
    const openThere = () => openRepository(s3.again());
    await claim.assert({ store: s3.store, open: openThere, another, small });
  } finally {
    await s3.close();
  }
});

test('a drill that is gone counts as none', async () => {
  const drills = objects.get('drill')!;
  await store.delete([drills.at(-1)!]);
  const drill = await lastDrill(await open(), ENSEMBLE);
  expect(keys.drill(ENSEMBLE, drill!.at)).toBe(drills.at(-2));
});

test.each([['state'], ['state and index']])(
  '%s of an earlier day, put back, are told to be older than what lies there',
  async (what) => {
    for (const folder of what.split(' and ')) {
      const [from, to] = [`${made}.older`, place].map((one) => join(one, ENSEMBLE, '0001', folder));
      rmSync(to!, { recursive: true });
      await copy(from!, to!);
    }
    const newest = (await objectsIn(store)).get('state')!.at(-1)!;
    const { errors, lost, latest } = await examined();
    expect(errors).toContainEqual(expect.stringContaining(`${newest} is older than`));
    // A base that was named later proves itself, and so does every segment; that there was no more nothing tells.
    expect({ lost, latest }).toEqual({ lost: [], latest: 'refused' });
  },
);

test('an index with an earlier text is told', async () => {
  const [first, second] = await namedIndexes(open);
  writeFileSync(join(place, second!), readFileSync(join(place, first!)));
  const { errors, lost } = await examined();
  expect(errors).toContainEqual(expect.stringContaining(second!));
  expect(lost).toEqual([]);
});

test('the command that verifies exits with 1 and says it, also where ensemble.json is gone', async () => {
  const [key] = objects.get('ensemble')!;
  await store.delete([key!]);
  const result = await ran(['backup', 'verify', place, '--json']);
  expect(result.code).toBe(1);
  expect(result.out).toContain(key);
});
