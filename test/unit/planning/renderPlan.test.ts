import type { StepStatus } from '../../../src/model/status';
import { renderPlanMarkdown, renderPlanText } from '../../../src/planning/renderPlan';
import { utf8Bytes } from '../../../src/planning/planText';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { ensembleOf, threeServers, upgradeTo } from './ensembles';

const plan = planRollingUpgrade(threeServers('3.8.4'), upgradeTo('3.9.6'));
const doneUpTo = (id: string): Record<string, StepStatus> => {
  const index = plan.steps.findIndex((step) => step.id === id);
  return Object.fromEntries(
    plan.steps
      .slice(0, index + 1)
      .map((step) => [step.id, { id: step.id, state: 'done' as const, durationMs: 1500 }]),
  );
};

test('the text ends with the whole hash, so that an approval can name it', () =>
  expect(renderPlanText(plan).endsWith(`plan ${plan.hash}`)).toBe(true));

test('Markdown shows how far each step is', () => {
  const statuses = doneUpTo('3.9.6/zk1/upgradePackage');
  statuses['3.9.6/zk1/migrateConfiguration'] = { id: 'x', state: 'running' };
  const text = renderPlanMarkdown(plan, statuses);
  expect(text).toContain('9 of 26 steps done');
  expect(text).toMatch(
    /\*\*zk1\*\* \(follower\) 3\.8\.4 → 3\.9\.6: ✓ stop 1\.5 s, ✓ install 1\.5 s, ▶ configure, · start/,
  );
  expect(text).toContain('gate **beforeLeader**');
});

test('a plan of 64 servers over five hops stays under the limit and shows the turn in progress', () => {
  const servers = Array.from({ length: 64 }, (_, index) => ({
    server: `zookeeper-${String(index + 1).padStart(3, '0')}`,
    version: '3.4.14',
    role: index === 0 ? ('leader' as const) : ('follower' as const),
  }));
  const large = planRollingUpgrade(ensembleOf(servers), upgradeTo('3.9.6'));
  const statuses = Object.fromEntries(
    large.steps
      .slice(
        0,
        large.steps.findIndex(({ id }) => id === '3.6.4/zookeeper-040/stopServer'),
      )
      .map(({ id }) => [id, { id, state: 'done' as const, durationMs: 12_345 }]),
  );
  const text = renderPlanMarkdown(large, statuses);
  expect(Buffer.byteLength(text)).toBeLessThan(18_000);
  expect(text).toContain('**zookeeper-040**');
  expect(text).toMatch(/earlier turn\(s\) done[^]*more turn\(s\) to come/);
  expect(text).toContain(large.hash);
});

test('what a server or a person wrote is not read as markup', () => {
  const findings = [
    { severity: 'info' as const, code: 'X', message: '<img src=x>\n# **bold** [a](b)' },
  ];
  const text = renderPlanMarkdown({ ...plan, findings });
  expect(text).not.toMatch(/(?<!\\)<img/);
  expect(text).not.toContain('\n# ');
});

test('many long findings do not break the limit', () => {
  const findings = Array.from({ length: 200 }, (_, index) => ({
    severity: 'warning' as const,
    code: `Code${index}`,
    message: 'ä'.repeat(2_000),
    hint: 'ö'.repeat(2_000),
  }));
  expect(Buffer.byteLength(renderPlanMarkdown({ ...plan, findings }))).toBeLessThan(18_000);
});

test('bytes are counted as UTF-8', () => {
  for (const text of ['abc', 'äöü', '→✓', '😀', ''])
    expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
});
