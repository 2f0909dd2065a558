/**
 * `node dist/test/histories/record.js [NAME…]`: records the histories that test/upgrade/replay.test.ts replays,
 * from real runs. Do it again only on purpose: a run that is open while workers are updated goes on from a
 * history like these, so a change that makes them fail needs `patched` in the workflow instead.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { projectRoot } from '../../src/lab/projectRoot';
import { Harness, type HarnessOptions, type Run } from '../support/harness';
import { liveStatus, untilCapturing } from '../support/liveStatus';
import { until } from '../support/until';
import { toJson, type HistoryJson } from './format';

const FROM = '3.8.4';
const TO = '3.9.6';
/** Neutral, since paths of hosts stand in histories. */
const LAB_DIRECTORY = '/tmp/zkferry-lab';
const MAX_BYTES = 450_000;
/** Nothing of the machine that recorded may be in a history. */
const PERSONAL = [/\/root\b/, /\/home\//, /\/work\//, /\/Users\//, /\bfile:\//];

const recordings: Record<string, (harness: Harness) => Promise<Run>> = {
  rejected: async (harness) => {
    const run = await harness.startUpgrade({ version: TO });
    await run.atGate('start');
    await run.handle.signal('reject', { gate: 'start', approver: 'tester', comment: 'not today' });
    await run.report();
    return run;
  },

  rolledBack: async (harness) => {
    const run = await harness.upgrade({
      version: TO,
      gates: { beforeLeader: { mode: 'ask' }, finalize: { mode: 'ask' } },
    });
    await run.approve('beforeLeader');
    await run.atGate('finalize');
    await run.send('rollback', { by: 'tester' });
    await run.report();
    return run;
  },

  forward: async (harness) => {
    const run = await harness.upgrade({ version: TO });
    await run.report();
    return run;
  },

  pausedAndTuned: async (harness) => {
    const run = await harness.upgrade({ version: TO, soakMs: 2_000 });
    await run.until('the first server upgraded', ({ plan }) =>
      Boolean(plan?.steps.some((step) => step.activity === 'soak' && step.state === 'done')),
    );
    await run.handle.signal('pause', { by: 'tester' });
    await run.until('paused', ({ state }) => state === 'paused');
    await run.send('tune', { soakMs: 500 });
    await run.handle.signal('approve', { gate: 'finalize', approver: 'too early: refused' });
    await run.send('resume', { by: 'tester' });
    await run.report();
    return run;
  },
};

const RESIZE_LAB = { version: TO, servers: 3, spares: 1, reconfig: true };

/** On an ensemble with a spare. */
const resizeRecordings: Record<string, (harness: Harness) => Promise<Run>> = {
  resizedBack: async (harness) => {
    const run = await harness.resize({
      replace: { zk1: 'zk4' },
      gates: { beforeRemove: { mode: 'ask' } },
    });
    await run.atGate('beforeRemove');
    await run.send('reject', { gate: 'beforeRemove', approver: 'tester' });
    await run.report();
    return run;
  },

  resized: async (harness) => {
    const run = await harness.resize({ replace: { zk1: 'zk4' } });
    await run.report();
    return run;
  },
};

/** Each makes the backup that it needs. */
const backupRecordings: Record<string, (harness: Harness) => Promise<Run>> = {
  backedUp: async (harness) => {
    const run = await harness.startBackup();
    await captures(harness, run);
    await run.send('pause', { by: 'tester' });
    // Until then it is its activity that ends, which a resume would let go on.
    await until(
      'the capture to have ended',
      async () =>
        (await liveStatus(harness, run.handle.workflowId)).capture?.state === 'idle' || undefined,
      60_000,
    );
    await run.send('resume', { by: 'tester' });
    await captures(harness, run);
    await run.send('stop', { by: 'tester' });
    await run.handle.result();
    return run;
  },

  baseTaken: (harness) => ended(harness.startOnBackup('takeBase')),

  drilled: async (harness) => {
    await harness.takeBase();
    return ended(harness.startOnBackup('verifyBackup'));
  },

  restoredBack: async (harness) => {
    await harness.takeBase();
    const run = await harness.startRestore();
    await run.approve('start');
    await run.until('data to be set aside', ({ plan }) =>
      Boolean(
        plan?.steps.some((step) => step.activity === 'setAsideData' && step.state === 'done'),
      ),
    );
    await run.send('rollback', { by: 'tester' });
    await run.report();
    return run;
  },

  restored: async (harness) => {
    await harness.takeBase();
    const run = await harness.startRestore();
    await run.approve('start');
    await run.report();
    return run;
  },
};

/** With the load that the lab's inventory has as a client. */
const migrateRecordings: Record<string, (harness: Harness) => Promise<Run>> = {
  stretched: async (harness) => {
    await harness.startLoadOfFile();
    const run = await harness.startMigration({ mode: 'stretch', target: OTHER_SIDE });
    await run.approve('start');
    await run.approve('cutover');
    await run.approve('complete');
    await run.report();
    return run;
  },

  movedBack: (harness) => thereAndBack(harness, 'physical'),

  copiedBack: async (harness) => {
    const { lab } = harness;
    for (const { name } of lab.servers.filter(({ spare }) => spare)) await lab.startServer(name);
    return thereAndBack(harness, 'logical');
  },
};

async function thereAndBack(harness: Harness, mode: 'physical' | 'logical'): Promise<Run> {
  await harness.startLoadOfFile();
  const run = await harness.startMigration({ mode, target: OTHER_SIDE, openAfter: 'fence' });
  await run.approve('start');
  await run.approve('cutover');
  await run.atGate('complete');
  await run.send('rollback', { by: 'tester' });
  await run.report();
  return run;
}

const captures = (harness: Harness, run: Run) =>
  untilCapturing(harness, run.handle.workflowId, 'the capture');

async function ended(started: Promise<Run>): Promise<Run> {
  const run = await started;
  await run.handle.result();
  return run;
}

const BACKUP_LAB = { version: TO, servers: 3 };

const OTHER_SIDE = 'dc2';
const TWO_SIDES = { servers: 3, spares: 3, otherSide: OTHER_SIDE };
const MIGRATE_LABS: Record<string, Partial<HarnessOptions>> = {
  stretched: { ...TWO_SIDES, version: TO, reconfig: true },
  movedBack: { ...TWO_SIDES, version: FROM, otherVersion: TO },
  copiedBack: { ...TWO_SIDES, version: FROM, otherVersion: TO },
};

const all = { ...recordings, ...resizeRecordings, ...backupRecordings, ...migrateRecordings };

const labOf = (name: string): Partial<HarnessOptions> =>
  MIGRATE_LABS[name] ??
  (name in recordings ? { version: FROM } : name in resizeRecordings ? RESIZE_LAB : BACKUP_LAB);

async function main(names: string[]): Promise<void> {
  let harness: Harness | undefined;
  try {
    for (const name of names) {
      const record = all[name];
      if (!record)
        throw new Error(`no recording ${name}; there are ${Object.keys(all).join(', ')}`);
      harness ??= await Harness.create({
        ...{ name: 'ferry', directory: LAB_DIRECTORY },
        ...labOf(name),
      });
      const run = await record(harness);
      save(name, toJson(await run.handle.fetchHistory()));
      const { outcome } = await run.report();
      if (outcome !== 'completed' && !(name in migrateRecordings)) continue;
      // The ensemble is another one now.
      await harness.destroy();
      harness = undefined;
    }
  } finally {
    await harness?.destroy();
  }
}

function save(name: string, recorded: HistoryJson): void {
  const history = neutral(withoutCallArguments(recorded)) as HistoryJson;
  const text = `{"events":[\n${history.events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
  const readable = `${text}\n${decoded(history).join('\n')}`;
  for (const pattern of PERSONAL) {
    const at = readable.search(pattern);
    if (at >= 0)
      throw new Error(
        `${name} holds ${pattern}: …${readable.slice(Math.max(0, at - 150), at + 100)}…`,
      );
  }
  if (text.length > MAX_BYTES)
    throw new Error(
      `${name} is ${text.length} bytes long: ${JSON.stringify(bytesByType(history))}`,
    );
  const file = join(projectRoot(), 'test', 'histories', `${name}.json`);
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
  process.stdout.write(`${name}: ${history.events.length} events, ${text.length} bytes\n`);
}

/** A replay compares which activities are called, not what they are given: half of a history's size. */
const withoutCallArguments = ({ events }: HistoryJson): HistoryJson => ({
  events: events.map((event) => {
    const { activityTaskScheduledEventAttributes: scheduled } = event;
    if (!scheduled) return event;
    return { ...event, activityTaskScheduledEventAttributes: { ...scheduled, input: undefined } };
  }),
});

/** Who did a task, and where in the code it failed, means nothing to a replay. */
function neutral(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(neutral);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      key === 'identity' ? 'recorded' : key === 'stackTrace' ? '' : neutral(field),
    ]),
  );
}

function bytesByType({ events }: HistoryJson): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const event of events)
    bytes[event.eventType] = (bytes[event.eventType] ?? 0) + JSON.stringify(event).length;
  return bytes;
}

/** The text of every payload. */
function decoded(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) =>
    key === 'data' && typeof field === 'string'
      ? [Buffer.from(field, 'base64').toString('utf8')]
      : decoded(field),
  );
}

const asked = process.argv.slice(2);
main(asked.length > 0 ? asked : Object.keys(all)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`);
    process.exit(1);
  },
);
