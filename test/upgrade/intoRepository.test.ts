/** The backup before the first touch goes into the ensemble's repository, beside the hot backup that captures it. */
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import type { TimelineContents } from '../../src/planning/backup/contents';
import { Harness } from '../support/harness';
import { Inventories } from '../support/inventories';
import { until } from '../support/until';
import { NEW, OLD } from './cases/types';

jest.setTimeout(400_000);

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.create({ name: 'intorepo', version: OLD, withoutWorker: true });
  const inventories = await Inventories.start(harness);
  inventories.with('kept', (ensemble) => {
    ensemble.repository = LAB_REPOSITORY;
  });
}, 120_000);
afterAll(() => harness?.destroy(), 60_000);

async function captured(): Promise<TimelineContents | undefined> {
  const repository = await harness.openRepository();
  const { timelines } = await repository.contents('kept');
  return timelines.at(-1);
}

test('a base is taken and proven, the hot backup goes on through the upgrade, and the report says where it is', async () => {
  await harness.startLoad({ writesPerSecond: 100 });
  const backup = await harness.startBackup({ ensemble: 'kept', segmentMs: 2_000 });
  const before = await until(
    'a capture with a base',
    async () => {
      const timeline = await captured().catch(() => undefined);
      return timeline !== undefined && timeline.bases.length > 0 ? timeline : undefined;
    },
    60_000,
  );
  const run = await harness.upgrade({ ensemble: 'kept', version: NEW });
  const { plan } = await run.step('backup/backupData', 'done', 180_000);
  const step = plan!.steps.find(({ id }) => id === 'backup/backupData')!;
  expect(step.title).toContain(`repository ${LAB_REPOSITORY}`);
  expect(step.detail).toMatch(/beside the capture that goes on.*digests of transactions matched/);
  const report = await run.report();
  expect(report.outcome).toBe('completed');
  expect(report.backup).toMatchObject({ repository: LAB_REPOSITORY, timeline: 1 });
  expect(report.backup?.nodes).toBeGreaterThan(0);
  expect(report.text).toContain(`repository ${LAB_REPOSITORY}`);
  await harness.checkLoad();
  await backup.send('stop', { by: 'tester' });
  await backup.handle.result();
  const after = (await captured())!;
  expect(after).toMatchObject({ generation: before.generation, holes: [], findings: [] });
  expect(after.bases.length).toBe(before.bases.length + 1);
});
