import fc from 'fast-check';
import {
  isEnsembleName,
  keys,
  logObjectName,
  parseLogObjectName,
  type LogObjectFacts,
} from '../../../src/planning/backup/keys';
import { compareZxids, zxidText, fromHex16, hex16 } from '../../../src/model/zxid';
import { parseKey } from '../../../src/planning/backup/parseKey';
import { randomRuns } from '../../support/randomRuns';

const RUNS = randomRuns(200);
const zxid = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const ensemble = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/).filter(isEnsembleName);
const timeline = fc.integer({ min: 1, max: 9_999 });
const generation = fc.integer({ min: 1, max: 99_999_999 });
const id = fc.stringMatching(/^[0-9a-f]{8}$/);
const time = fc.date({
  min: new Date('1970-01-01'),
  max: new Date('9999-12-31'),
  noInvalidDate: true,
});
const facts: fc.Arbitrary<LogObjectFacts> = fc
  .record({
    ends: fc.uniqueArray(zxid, { minLength: 2, maxLength: 2 }),
    times: fc.tuple(fc.integer({ min: -5, max: 2 ** 42 }), fc.nat()),
    txns: fc.integer({ min: 1, max: 2 ** 40 }),
    plainBytes: fc.nat(),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  })
  .map(({ ends, times, ...rest }) => {
    const [after = 0n, last = 0n] = ends.sort((a, b) => (a < b ? -1 : 1));
    const [fromMs, longMs] = times;
    return {
      ...{ after: zxidText(after), last: zxidText(last), fromMs, toMs: fromMs + longMs },
      ...rest,
    };
  });

test('the name of a log object says everything that it was made of', () => {
  fc.assert(
    fc.property(facts, fc.boolean(), (given, encrypted) => {
      const name = logObjectName(given, encrypted);
      expect(parseLogObjectName(name)).toEqual(given);
      expect(name).toMatch(/^[A-Za-z0-9._-]{1,255}$/);
    }),
    RUNS,
  );
});

test('a name that is cut, changed or foreign is no log object', () => {
  fc.assert(
    fc.property(facts, fc.boolean(), fc.nat(), (given, encrypted, seed) => {
      const name = logObjectName(given, encrypted);
      const cut = name.slice(0, seed % name.length);
      // Without its `.age` it is the name of another object.
      expect(parseLogObjectName(cut)).toEqual(
        cut.endsWith('.log.zst') ? expect.anything() : undefined,
      );
      expect(parseLogObjectName(`${name}.partial`)).toBeUndefined();
      expect(parseLogObjectName(name.replace('.', '.0'))).toBeUndefined();
    }),
    RUNS,
  );
});

test('an object that ends before it begins is none', () => {
  const name = logObjectName(
    {
      ...{ after: '0x5', last: '0x5', txns: 1, fromMs: 1, toMs: 1, plainBytes: 1 },
      sha256: 'a'.repeat(64),
    },
    false,
  );
  expect(parseLogObjectName(name)).toBeUndefined();
});

test('zxids in keys sort as numbers do, and come back', () => {
  fc.assert(
    fc.property(zxid, zxid, (a, b) => {
      expect(fromHex16(hex16(a))).toBe(zxidText(a));
      const byKey = hex16(a) < hex16(b) ? -1 : hex16(a) > hex16(b) ? 1 : 0;
      expect(compareZxids(zxidText(a), zxidText(b))).toBe(byKey);
    }),
    RUNS,
  );
});

test('each key is read as what it was made of', () => {
  const of = fc.record({
    ...{ ensemble, timeline, generation, id, usableFrom: zxid.map(zxidText), at: time },
    ...{ number: fc.nat({ max: 999_999 }), object: facts, encrypted: fc.boolean() },
  });
  fc.assert(
    fc.property(of, (given) => {
      const { ensemble: e, timeline: t, generation: g, id: i, usableFrom: u, encrypted } = given;
      const at = given.at.toISOString();
      const name = logObjectName(given.object, encrypted);
      const inTimeline = { ensemble: e, timeline: t };
      const ofBase = { ...inTimeline, usableFrom: u, id: i };
      const expected = {
        [keys.repository]: { kind: 'repository' },
        [keys.ensemble(e)]: { kind: 'ensemble', ensemble: e },
        [keys.writer(e, g)]: { kind: 'writer', ensemble: e, generation: g },
        [keys.drill(e, at)]: { kind: 'drill', ensemble: e, at },
        [keys.baseManifest(e, t, u, i)]: { kind: 'baseManifest', ...ofBase },
        [keys.baseSnapshot(e, t, u, i, encrypted)]: { kind: 'baseSnapshot', ...ofBase, encrypted },
        [keys.baseConfiguration(e, t, u, i, encrypted)]: {
          ...{ kind: 'baseConfiguration', encrypted },
          ...ofBase,
        },
        [keys.pieces(e, t, g) + name]: {
          ...{ kind: 'piece', generation: g, object: given.object },
          ...inTimeline,
        },
        [keys.log(e, t) + name]: { kind: 'log', object: given.object, ...inTimeline },
        [keys.index(e, t, g, given.number)]: {
          ...{ kind: 'index', generation: g, number: given.number },
          ...inTimeline,
        },
        [keys.state(e, t, g)]: { kind: 'state', generation: g, ...inTimeline },
      };
      expect(Object.keys(expected)).toHaveLength(11);
      for (const [key, parsed] of Object.entries(expected)) {
        expect(parseKey(key)).toEqual(parsed);
        expect(parseKey(`${key}/more`)).toBeUndefined();
        expect(parseKey(`${key}.partial`)).toBeUndefined();
      }
    }),
    RUNS,
  );
});

test('keys look as docs/backup-format.md says', () => {
  expect([
    keys.writer('orders', 7),
    keys.baseSnapshot('orders', 1, '0x1f00000a2', '0badcafe', true),
    keys.pieces('orders', 1, 7),
    keys.index('orders', 12, 7, 3),
    keys.drill('orders', '2026-01-02T03:04:05.678Z'),
  ]).toEqual([
    'orders/writers/00000007.json',
    'orders/0001/base/00000001f00000a2-0badcafe.snapshot.zst.age',
    'orders/0001/tail/00000007/',
    'orders/0012/index/00000007-000003.json',
    'orders/drills/2026-01-02T03-04-05.678Z.json',
  ]);
});

test.each([
  ['../etc', () => keys.ensemble('../etc')],
  ['a/b', () => keys.state('a/b', 1, 1)],
  ['empty', () => keys.ensemble('')],
  ["the repository's own document", () => keys.ensemble('repository.json')],
  ['too large a timeline', () => keys.log('orders', 10_000)],
  ['a generation that is no number', () => keys.writer('orders', NaN)],
  ['an id with a slash', () => keys.baseManifest('orders', 1, '0x1', '../../..')],
  ['a time without zone', () => keys.drill('orders', '2026-01-02T03:04:05')],
])('what would make no safe key is refused: %s', (_, make) => {
  expect(make).toThrow(expect.objectContaining({ type: 'InvalidInput' }) as Error);
});
