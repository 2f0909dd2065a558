/** Advice on a migration: the modes compared, what people must do, who uses the ensemble. Beside a plan, not a part of it. */
import type { Finding } from '../../../model/facts';
import type { AdviceFacts, ClientUse, MigrationAdvice } from '../../../model/migrationAdvice';
import type { MigrateDataCenterInput, MigrationMode } from '../../../model/migrationInputs';
import type { Plan } from '../../../model/plan';
import { error, info, joinFindings, warning } from '../../findings';
import { manualChanges } from './manual';
import { modesOf } from './modes';
import { usersIn } from './users';

export function adviceOf(facts: AdviceFacts): MigrationAdvice {
  const users = usersIn(facts.znodes.paths);
  return {
    ...{ modes: modesOf(facts, users), manual: manualChanges(facts), users },
    unknown: unknownIn(facts),
  };
}

function unknownIn({ source, target, znodes }: AdviceFacts): string[] {
  const { tree } = source;
  const silent = [...source.servers, ...target.servers].filter(
    ({ host }) => host?.config === undefined,
  );
  return [
    ...(znodes.incomplete === undefined
      ? []
      : [`the look for known software: ${znodes.incomplete}`]),
    ...(tree === undefined || 'unknown' in tree
      ? [`sessions, ephemerals and ACLs of the whole tree: ${tree?.unknown ?? 'it was not read'}`]
      : []),
    ...(silent.length === 0
      ? []
      : [
          `settings of ${silent.map(({ server }) => server).join(', ')}: no zoo.cfg was read there`,
        ]),
  ];
}

/** The same plan, of the same hash, with the advice and what it finds. */
export function withAdvice(
  plan: Plan,
  advice: MigrationAdvice,
  input: Pick<MigrateDataCenterInput, 'mode' | 'trees' | 'acceptHarm'>,
): Plan {
  const found = [
    ...betterMode(advice, input.mode),
    ...(input.mode === 'logical' ? chrootedKafka(advice.users, input) : []),
  ];
  return { ...plan, advice, findings: joinFindings(plan.findings, found) };
}

/** Only where something is lost that need not be: whoever chose this mode may have reasons of their own. */
function betterMode({ modes }: MigrationAdvice, chosen: MigrationMode): Finding[] {
  const own = modes.find(({ mode }) => mode === chosen);
  const better = modes.find(({ recommended }) => recommended);
  if (own === undefined || better === undefined || better.mode === chosen) return [];
  if (better.loses.length >= own.loses.length) return [];
  return [
    info(
      'BetterMode',
      `mode ${chosen} loses ${own.loses.join(', ')}; mode ${better.mode} is possible too and ${better.loses.length === 0 ? 'keeps them' : `loses only ${better.loses.join(', ')}`}`,
      { hint: `take mode ${better.mode} unless there is a reason not to` },
    ),
  ];
}

/** Kafka below one name of the tree; at the root the plan itself has looked. */
function chrootedKafka(
  users: readonly ClientUse[],
  { trees = [{ from: '/' }], acceptHarm }: Pick<MigrateDataCenterInput, 'trees' | 'acceptHarm'>,
): Finding[] {
  // Below a subtree that was asked for the plan itself has looked too.
  if (trees.every(({ from }) => from !== '/')) return [];
  return users
    .filter(({ software, root }) => software === 'Kafka' && root !== '/')
    .map(({ root, paths, means }) => {
      const message = `${paths[0] ?? root} is there: ${means}`;
      return acceptHarm.includes('kafka')
        ? warning('KafkaEpoch', message)
        : error('KafkaEpoch', message, {
            hint: 'take mode stretch or physical; or say acceptHarm: ["kafka"]',
          });
    });
}
