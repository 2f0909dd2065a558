/** Which control a value of an input takes, and what is sent of what was filled in. */
import { z } from 'zod';
import type { JsonSchema, Me } from '../../../src/console/api/types';
import { may } from '../../../src/console/api/access';
import { bytesText, durationText, wordsOf, zxidValue } from '../../../src/console/format/values';
import {
  filledIn,
  kindOf,
  literalOf,
  settled,
  typed,
  variantsOf,
} from '../../../src/console/forms/schema';
import { MAX_POINTS, withLags } from '../../../src/console/pages/run/lags';
import { beginningOf } from '../../../src/console/pages/start/beginning';
import { restoreBackupInputSchema } from '../../../src/model/backupInputs';
import { resizeEnsembleInputSchema, rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { migrateDataCenterInputSchema } from '../../../src/model/migrationInputs';
import { statusFixture } from '../cli/statusFixture';

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
const upgrade = schemaOf(rollingUpgradeInputSchema).properties ?? {};
const resize = schemaOf(resizeEnsembleInputSchema).properties ?? {};
const migrate = schemaOf(migrateDataCenterInputSchema).properties ?? {};
const restore = schemaOf(restoreBackupInputSchema).properties ?? {};

test.each([
  ['a name, though an inventory may stand in its place', upgrade.ensemble, 'text'],
  ['an object', upgrade.target, 'object'],
  ['whole numbers', upgrade.soakMs, 'integer'],
  ['yes or no', upgrade.acceptWarnings, 'boolean'],
  ['a choice', migrate.mode, 'choice'],
  ['a list of names', resize.add, 'list'],
  ['old to new', resize.replace, 'record'],
  ['a number or a percentage', migrate.redirect?.properties?.batch, 'text'],
  ['a moment', restore.at, 'variants'],
  ['what nobody has thought of', { not: {} } as JsonSchema, 'json'],
])('%s', (_, schema, kind) => {
  expect(kindOf(settled(schema ?? {}))).toBe(kind);
});

test('a moment is the literal latest, or an object', () => {
  expect(variantsOf(restore.at ?? {}).map(literalOf)).toEqual(['latest', undefined]);
});

test('what was left empty is not sent, zero and false are', () => {
  expect(
    filledIn({
      ensemble: 'orders',
      target: { version: '' },
      add: ['', 'zk4'],
      gates: { start: {} },
      soakMs: 0,
      wipe: false,
    }),
  ).toEqual({ ensemble: 'orders', add: ['zk4'], soakMs: 0, wipe: false });
});

test('a text becomes a number only where one may stand', () => {
  expect(typed(upgrade.soakMs ?? {}, '500')).toBe(500);
  expect(typed(migrate.redirect?.properties?.batch ?? {}, '25%')).toBe('25%');
  expect(typed(migrate.redirect?.properties?.batch ?? {}, '3')).toBe(3);
  expect(typed({ type: 'string' }, '3')).toBe('3');
});

test('an address fills in what each strategy calls the ensemble', () => {
  const search = new URLSearchParams('ensemble=orders&repository=vault&zxid=0x10');
  expect(beginningOf({ properties: upgrade }, search)).toEqual({ ensemble: 'orders' });
  expect(beginningOf({ properties: migrate }, search)).toEqual({
    source: 'orders',
    repository: 'vault',
  });
  expect(beginningOf({ properties: restore }, search)).toEqual({
    repository: 'vault',
    to: { ensemble: 'orders' },
    at: { zxid: '0x10' },
  });
});

test('an approver operates nothing, an admin does all, and a grant holds for its ensembles', () => {
  const me = (...grants: Me['grants']): Me => ({
    actor: 'mira',
    approvals: 'open',
    version: '1',
    grants,
  });
  const approver = me({ role: 'approver', ensembles: ['orders'] });
  expect(may(approver, 'approver', 'orders')).toBe(true);
  expect(may(approver, 'viewer', 'orders')).toBe(true);
  expect(may(approver, 'operator', 'orders')).toBe(false);
  expect(may(approver, 'approver', 'metrics')).toBe(false);
  expect(may(me({ role: 'admin', ensembles: ['*'] }), 'operator', 'metrics')).toBe(true);
});

test('an hour of lag is kept, the oldest goes first', () => {
  const status = statusFixture({
    capture: { repository: 'vault', state: 'capturing', lag: { txns: 1, ms: 5 } },
  });
  let lags: ReturnType<typeof withLags> = [];
  for (let atMs = 0; atMs < MAX_POINTS + 10; atMs += 1) lags = withLags(lags, status, atMs);
  expect(lags).toHaveLength(1);
  expect(lags[0]?.points).toHaveLength(MAX_POINTS);
  expect(lags[0]?.points[0]).toEqual({ atMs: 10, value: 5 });
});

test('values as people read them', () => {
  expect([2.34, 310, 1_240, 93_000, 5_400_000, 90_000_000].map(durationText)).toEqual([
    '2.3 ms',
    '310 ms',
    '1.2 s',
    '1 min 33 s',
    '1 h 30 min',
    '1 d 1 h',
  ]);
  expect([512, 1_536, 5_000_000].map(bytesText)).toEqual(['512 B', '1.5 KiB', '4.8 MiB']);
  expect(wordsOf('migrateDataCenter')).toBe('migrate data center');
  expect(zxidValue('0x1f00000040') > zxidValue('0x1effffffff')).toBe(true);
});
