/**
 * The three modes for two ensembles, best first. Whether one is possible, and how long writes wait, is told from the
 * plan that it would have; beyond that only what no such plan looks at:
 *   1. stretch    a release that a rolling upgrade could mix with the present one; the round trip between both sites
 *   2. physical   the old servers' hosts: they are stopped, and their logs are read
 *   3. logical    the same hosts, for closing them; software that a copy harms
 */
import type { EnsembleFacts, Finding } from '../../../model/facts';
import type { AdviceFacts, ClientUse, ModeAdvice, ModeLook } from '../../../model/migrationAdvice';
import { MIGRATION_MODES, type MigrationMode } from '../../../model/migrationInputs';
import { sameOfSeveral } from '../../findings';
import { treeOf } from '../../members';
import { stretchVersionFindings } from '../stretchVersion';

const MAX_REASONS = 6;

const KEPT = ['sessions', 'ephemerals', 'zxids and times of znodes', 'sequence numbers'];

const KEEPS: Record<MigrationMode, readonly string[]> = {
  stretch: KEPT,
  physical: KEPT,
  logical: ['data', 'ACLs', 'types of znodes', 'sequence numbers'],
};

const BEST: Record<MigrationMode, string> = {
  stretch: 'it keeps everything, and writes wait for one change of the leader only',
  physical: 'it keeps sessions, ephemerals and zxids, which logical does not',
  logical: 'it is the only one that is possible',
};

/** Warnings of a plan that are about the mode itself. */
const OF_THE_MODE = new Set(['SessionsTooShort', 'ReleaseOlder', 'KafkaEpoch', 'SmallerMargin']);

export function modesOf(facts: AdviceFacts, users: readonly ClientUse[]): ModeAdvice[] {
  const advices = MIGRATION_MODES.map((mode) => adviceOn(mode, facts, users));
  const ranked = [...advices].sort((a, b) => Number(b.possible) - Number(a.possible));
  const [best] = ranked;
  return ranked.map((advice) =>
    advice === best && advice.possible
      ? { ...advice, recommended: true, reasons: [BEST[advice.mode], ...advice.reasons] }
      : advice,
  );
}

function adviceOn(
  mode: MigrationMode,
  facts: AdviceFacts,
  users: readonly ClientUse[],
): ModeAdvice {
  const look = facts.looks.find((one) => one.mode === mode);
  const refused = look?.refused;
  const against = sameOfSeveral([
    ...(refused === undefined ? [] : [objection(refused.message, refused.hint)]),
    ...(look?.findings.filter(({ severity }) => severity === 'error') ?? []),
    ...whyNot(mode, facts, users, look),
  ]);
  const possible = look !== undefined && against.length === 0;
  const known = look?.findings.filter((one) => isOfTheMode(one)) ?? [];
  return {
    mode,
    possible,
    recommended: false,
    keeps: [...KEEPS[mode]],
    loses: losesOf(mode, facts.source, known),
    ...(look?.outageMs !== undefined && { expectedOutageMs: look.outageMs }),
    reasons: fewOf((possible ? known : against).map(textOf)),
    needs: fewOf([...hintsOf(against), ...needsOf(mode, facts)]),
  };
}

const isOfTheMode = ({ code, severity }: Finding): boolean =>
  severity === 'warning' && OF_THE_MODE.has(code);

const textOf = ({ server, message }: Finding): string =>
  server === undefined || message.includes(server) ? message : `${server}: ${message}`;

const hintsOf = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.flatMap(({ hint }) => hint ?? [])),
];

const fewOf = (texts: readonly string[]): string[] =>
  texts.length <= MAX_REASONS
    ? [...texts]
    : [...texts.slice(0, MAX_REASONS - 1), `and ${texts.length - MAX_REASONS + 1} more`];

/** Of no plan: only its texts are shown. */
const OF_ADVICE = 'AgainstMode';

const objection = (message: string, hint?: string): Finding => ({
  severity: 'error',
  ...{ code: OF_ADVICE, message },
  ...(hint !== undefined && { hint }),
});

/** What the plan of this mode would not say by itself. */
function whyNot(
  mode: MigrationMode,
  { source, version, acceptHarm }: AdviceFacts,
  users: readonly ClientUse[],
  look: ModeLook | undefined,
): Finding[] {
  if (mode === 'stretch') {
    const said = new Set(look?.findings.map(({ code }) => code));
    const found = version === undefined ? [] : stretchVersionFindings(source, version);
    return found.filter(({ code }) => !said.has(code));
  }
  // What the plan looked at itself it has said: refused, or let be with a warning.
  const looked = look?.findings.some(({ code }) => code === 'KafkaEpoch') === true;
  const harmed = looked
    ? []
    : users.filter(
        ({ software, harmedBy }) =>
          harmedBy.includes(mode) && !acceptHarm.includes(software.toLowerCase()),
      );
  return [
    ...hostFindings(mode, source),
    ...harmed.map(({ software, root, means }) =>
      objection(`${software} at ${root}: ${means}`, 'take stretch or physical'),
    ),
  ];
}

function hostFindings(mode: MigrationMode, { servers }: EnsembleFacts): Finding[] {
  const out = servers.filter(({ host }) => host?.reachable !== true).map(({ server }) => server);
  if (out.length === 0) return [];
  const what =
    mode === 'physical'
      ? 'they could not be stopped, nor their logs be read'
      : 'they could not be closed to clients';
  return [
    objection(
      `${out.join(', ')} cannot be reached over SSH: ${what}`,
      'give SSH access to every old server in the inventory',
    ),
  ];
}

function losesOf(
  mode: MigrationMode,
  source: EnsembleFacts,
  findings: readonly Finding[],
): string[] {
  if (mode === 'logical') {
    const tree = treeOf(source);
    return [
      tree === undefined ? 'sessions' : counted(tree.sessions.count, 'session'),
      tree === undefined ? 'ephemerals' : counted(tree.ephemerals, 'ephemeral'),
      'zxids and times of znodes (czxid, mzxid, ctime, mtime)',
    ];
  }
  return findings.some(({ code }) => code === 'SessionsTooShort')
    ? ['sessions whose timeout is shorter than the outage, with their ephemerals']
    : [];
}

const counted = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;

const needsOf = (mode: MigrationMode, facts: AdviceFacts): string[] =>
  mode === 'stretch' ? roundTripOf(facts.source) : [];

const DEFAULT_TICK_MS = 3_000;

/** Nothing here measures a round trip between hosts; what it must stay under is known. */
function roundTripOf({ servers }: EnsembleFacts): string[] {
  const limits = servers.flatMap(({ host }) => {
    const { tickTime, syncLimit } = host?.config?.settings ?? {};
    return syncLimit === undefined ? [] : [Number(tickTime ?? DEFAULT_TICK_MS) * Number(syncLimit)];
  });
  const least = Math.min(...limits);
  return Number.isFinite(least)
    ? [
        `a round trip between both sites well under ${least} ms (tickTime × syncLimit): unknown, nothing measured it`,
      ]
    : ['a round trip between both sites that tickTime × syncLimit carries: unknown, both of them'];
}
