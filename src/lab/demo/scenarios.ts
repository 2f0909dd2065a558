/** What a demo of each strategy starts with, asks for, and must end with. */
import type { WorkflowType } from '../../model/contract';
import type { UpgradeReport } from '../../model/status';
import type { Lab, LabOptions } from '../lab';
import type { Srvr } from '../probe';
import { DEMO_NAME, type DemoOptions, type ServerChange } from './types';

export type Answer = Srvr & { release: string };

/** What each server answered, by name; absent where it does not serve. */
export type Answers = ReadonlyMap<string, Answer>;

export interface Scenario {
  workflowType: WorkflowType;
  summary: string;
  lab: Omit<LabOptions, 'name'>;
  input(lab: Lab, before: Answers): Record<string, unknown>;
  /** Who belongs to the ensemble afterwards; absent: nobody comes or goes. */
  membersAfter(report: UpgradeReport | undefined): readonly string[] | undefined;
  /** A word for each server. */
  changes(lab: Lab, before: Answers, after: Answers): ServerChange[];
  /** What is wrong with these words. */
  problems(changes: readonly ServerChange[]): string[];
}

export const scenarioFor = (options: DemoOptions): Scenario =>
  options.strategy === 'resize' ? resize(options) : upgrade(options);

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
