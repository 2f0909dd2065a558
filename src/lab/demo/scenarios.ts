/** What a demo of each strategy starts with, asks for, and must end with. */
import type { WorkflowType } from '../../model/contract';
import type { UpgradeReport } from '../../model/status';
import type { Lab } from '../lab';
import type { Srvr } from '../probe';
import type { DemoLab } from './stage';
import { DEMO_NAME, type DemoOptions, type ServerChange } from './types';

export type Answer = Srvr & { release: string };

/** What each server answered, by name; absent where it does not serve. */
export type Answers = ReadonlyMap<string, Answer>;

export interface Scenario {
  workflowType: WorkflowType;
  summary: string;
  lab: DemoLab;
  /** Sessions cannot go on, on purpose. */
  endsSessions?: boolean;
  input(lab: Lab, before: Answers): Record<string, unknown>;
  /** Who belongs to the ensemble afterwards; absent: nobody comes or goes. */
  membersAfter(report: UpgradeReport | undefined): readonly string[] | undefined;
  /** A word for each server. */
  changes(lab: Lab, before: Answers, after: Answers): ServerChange[];
  /** What is wrong with these words. */
  problems(changes: readonly ServerChange[]): string[];
}

export const scenarioFor = (options: DemoOptions): Scenario =>
  options.strategy === 'migrate'
    ? migrate(options)
    : options.strategy === 'resize'
      ? resize(options)
      : upgrade(options);

const upgrade = ({ fromVersion, toVersion, servers }: DemoOptions): Scenario => ({
  workflowType: 'rollingUpgrade',
  summary: `demo: ${fromVersion} to ${toVersion}`,
  lab: { version: fromVersion, servers },
  input: () => ({ target: { version: toVersion } }),
  membersAfter: () => undefined,
  changes: (lab, before, after) =>
    lab.members.map(({ name }) => ({
      server: name,
      before: before.get(name)?.release ?? 'unknown',
      after: after.get(name)?.release ?? 'not serving',
    })),
  problems: (changes) =>
    changes.flatMap(({ server, after }) =>
      after === toVersion ? [] : [`${server} runs ${after}, not ${toVersion}`],
    ),
});

const SPARE = 'spare';
const GONE = 'left';

/** Two servers more, and another one in the place of the leader: everything a resize can do to an ensemble. */
const resize = ({ fromVersion, servers }: DemoOptions): Scenario => ({
  workflowType: 'resizeEnsemble',
  summary: `demo: ${servers} to ${servers + 2} servers, the leader replaced`,
  lab: { version: fromVersion, servers, spares: 3, reconfig: true },
  input(lab, before) {
    const [first, second, third] = lab.servers.filter(({ spare }) => spare).map(({ name }) => name);
    const leader = lab.members.find(({ name }) => before.get(name)?.mode === 'leader');
    return { add: [first, second], replace: { [(leader ?? lab.members[0]!).name]: third } };
  },
  membersAfter: (report) => report?.members?.after?.voters,
  changes: (lab, before, after) =>
    lab.servers.map(({ name }) => ({
      server: name,
      before: before.get(name)?.mode ?? SPARE,
      after: after.get(name)?.mode ?? GONE,
    })),
  problems(changes) {
    const serving = changes.filter(({ after }) => after === 'leader' || after === 'follower');
    const gone = changes.filter(({ after }) => after === GONE);
    return [
      ...(serving.length === servers + 2
        ? []
        : [`${serving.length} servers vote, not ${servers + 2}`]),
      ...(gone.length === 1 && gone[0]!.before === 'leader'
        ? []
        : ['it is not just the former leader that has left']),
    ];
  },
});

const OTHER_SIDE = 'demo-dc2';
/** Enough to see that the new side stays well, for a demo. */
const WATCH_MS = 3_000;

/** The ensemble and its clients to as many other servers. */
const migrate = ({ mode = 'stretch', fromVersion, toVersion, servers }: DemoOptions): Scenario => ({
  workflowType: 'migrateDataCenter',
  summary: `demo: ${servers} servers to another data centre, ${mode}`,
  lab: {
    ...{ version: fromVersion, servers, spares: servers, otherSide: OTHER_SIDE },
    ...(mode === 'stretch' ? { reconfig: true } : { otherVersion: toVersion }),
    otherRuns: mode === 'logical',
  },
  endsSessions: mode === 'logical',
  input: () => ({
    source: DEMO_NAME,
    ensemble: undefined,
    target: OTHER_SIDE,
    ...{ mode, watchMs: WATCH_MS },
    ...(mode === 'stretch' && toVersion !== fromVersion && { version: toVersion }),
  }),
  membersAfter: (report) =>
    report?.outcome === 'completed'
      ? Array.from({ length: servers }, (_, index) => `zk${servers + index + 1}`)
      : undefined,
  changes: (lab, before, after) =>
    lab.servers.map(({ name }) => ({
      server: name,
      before: before.get(name)?.mode ?? SPARE,
      after: after.get(name)?.mode ?? GONE,
    })),
  problems(changes) {
    const [old, fresh] = [changes.slice(0, servers), changes.slice(servers)];
    return [
      ...old.flatMap(({ server, after }) =>
        after === GONE ? [] : [`${server} of the old side still serves, as ${after}`],
      ),
      ...fresh.flatMap(({ server, after }) =>
        after === GONE ? [`${server} of the new side does not serve`] : [],
      ),
    ];
  },
});

/** Under which the demo's ensemble is known to the run. */
export const inputOf = (
  scenario: Scenario,
  lab: Lab,
  before: Answers,
  soakMs: number | undefined,
): Record<string, unknown> => ({
  ensemble: DEMO_NAME,
  ...scenario.input(lab, before),
  requestedBy: 'demo',
  ...(soakMs === undefined ? {} : { soakMs }),
});
