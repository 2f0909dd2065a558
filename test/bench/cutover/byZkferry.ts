/** A whole run of a migration, under load, with every gate passed as soon as it asks. */
import { checkLoad } from '../../../src/lab/check/checkLoad';
import type { Lab } from '../../../src/lab/lab';
import type { MigrationMode } from '../../../src/model/migrationInputs';
import type { StatusDocument } from '../../../src/model/status';
import { Harness, type Run } from '../../support/harness';
import { TwoSides } from '../../support/twoSides';
import { atEnd } from '../cleanup';
import { round, tell } from '../figure';
import { acknowledgedAt, longestSilence, type Silence } from './clients';
import { FROM, JAVA_OPTIONS, SESSION_TIMEOUT_MS, SETTINGS, TO, fill } from './sides';

export const MODES = ['stretch', 'physical', 'logical'] as const satisfies MigrationMode[];
const OTHER_SIDE = 'dc2';
const AUTO = { mode: 'auto' as const };
const LONG_MS = 900_000;

export interface Moved {
  mode: MigrationMode;
  nodes: number;
  outageMs: number;
  /** Of `logical`: how much of it is the wait for the sessions of the old side to end. */
  sessionExpiryMs?: number;
  lostWrites: number;
  /** Steps that lay in it: how much of each, ms. Between them the workflow decides. */
  steps: Record<string, number>;
}

interface Stage {
  run: Run;
  journalPath: string;
  /** Stops the load. */
  quiet: () => Promise<void>;
  after: { connectString: string };
  destroy: () => Promise<void>;
}

export async function moved(mode: MigrationMode, nodes: number): Promise<Moved> {
  const stage = await (mode === 'stretch' ? stretched(nodes) : beside(mode, nodes));
  try {
    await stage.run.approve('start');
    await stage.run.approve('complete', LONG_MS);
    const { outcome, text } = await stage.run.report(LONG_MS);
    if (outcome !== 'completed') throw new Error(`the run has not completed: ${text}`);
    const status = await stage.run.until('its steps', ({ report }) => report !== undefined);
    await stage.quiet();
    const check = await checkLoad({
      journalPath: stage.journalPath,
      connectString: stage.after.connectString,
    });
    const silence = longestSilence(await acknowledgedAt(stage.journalPath));
    const steps = stepsWithin(status, silence);
    tell(timelineOf(status, silence));
    const waited = steps['awaitSessionExpiry/source'];
    return {
      ...{ mode, nodes, outageMs: silence.toMs - silence.fromMs },
      ...(waited !== undefined && { sessionExpiryMs: waited }),
      lostWrites: check.lostWrites,
      steps,
    };
  } finally {
    await stage.destroy();
  }
}

/** A target of its own; empty and never started, or living. */
async function beside(mode: 'physical' | 'logical', nodes: number): Promise<Stage> {
  const sides = await TwoSides.create({
    ...{ name: `cut-${mode}`, from: FROM, to: TO, lives: mode === 'logical' },
    ...{ settings: SETTINGS, javaOptions: JAVA_OPTIONS },
  });
  const destroy = atEnd(() => sides.destroy());
  await fill(sides.source, nodes);
  const load = await sides.startLoad({ sessionTimeoutMs: SESSION_TIMEOUT_MS });
  const run = await sides.start({ mode, gates: { cutover: AUTO } });
  const { target } = sides;
  return { run, journalPath: load.journalPath, quiet: () => load.stop(), after: target, destroy };
}

async function stretched(nodes: number): Promise<Stage> {
  const harness = await Harness.create({
    ...{ name: 'cut-stretch', version: FROM, releases: [TO], servers: 3, spares: 3 },
    ...{ reconfig: true, otherSide: OTHER_SIDE, settings: SETTINGS, javaOptions: JAVA_OPTIONS },
  });
  const destroy = atEnd(() => harness.destroy());
  const { lab } = harness;
  await fill(lab, nodes);
  const load = await harness.startLoadOfFile();
  const request = { mode: 'stretch' as const, target: OTHER_SIDE, version: TO };
  const run = await harness.startMigration({ ...request, gates: { cutover: AUTO } });
  const quiet = async () => {
    await load.stop();
    lab.setMembers(newMembers(lab));
  };
  return { run, journalPath: load.journalPath, quiet, after: lab, destroy };
}

const newMembers = (lab: Lab): string[] =>
  lab.servers.filter(({ spare }) => spare).map(({ name }) => name);

type Times = { id: string; fromMs: number; toMs: number };

const timesOf = ({ plan }: StatusDocument): Times[] =>
  (plan?.steps ?? []).flatMap(({ id, startedAt, finishedAt }) =>
    startedAt === undefined || finishedAt === undefined
      ? []
      : [{ id, fromMs: Date.parse(startedAt), toMs: Date.parse(finishedAt) }],
  );

function stepsWithin(status: StatusDocument, silence: Silence): Record<string, number> {
  const parts = timesOf(status).flatMap(({ id, fromMs, toMs }) => {
    const ms = Math.min(silence.toMs, toMs) - Math.max(silence.fromMs, fromMs);
    return ms > 0 ? [[id, round(ms, 0)] as const] : [];
  });
  return Object.fromEntries(parts);
}

/** Every step, ms from the beginning of the silence. */
function timelineOf(status: StatusDocument, silence: Silence): string {
  const since = (ms: number): number => round(ms - silence.fromMs, 0);
  const lines = timesOf(status).map(
    ({ id, fromMs, toMs }) => `  ${id} ${since(fromMs)} to ${since(toMs)}`,
  );
  return [`silent for ${since(silence.toMs)} ms`, ...lines].join('\n');
}
