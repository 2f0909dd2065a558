/** What stands against a logical move is said before anybody is kept from serving: in the plan, or at gate `cutover`. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import type { Lab } from '../../../src/lab/lab';
import { CONNECT_KEY } from '../../../src/lab/load/config';
import { TASK_QUEUE } from '../../../src/model/contract';
import type { Plan } from '../../../src/model/plan';
import type { ZkSession } from '../../../src/model/ports';
import { withTwoSides, type TwoSides } from '../../support/twoSides';
import { failureOf } from '../../upgrade/support/failure';
import type { Case } from '../../upgrade/cases/types';
import { leavesUntouched } from '../../upgrade/support/picture';

const NOTHING = Buffer.alloc(0);
/** Journals of copies outlive a test that was killed: another place each time. */
const MOVED = `/moved-${Date.now()}`;
const TREES = [{ from: '/app', to: MOVED }];

async function at<T>(lab: Lab, work: (session: ZkSession) => Promise<T>): Promise<T> {
  const session = await createZooKeeperAdapter().openSession({ servers: lab.members });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The finding of a run that is proven to have touched nothing. */
async function refused(sides: TwoSides): Promise<string> {
  const failure = await leavesUntouched(sides.source, async () =>
    failureOf((await sides.start({ mode: 'logical', trees: TREES })).handle),
  );
  assert.deepEqual([failure.type, failure.nonRetryable], ['PreflightFailed', true]);
  assert.match(failure.message, /nothing was touched/);
  const errors = failure.findings.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['TargetNotEmpty'],
  );
  return errors[0]!.message;
}

/** What a plan made now has against it. */
async function against({ harness, source, target }: TwoSides): Promise<string[]> {
  const input = { source: source.name, target: target.name, mode: 'logical', trees: TREES };
  const plan = (await harness.client.workflow.execute('planStrategy', {
    taskQueue: TASK_QUEUE,
    workflowId: `plan-${Date.now()}`,
    args: [{ strategy: 'migrateDataCenter', input }],
  })) as Plan;
  return plan.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

export const refusedAhead: Case = {
  name: 'logical 3.9.6 → 3.9.6: a place with znodes is refused by the plan, unless the run itself put them there; a connection string changed meanwhile is said at gate cutover, and before the way back closes anybody',
  run: () =>
    withTwoSides(
      { name: 'move-refused', from: '3.9.6', to: '3.9.6', lives: true },
      async (sides) => {
        const { source, target, clientFile, harness } = sides;
        const says = (text: string) => writeFileSync(clientFile, text);
        const planned = `${CONNECT_KEY}=${source.connectString}/app\n`;
        says(planned);
        // Told by a signal that it reads its file again, it lives on.
        const client = spawn('sh', ['-c', "trap '' HUP; exec sleep 600"], { stdio: 'ignore' });
        writeFileSync(join(harness.directory, 'load.pid'), String(client.pid));
        await at(source, async (session) => {
          for (const path of ['/app', '/app/a', '/app/a/b']) await session.create(path, NOTHING);
        });
        await at(target, async (session) => {
          for (const path of [MOVED, `${MOVED}/x`, `${MOVED}/x/y`])
            await session.create(path, NOTHING);
        });
        const said = await refused(sides);
        assert.ok(said.includes(`${MOVED} of move-refused-new has 2 znode(s) already`), said);
        await at(target, async (session) => {
          for (const path of [`${MOVED}/x/y`, `${MOVED}/x`, MOVED]) await session.delete(path);
        });
        assert.deepEqual(await against(sides), []);

        const run = await sides.start({ mode: 'logical', trees: TREES, openAfter: 'fence' });
        await run.approve('start');
        const { gate } = await run.atGate('cutover');
        assert.ok(!gate!.why.includes('Before you decide'), gate!.why);
        // Nothing but that a run is at work: the znodes there are its own.
        assert.deepEqual(await against(sides), ['EnsembleLocked']);

        says(`${CONNECT_KEY}=${source.connectString}/app/other\n`);
        await run.approve('cutover');
        const again = await run.until(
          'gate cutover asks again',
          (status) => status.gate?.why.includes('Before you decide') === true,
        );
        assert.match(
          again.gate!.why,
          /1 client\(s\) cannot be led over .* load: \/\S+ on \S+: \S+ is \S+\/app\/other now; expected \S+\/app,/,
        );
        says(`# theirs\n${planned}`);
        await run.approve('cutover');
        await run.atGate('complete');
        const led = `# theirs\n${CONNECT_KEY}=${target.connectString}${MOVED}\n`;
        assert.equal(sides.clientSays, led);

        says(`${CONNECT_KEY}=${target.connectString}/elsewhere\n`);
        await run.send('rollback', { by: 'tester' });
        const held = await run.until('held', ({ headline }) => headline.startsWith('held'));
        assert.equal(held.error?.type, 'RedirectFailed');
        assert.match(held.error.message, /\/elsewhere/);
        assert.deepEqual([held.migration?.serving, held.migration?.writes], ['target', 'taken']);
        says(led);
        await run.send('resume', { by: 'tester' });
        const report = await run.report();
        assert.equal(report.outcome, 'rolledBack', report.text);
        assert.equal(sides.clientSays, `# theirs\n${planned}`);
        assert.deepEqual(await against(sides), ['TargetNotEmpty']);
        client.kill();
      },
    ),
};
