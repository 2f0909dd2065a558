/** A lock that another run has, or has left: every plan that would take it says so before anybody approves it. */
import type { HolderFacts } from '../../../src/model/facts';
import { rollingUpgradeInputSchema } from '../../../src/model/inputs';
import { lockFindings } from '../../../src/planning/lockFindings';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { threeServers } from './ensembles';
import { planFor } from './resizePlans';

const lock: HolderFacts = {
  ...{ runId: 'r-1', workflowId: 'CHG-5', strategy: 'rollingUpgrade' },
  since: '2026-01-02T03:04:05.000Z',
};

test.each<[string, Partial<HolderFacts>, RegExp, string]>([
  [
    'is over',
    { open: false },
    /^rollingUpgrade CHG-5 \(run r-1\) is over and has left orders locked/,
    'see what it left undone, then: zkferry unlock orders --run r-1',
  ],
  [
    'still runs',
    { open: true },
    /^rollingUpgrade CHG-5 \(run r-1\) holds orders since 2026-01-02.* still open$/,
    'let it end, or end it by a rollback or by cancelling it',
  ],
  [
    'may still run',
    {},
    /^rollingUpgrade CHG-5 \(run r-1\) holds orders since 2026-01-02T03:04:05.000Z$/,
    'let it end; once it is closed: zkferry unlock orders --run r-1',
  ],
])('of a run that %s', (_, more, message, hint) => {
  const [found] = lockFindings({ ensemble: 'orders', lock: { ...lock, ...more } });
  expect(found).toMatchObject({ severity: 'error', code: 'EnsembleLocked', hint });
  expect(found!.message).toMatch(message);
});

test('an upgrade and a resize are refused by it', () => {
  const facts = { ...threeServers('3.8.4'), lock };
  const input = rollingUpgradeInputSchema.parse({
    ensemble: 'orders',
    target: { version: '3.9.6' },
  });
  const planned = [planRollingUpgrade(facts, input), planFor(facts, { remove: ['zk3'] })];
  for (const { findings } of planned)
    expect(findings).toContainEqual(
      expect.objectContaining({ severity: 'error', code: 'EnsembleLocked' }),
    );
});
