/** People steer a restore while it stops servers: nothing is left half-done. */
import { strict as assert } from 'node:assert';
import type { Harness } from '../../support/harness';
import { aside, backUpWhile, put, read, whileStopping } from '../../support/restoring';
import { withHarness, type Case } from '../../upgrade/cases/types';

/** These are started again, and no data are touched. */
async function takenBack(harness: Harness): Promise<void> {
  const { lab } = harness;
  const before = aside(harness);
  const run = await whileStopping(harness);
  await run.send('rollback', { by: 'tester' });
  const report = await run.report();
  assert.equal(report.outcome, 'rolledBack');
  assert.ok(report.serverRestarts < 3, `${report.serverRestarts} restarts`);
  assert.deepEqual(aside(harness), before);
  await lab.waitServing(
    30_000,
    lab.members.map(({ name }) => name),
  );
  assert.equal(await read(harness, '/kept'), 'newest');
}

/** A pause asked for waits until its servers run, on the data restored. */
async function paused(harness: Harness): Promise<void> {
  const run = await whileStopping(harness);
  await run.send('pause', { by: 'tester' });
  const { plan } = await run.until('the pause', ({ state }) => state === 'paused');
  const started = plan!.steps.filter(
    ({ activity, state }) => activity === 'startServer' && state === 'done',
  );
  assert.equal(started.length, 3);
  await run.send('resume', { by: 'tester' });
  assert.equal((await run.report()).outcome, 'completed');
  assert.equal(await read(harness, '/kept'), 'as it was');
}

const whileServersStop = (
  name: string,
  version: string,
  work: (harness: Harness) => Promise<void>,
): Case => ({
  name: `a restore of ${version} ${name} while its servers are being stopped`,
  run: () =>
    withHarness({ name: 'restore-steered', version, servers: 3 }, async (harness) => {
      await backUpWhile(harness, () => put(harness, '/kept', 'as it was'));
      await put(harness, '/kept', 'newest');
      await work(harness);
    }),
});

export const restoreSteeredCases: Case[] = ['3.4.14', '3.9.6'].flatMap((version) => [
  whileServersStop('taken back', version, takenBack),
  whileServersStop('paused', version, paused),
]);
