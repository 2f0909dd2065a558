/** The command against a real Temporal server; the strategy behind it is a stand-in with the same doors. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { connectTemporal, type Temporal } from '../../src/adapters/temporal/connect';
import { describeRun } from '../../src/adapters/temporal/describeRun';
import type { RunSummary } from '../../src/adapters/temporal/runSummary';
import { proveClosed } from '../../src/cli/commands/unlock';
import type { Io } from '../../src/cli/io';
import { runCommand } from '../../src/cli/program';
import { startTemporal, type TemporalServer } from '../../src/lab/temporalServer';
import { TASK_QUEUE } from '../../src/model/contract';

let server: TemporalServer;
let temporal: Temporal;
let connection: NativeConnection;
let worker: Worker;
let working: Promise<void>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await startTemporal();
  temporal = await connectTemporal({ address: server.address, namespace: 'default' });
  connection = await NativeConnection.connect({ address: server.address });
  worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowsPath: require.resolve('./standInWorkflows'),
  });
  working = worker.run();
});

afterAll(async () => {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await working;
  await connection.close();
  await temporal.close();
  await server.stop();
});

interface Running {
  done: Promise<number>;
  out(): string;
  interrupt(): void;
}

function start(...words: string[]): Running {
  const written = { text: '' };
  const interrupts: (() => void)[] = [];
  const io: Io = {
    env: {},
    stdin: Readable.from([]),
    stdout: { write: (text) => (written.text += text) },
    stderr: { write: (text) => (written.text += text) },
    user: 'ann',
    now: () => new Date(),
    onInterrupt: (callback) => {
      interrupts.push(callback);
      return () => undefined;
    },
  };
  return {
    done: runCommand([...words, '--address', server.address], io),
    out: () => written.text,
    interrupt: () => interrupts.forEach((callback) => callback()),
  };
}

async function command(...words: string[]): Promise<{ code: number; out: string }> {
  const running = start(...words);
  return { code: await running.done, out: running.out() };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
const lastLine = (out: string): any => JSON.parse(out.trimEnd().split('\n').at(-1)!);

let ids = 0;
const newId = () => `ticket-${(ids += 1)}`;
const upgrade = ['upgrade', '--ensemble', 'orders', '--to', '3.9.6'];

async function detached(): Promise<string> {
  const id = newId();
  expect((await command('run', ...upgrade, '--detach', '--id', id)).code).toBe(0);
  return id;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('starts a run under an id that says what it is, and returns when detached', async () => {
  const { code, out } = await command('run', ...upgrade, '--detach', '--json');
  expect(code).toBe(0);
  expect(lastLine(out).workflowId).toMatch(/^zkferry-upgrade-orders-\d{8}T\d{6}Z-[0-9a-f]{6}$/);
});

it('refuses an id that was used before, open or closed', async () => {
  const id = await detached();
  const again = () => command('run', ...upgrade, '--detach', '--id', id, '--json');
  expect(lastLine((await again()).out).error.type).toBe('RunExists');
  expect((await command('approve', id, 'start')).code).toBe(0);
  await until(async () => (await describeRun(temporal, id)).status === 'COMPLETED', 'its end');
  const { code, out } = await again();
  expect(code).toBe(1);
  expect(lastLine(out).error.type).toBe('RunExists');
});

it('shows the gate with the command that approves it, and that command does', async () => {
  const id = await detached();
  const { out } = await command('status', id);
  const line = out.split('\n').find((text) => text.includes('zkferry approve'));
  expect(line).toContain(`zkferry approve ${id} start --plan-hash abcdef012345`);
  const words = line!.split('zkferry ')[1]!.split(' ').slice(0, 5);
  expect((await command(...words)).code).toBe(0);
  const { code, out: after } = await command('status', id, '--json');
  expect(code).toBe(0);
  expect(lastLine(after)).toMatchObject({ state: 'completed', headline: 'completed by ann' });
});

it('tells why the run refuses a control, and exits 1', async () => {
  const id = await detached();
  const wrongGate = await command('approve', id, 'finalize');
  expect(wrongGate.code).toBe(1);
  expect(wrongGate.out).toContain('the run waits at gate start, not at finalize');
  const wrongPlan = await command('approve', id, 'start', '--plan-hash', '00000000', '--json');
  expect(lastLine(wrongPlan.out).error).toEqual({
    type: 'Refused',
    message: 'the plan in force is another',
  });
  expect((await command('reject', id, 'start')).code).toBe(0);
  const late = await command('approve', id, 'start');
  expect(late.code).toBe(1);
  expect(late.out).toContain(`${id} is over`);
});

it('follows to the end, answering the gates it was given answers for', async () => {
  const { code, out } = await command(
    'run',
    ...upgrade,
    '--id',
    newId(),
    '--yes-to-gates',
    'start',
  );
  expect(code).toBe(0);
  expect(out).toContain('gate start: approval needed');
  expect(out).toContain('approved gate start as ann (--yes-to-gates)');
  expect(out).toContain('completed');
});

it('exits 1 when the gate is rejected', async () => {
  const id = newId();
  const following = start('run', ...upgrade, '--id', id, '--json');
  await until(() => following.out().includes('gate start'), 'the gate');
  expect((await command('reject', id, 'start')).code).toBe(0);
  expect(await following.done).toBe(1);
  expect(lastLine(following.out())).toMatchObject({ ok: false, state: 'rejected', workflowId: id });
});

it('leaves the run alone on Ctrl-C, and says how to follow it again', async () => {
  const id = newId();
  const following = start('run', ...upgrade, '--id', id);
  await until(() => following.out().includes('gate start'), 'the gate');
  following.interrupt();
  expect(await following.done).toBe(130);
  expect(following.out()).toContain(`zkferry status ${id} --watch`);
  expect((await describeRun(temporal, id)).status).toBe('RUNNING');
});

it("gives a run's own failure with its type; bad input is exit 2 wherever it is found", async () => {
  const words = ['run', 'upgrade', '--ensemble', 'unknown', '--to', '3.9.6'];
  const { code, out } = await command(...words, '--json', '--id', newId());
  expect(code).toBe(2);
  expect(lastLine(out).error).toEqual({
    type: 'UnknownEnsemble',
    message: 'no ensemble "unknown"; known: orders',
  });
});

it('shows how a run ended that never had a status', async () => {
  const id = newId();
  await command('run', 'upgrade', '--ensemble', 'unknown', '--to', '3.9.6', '--id', id);
  const { code, out } = await command('status', id);
  expect(code).toBe(0);
  expect(out).toContain('UnknownEnsemble');
});

it('plans without starting a run', async () => {
  const { code, out } = await command('plan', ...upgrade, '--json');
  expect(code).toBe(0);
  expect(lastLine(out)).toMatchObject({ ensemble: 'orders', toVersion: '3.9.6' });
});

it('plans several times in the same second', async () => {
  const plans = await Promise.all([1, 2, 3].map(() => command('plan', ...upgrade)));
  expect(plans.map(({ code }) => code)).toEqual([0, 0, 0]);
});

it('lists runs, newest first', async () => {
  const id = await detached();
  await until(async () => (await command('status')).out.includes(id), 'the list to have it');
  const { out } = await command('status', '--json', '--limit', '3');
  const { runs } = lastLine(out);
  expect(runs).toHaveLength(3);
  expect(runs[0]).toMatchObject({ workflowId: id, strategy: 'rollingUpgrade', status: 'RUNNING' });
});

it('lists how runs have ended in their own words, and bases too', async () => {
  const [rejected, approved] = [await detached(), await detached()];
  await command('reject', rejected, 'start');
  await command('approve', approved, 'start');
  const failed = newId();
  await command('run', 'upgrade', '--ensemble', 'unknown', '--to', '3.9.6', '--id', failed);
  const base = newId();
  await temporal.client.workflow.execute('takeBase', {
    ...{ taskQueue: TASK_QUEUE, workflowId: base, args: [{}] },
  });
  await until(async () => {
    const { runs } = lastLine((await command('status', '--json')).out) as { runs: RunSummary[] };
    const outcomeOf = (id: string) => runs.find(({ workflowId }) => workflowId === id)?.outcome;
    return (
      [rejected, approved, failed, base].map(outcomeOf).join() ===
      'rejected,completed,failed,completed'
    );
  }, 'the outcomes');
  const { out } = await command('status');
  const lineOf = (id: string) => out.split('\n').find((line) => line.startsWith(`${id} `));
  expect(lineOf(rejected)).toMatch(/ rejected /);
  expect(lineOf(approved)).toMatch(/ completed /);
  expect(lineOf(base)).toMatch(/ takeBase .* completed /);
});

describe('a lock may be broken', () => {
  it('only once Temporal says that its run is closed', async () => {
    const { workflowId, runId } = await describeRun(temporal, await detached());
    await expect(proveClosed(temporal, { workflowId, runId })).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('is still open'),
    });
    expect((await command('reject', workflowId, 'start')).code).toBe(0);
    await until(
      async () => (await describeRun(temporal, workflowId)).status === 'COMPLETED',
      'its end',
    );
    expect(await proveClosed(temporal, { workflowId, runId })).toMatchObject({
      status: 'COMPLETED',
      runId,
    });
    expect(await proveClosed(temporal, { runId })).toMatchObject({ workflowId });
  });

  it('not when this Temporal does not know the run', async () => {
    const unknown = { workflowId: 'elsewhere', runId: '01a20492-94b0-77f6-9035-936bb94aee5b' };
    for (const holder of [unknown, { runId: unknown.runId }, { runId: "x' OR 'a'='a" }])
      await expect(proveClosed(temporal, holder)).rejects.toMatchObject({
        type: 'Refused',
        message: expect.stringContaining('does not know run'),
      });
  });
});

describe('schedules of backups', () => {
  const schedule = (...words: string[]) =>
    command('backup', 'schedule', 'main', 'orders', ...words, '--json');
  const described = (kind: string) =>
    temporal.client.schedule.getHandle(`zkferry-backup-main-orders-${kind}`).describe();

  it('are made, changed by the same command, told, and ended', async () => {
    const made = await schedule('--base', '0 3 * * *', '--verify', '0 5 * * 0');
    expect(made.code).toBe(0);
    expect(lastLine(made.out).schedules).toMatchObject([
      { kind: 'base', id: 'zkferry-backup-main-orders-base', paused: false },
      { kind: 'verify', id: 'zkferry-backup-main-orders-verify' },
    ]);
    expect(lastLine(made.out).schedules[0].next).toMatch(/T03:00:00/);
    expect(await described('base')).toMatchObject({
      action: {
        workflowType: 'takeBase',
        taskQueue: TASK_QUEUE,
        args: [{ repository: 'main', ensemble: 'orders' }],
      },
      policies: { overlap: 'SKIP' },
      state: { note: expect.stringContaining('a base of orders in repository main') },
    });
    expect((await described('verify')).action).toMatchObject({ workflowType: 'verifyBackup' });

    const changed = await schedule('--base', '30 4 * * *');
    expect(changed.code).toBe(0);
    const { schedules } = lastLine((await schedule('--list')).out);
    expect(schedules).toHaveLength(2);
    expect(schedules[0].next).toMatch(/T04:30:00/);
    expect(schedules[0].note).toContain('30 4 * * *');

    const { code, out } = await schedule('--delete');
    expect(code).toBe(0);
    expect(lastLine(out).deleted).toHaveLength(2);
    expect(lastLine((await schedule('--list')).out).schedules).toEqual([]);
    expect(lastLine((await schedule('--delete')).out).deleted).toEqual([]);
  });

  it('one that a person has paused stays so when its time is changed', async () => {
    await schedule('--base', '0 3 * * *');
    await temporal.client.schedule.getHandle('zkferry-backup-main-orders-base').pause('holiday');
    expect(lastLine((await schedule('--base', '0 4 * * *')).out).schedules[0].paused).toBe(true);
    const never = await schedule('--base', '0 3 31 4 *');
    expect(lastLine(never.out).error.message).toMatch(/never comes; what was scheduled before/);
    const [still] = lastLine((await schedule('--list')).out).schedules;
    expect(still).toMatchObject({ paused: true, note: expect.stringContaining('0 4 * * *') });
    expect(still.next).toMatch(/T04:00:00/);
    await schedule('--delete');
  });

  it('start the workflow of that name', async () => {
    await schedule('--base', '0 3 * * *');
    await temporal.client.schedule.getHandle('zkferry-backup-main-orders-base').trigger();
    const id = await new Promise<string>((resolve, reject) => {
      until(async () => {
        const [action] = (await described('base')).info.recentActions;
        if (action === undefined) return false;
        resolve((action.action as { workflow: { workflowId: string } }).workflow.workflowId);
        return true;
      }, 'a run of the schedule').catch(reject);
    });
    expect(id).toMatch(/^zkferry-backup-main-orders-base-/);
    const handle = temporal.client.workflow.getHandle(id);
    expect(await handle.result()).toEqual({ repository: 'main', ensemble: 'orders' });
    await schedule('--delete');
  });

  it('of no time, and commands that do not say what is wanted, are refused as usage', async () => {
    const wrong = await schedule('--base', 'tomorrow');
    expect(wrong.code).toBe(2);
    expect(lastLine(wrong.out).error.message).toContain('tomorrow');
    expect((await schedule()).code).toBe(2);
    const never = await schedule('--base', '0 3 30 2 *');
    expect(never.code).toBe(2);
    expect(lastLine(never.out).error.message).toMatch(/"0 3 30 2 \*" never comes; nothing is/);
    expect(lastLine((await schedule('--list')).out).schedules).toEqual([]);
    expect((await schedule('--list', '--delete')).code).toBe(2);
    expect((await schedule('--base', '@daily', '--delete')).code).toBe(2);
  });

  it('of what the inventory does not know are refused before anything is scheduled', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-schedule-'));
    const inventory = join(directory, 'inventory.yaml');
    writeFileSync(inventory, 'ensembles: {}\n');
    try {
      const { code, out } = await schedule('--base', '0 3 * * *', '--inventory', inventory);
      expect(code).toBe(2);
      expect(lastLine(out).error.type).toBe('UnknownEnsemble');
      expect(lastLine((await schedule('--list')).out).schedules).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

it('says so when there is no such run or namespace', async () => {
  const nobody = await command('status', 'nobody', '--json');
  expect(nobody.code).toBe(1);
  expect(lastLine(nobody.out).error.type).toBe('RunNotFound');
  const control = await command('pause', 'nobody', '--json');
  expect(lastLine(control.out).error.type).toBe('RunNotFound');
  const elsewhere = await command('status', 'nobody', '--namespace', 'elsewhere', '--json');
  expect(lastLine(elsewhere.out).error.message).toContain('no namespace "elsewhere"');
});

it('says that no worker answers, with what Temporal itself knows', async () => {
  const id = await detached();
  worker.shutdown();
  await working;
  const { code, out } = await command('status', id);
  expect(code).toBe(0);
  expect(out).toContain('rollingUpgrade');
  expect(out).toContain('running');
  expect(out).toContain('start one with zkferry worker');
  const plan = await command('plan', ...upgrade, '--timeout', '3');
  expect(plan.out).toContain('no worker has taken it yet: waiting up to 3 s in all');
});
