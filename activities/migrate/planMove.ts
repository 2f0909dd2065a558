/** Plans of migrations between two ensembles: both sides as they are now, then pure functions. */
import { isZkferryError } from '../../src/model/errors';
import type { Finding } from '../../src/model/facts';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { Plan } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
import { error, warning } from '../../src/planning/findings';
import { lockFindings } from '../../src/planning/lockFindings';
import { copyTargetFindings } from '../../src/planning/move/targetFindings';
import { planLogical, planLogicalBack } from '../../src/planning/migrate/logicalPlan';
import {
  planPhysical,
  planPhysicalBack,
  type MoveFacts,
} from '../../src/planning/migrate/physicalPlan';
import { mayHaveServed } from '../../src/planning/migrate/mayHaveServed';
import type {
  MigrationBackArgs,
  PlanMigrationArgs,
  PlanResult,
  ReplanMigrationArgs,
  ReplanResult,
  WayBackResult,
} from '../api';
import type { Dependencies } from '../dependencies';
import { withLock } from '../lock';
import { observationOf } from '../observation';
import { observeEnsemble } from '../observe/observeEnsemble';
import { stillMissing } from '../planResize';
import { membersOf, withSession } from '../resolve';
import { lookAtTheirFiles } from './clientFindings';
import { checkTarget } from './moveTarget';
import { redirectedBy } from './planStretch';
import { takenFindings } from './takenTarget';

export async function planMoveNow(
  dependencies: Dependencies,
  args: PlanMigrationArgs,
  context: OperationContext,
): Promise<PlanResult> {
  const facts = await look(dependencies, args, context, true);
  return { plan: planFor(facts, args.input), observation: observationOf(facts.source) };
}

/** Past gate `start` nothing that a look finds changes what is to be done: steps hold where they must. */
export async function replanMove(
  dependencies: Dependencies,
  args: ReplanMigrationArgs,
  context: OperationContext,
): Promise<ReplanResult> {
  const { input, plan, done } = args;
  const facts = await look(dependencies, args, context, done.length === 0);
  const fresh = planFor(facts, input);
  const changed = done.length === 0 && stillMissing(fresh, done) !== stillMissing(plan, done);
  return {
    plan: changed ? fresh : { ...plan, findings: fresh.findings },
    changed,
    reason: changed ? `now ${fresh.goal}` : 'nothing has changed',
    meaningChanged: changed,
    observation: observationOf(facts.source),
  };
}

export async function planMoveWayBack(
  dependencies: Dependencies,
  args: MigrationBackArgs,
  context: OperationContext,
): Promise<WayBackResult> {
  const facts = await look(dependencies, args, context, false);
  const target = await dependencies.inventory.resolve(args.input.target);
  const opened =
    args.opened === true ||
    (args.begun.includes('startEnsemble/target') &&
      mayHaveServed(facts.target, membersOf(target), args.startZxid));
  return {
    possible: true,
    plan: planBackFor(facts, { ...args, opened }),
    observation: observationOf(facts.source),
  };
}

const planBackFor = (facts: MoveFacts, args: MigrationBackArgs): Plan => {
  const { input, begun, opened = false } = args;
  const done = { begun, opened, redirected: redirectedBy(args) };
  return input.mode === 'logical'
    ? planLogicalBack(facts, input, done)
    : planPhysicalBack(facts, input, done);
};

const planFor = (facts: MoveFacts, input: MigrateDataCenterInput): Plan =>
  input.mode === 'logical' ? planLogical(facts, input) : planPhysical(facts, input);

async function look(
  dependencies: Dependencies,
  { input, run }: PlanMigrationArgs,
  context: OperationContext,
  thorough: boolean,
): Promise<MoveFacts> {
  const [from, to] = await Promise.all([
    dependencies.inventory.resolve(input.source),
    dependencies.inventory.resolve(input.target),
  ]);
  const repository = input.repository ?? from.repository;
  const side = async (ensemble: ResolvedEnsemble) => {
    const facts = await observeEnsemble(dependencies, ensemble, { depth: 'full', context });
    return thorough ? withLock(dependencies, ensemble, facts, run, context) : facts;
  };
  const [source, target, clients, move] = await Promise.all([
    side(from),
    side(to),
    thorough ? lookAtTheirFiles(dependencies, from.clients, input) : { findings: [] },
    !thorough
      ? []
      : input.mode === 'physical'
        ? whyNotPhysical(dependencies, input, repository, context)
        : whyNotLogical(dependencies, from, to, input, context),
  ]);
  return {
    source,
    target,
    migration: {
      mode: input.mode,
      source: from.name,
      target: to.name,
      oldServers: membersOf(from).map(({ name }) => name),
      newServers: membersOf(to).map(({ name }) => name),
      targetIdentity: target.identity,
      ...(repository !== undefined && { repository }),
    },
    clients: from.clients,
    ...('connections' in clients && { connections: clients.connections }),
    findings: [
      ...lockFindings(source),
      ...lockFindings(target),
      ...source.warnings,
      ...clients.findings,
      ...move,
      ...(input.mode === 'logical'
        ? copyTargetFindings(source, target, input.trees === undefined)
        : []),
    ],
  };
}

async function whyNotPhysical(
  dependencies: Dependencies,
  { source, target }: MigrateDataCenterInput,
  repository: string | undefined,
  context: OperationContext,
): Promise<Finding[]> {
  if (repository === undefined)
    return [
      error(
        'NoRepository',
        'mode physical moves the data by a backup repository, and none is named',
        {
          hint: 'name one of the inventory: as repository of the input, or of the source in the inventory',
        },
      ),
    ];
  const { findings } = await checkTarget(dependencies, { source, target, repository }, context);
  return findings;
}

/** Kafka's broker epoch is the czxid of a znode: a copy gives it another, and brokers refuse what controllers say. */
const KAFKA = '/brokers/ids';

/** None where the ensemble can't be asked, which other findings say. */
async function existing(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  paths: readonly string[],
  { signal }: OperationContext,
): Promise<string[]> {
  try {
    return await withSession(dependencies, ensemble, { signal }, async (session) => {
      const found = await Promise.all(paths.map((path) => session.exists(path)));
      return paths.filter((_, index) => found[index] !== null);
    });
  } catch (thrown) {
    if (!isZkferryError(thrown) || thrown.type !== 'ZooKeeperUnavailable') throw thrown;
    return [];
  }
}

async function whyNotLogical(
  dependencies: Dependencies,
  from: ResolvedEnsemble,
  to: ResolvedEnsemble,
  { acceptHarm, trees = [{ from: '/' }] }: MigrateDataCenterInput,
  context: OperationContext,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    await withSession(dependencies, to, { signal: context.signal }, () => Promise.resolve());
  } catch (thrown) {
    if (!isZkferryError(thrown)) throw thrown;
    findings.push(
      error(
        'TargetNotServing',
        `mode logical copies into an ensemble that lives: ${thrown.message}`,
        {
          hint: 'start it, or take mode physical, which starts it on the data of the source',
        },
      ),
    );
  }
  if (findings.length === 0)
    findings.push(...(await takenFindings(dependencies, from, to, trees, context)));
  const paths = trees.map(({ from: root }) => `${root === '/' ? '' : root}${KAFKA}`);
  for (const path of await existing(dependencies, from, paths, context)) {
    const message = `${path} is there: a Kafka broker's epoch is the czxid of its znode, which a copy cannot keep`;
    const hint = 'take mode stretch or physical; or say acceptHarm: ["kafka"]';
    findings.push(
      acceptHarm.includes('kafka')
        ? warning('KafkaEpoch', message)
        : error('KafkaEpoch', message, { hint }),
    );
  }
  return findings;
}
