/**
 * The plan of a migration by stretching: the ensemble is extended into the other data centre, then drawn over to it.
 *   1. the new servers join as observers
 *   2. clients are led to them, batch by batch
 *   3. gate `cutover`: voters are swapped promptly, one in, one out, the leader last
 *   4. the new members are watched; gate `complete`; the old servers are retired
 * Told from facts as a resize is, and run by its steps. The way back leads clients back before the new servers leave.
 */
import type { EnsembleFacts, Finding } from '../../model/facts';
import type { MigrateDataCenterInput } from '../../model/migrationInputs';
import type { MembershipNames, Migration, Plan, PlanStep } from '../../model/plan';
import type { FileConnections } from '../../model/redirect';
import { error } from '../findings';
import { withHash } from '../planHash';
import { planResize, planResizeBack, type ResizeExtra } from '../resize/resizePlan';
import { closingSteps } from './closingSteps';
import { redirectSteps, returnStep, type RedirectFrame } from './redirectSteps';
import { resizeInputOf } from './stretchInput';
import { stretchPath } from './stretchPath';
import { stretchVersionFindings } from './stretchVersion';

export interface StretchExtra extends ResizeExtra {
  migration: Migration;
  /** Names of those to be redirected, in their order. */
  clients: readonly string[];
  /** What their files say, by client. */
  connections?: Readonly<Record<string, FileConnections>>;
  /** What the old servers ran before, by name: what they run again on the way back. */
  formerVersions?: Readonly<Record<string, string>>;
}

export function planStretch(
  facts: EnsembleFacts,
  input: MigrateDataCenterInput,
  extra: StretchExtra,
): Plan {
  const plan = planResize(facts, resizeInputOf(input, extra.migration), extra, stretchPath);
  const steps = ownVersions(plan.steps, input, extra);
  const firstSwap = steps.findIndex(({ id }) => /^(promote|remove)\//.test(id));
  const [joining, swapping] =
    firstSwap === -1 ? [steps, []] : [steps.slice(0, firstSwap), steps.slice(firstSwap)];
  return stretched(plan, extra, {
    goal: `${extra.migration.source} to ${extra.migration.target}: ${extra.migration.newServers.join(', ')} join, clients follow, ${extra.migration.oldServers.join(', ')} leave`,
    steps: [
      ...joining,
      ...redirectSteps(redirectFrame(input, extra)),
      ...swapped(swapping, extra),
      ...closingSteps(input, extra.migration),
    ],
    findings: [
      ...staticFindings(facts),
      ...versionFindings(facts, input, extra),
      ...plan.findings.filter(counts(input, extra)),
    ],
  });
}

/** Once it is begun, what runs beside each other does so. */
const versionFindings = (
  facts: EnsembleFacts,
  { version }: MigrateDataCenterInput,
  { underway }: StretchExtra,
): Finding[] =>
  version === undefined || underway === true ? [] : stretchVersionFindings(facts, version);

/** While the new servers run another release than the old, that is what was asked for. */
const counts =
  ({ version }: MigrateDataCenterInput, { underway }: StretchExtra) =>
  ({ code }: Finding): boolean =>
    !(code === 'MixedVersions' && version !== undefined && underway === true);

export function planStretchBack(
  facts: EnsembleFacts,
  former: MembershipNames,
  input: MigrateDataCenterInput,
  extra: StretchExtra,
  redirected: readonly string[],
): Plan {
  const plan = planResizeBack(facts, former, resizeInputOf(input, extra.migration), extra);
  const steps = ownVersions(plan.steps, input, extra);
  const leaves = steps.findIndex(
    ({ server = '', activity }) =>
      extra.migration.newServers.includes(server) &&
      ['changeMembers', 'stopServer', 'redirectClients'].includes(activity),
  );
  const at = leaves === -1 ? steps.length : leaves;
  const back = redirected.length > 0 ? [returnStep(redirected, redirectFrame(input, extra))] : [];
  return stretched(plan, extra, {
    goal: `${facts.ensemble} as it was: ${former.voters.join(', ')}`,
    steps: [...steps.slice(0, at), ...back, ...steps.slice(at)],
    findings: plan.findings.filter(counts(input, { ...extra, underway: true })),
  });
}

const redirectFrame = (
  input: MigrateDataCenterInput,
  { migration, clients, connections }: StretchExtra,
): RedirectFrame => ({
  clients,
  ...(connections && { connections }),
  redirect: input.redirect,
  asks: input.gates.nextBatch !== undefined,
  to: migration.target,
  from: migration.source,
});

/** The new servers may run a newer release than the old; each keeps the one it has. */
const ownVersions = (
  steps: readonly PlanStep[],
  { version: asked }: MigrateDataCenterInput,
  { migration, formerVersions = {} }: StretchExtra,
): PlanStep[] =>
  steps.map(({ gate: _gate, gateReason: _gateReason, ...step }) => {
    const { server = '' } = step;
    const version = migration.newServers.includes(server) ? asked : formerVersions[server];
    return version === undefined
      ? step
      : { ...step, toVersion: version, title: withVersion(step, version) };
  });

const withVersion = ({ title, toVersion }: PlanStep, version: string): string =>
  toVersion === undefined ? title : title.replace(toVersion, version);

/** Neither watched nor paused between one in and one out: an even number of voters tolerates no more than one fewer. */
function swapped(steps: readonly PlanStep[], { migration }: StretchExtra): PlanStep[] {
  const kept = steps.filter(
    ({ id, activity }) => !(id.startsWith('promote/') && activity === 'soak'),
  );
  return kept.map((step, index) => ({
    ...step,
    ...(index > 0 && { promptly: true }),
    ...(index === 0 && {
      gate: 'cutover' as const,
      gateReason: `passing lets the servers of ${migration.target} vote and those of ${migration.source} leave, one in, one out; the lead goes over once, at the end. Going back stays possible until gate complete`,
    }),
  }));
}

function staticFindings({ reconfigEnabled }: EnsembleFacts): Finding[] {
  if (reconfigEnabled === true) return [];
  return [
    error(
      'ReconfigNeeded',
      'mode stretch changes members by reconfiguration, which this ensemble does not have (3.5 or later with reconfigEnabled=true)',
      {
        hint: 'set reconfigEnabled=true by a rolling restart first, or take mode physical or logical',
      },
    ),
  ];
}

function stretched(
  plan: Plan,
  { migration }: StretchExtra,
  parts: Pick<Plan, 'goal' | 'steps' | 'findings'>,
): Plan {
  return withHash({ ...plan, ...parts, strategy: 'migrateDataCenter', migration });
}
