/** Members and whoever may come, as a plan of membership needs them. */
import { zooKeeperCode } from '../src/adapters/zookeeper';
import { isZkferryError } from '../src/model/errors';
import type { EnsembleFacts, ServerFacts } from '../src/model/facts';
import type { ResizeEnsembleInput } from '../src/model/inputs';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import { isServing, membersSeenBy } from '../src/planning/members';
import type { ResizeExtra } from '../src/planning/resize/resizePlan';
import type { Reach } from '../src/planning/resize/resizeFindings';
import type { PlanFor, Target } from './api';
import type { Dependencies } from './dependencies';
import { withLock } from './lock';
import { listed } from './memberNames';
import { observeEnsemble } from './observe/observeEnsemble';
import { resolveTarget, withMembers, withSession } from './resolve';

/** No configuration has this version: a write that names it is refused either way, and never carried out. */
const IMPOSSIBLE_VERSION = 0x7ffffffe;
const CONFIG_PATH = '/zookeeper/config';

export interface MemberLook {
  ensemble: ResolvedEnsemble;
  facts: EnsembleFacts;
  extra: ResizeExtra;
}

/** `thorough`: also what may be asked of whom, who can reach whom, and whether another run holds the ensemble. */
export async function lookAtMembers(
  dependencies: Dependencies,
  args: Target & PlanFor & { input: Pick<ResizeEnsembleInput, 'add' | 'replace'> },
  context: OperationContext,
  thorough: boolean,
): Promise<MemberLook> {
  const ensemble = await resolveTarget(dependencies, args);
  const seen = await observeEnsemble(dependencies, ensemble, { depth: 'full', context });
  const facts = thorough ? await withLock(dependencies, ensemble, seen, args.run, context) : seen;
  const candidates = await observeCandidates(dependencies, ensemble, context);
  const extra: ResizeExtra = {
    margin: ensemble.margin,
    hasDrainHook: ensemble.hooks?.drain !== undefined,
    candidates,
    findings: facts.warnings,
    ...(facts.reconfigEnabled === true &&
      thorough && { mayReconfigure: await mayReconfigure(dependencies, ensemble, context) }),
    ...(thorough && {
      reach: await reachOf(dependencies, ensemble, facts, joinersOf(args, ensemble), context),
    }),
  };
  return { ensemble, facts, extra };
}

const joinersOf = (
  { input }: { input: Pick<ResizeEnsembleInput, 'add' | 'replace'> },
  ensemble: ResolvedEnsemble,
): ResolvedServer[] => {
  const names = [...input.add, ...Object.values(input.replace)];
  return ensemble.servers.filter(({ name, spare }) => spare && names.includes(name));
};

/** The inventory's servers that are no members now, each by itself: they may belong to anything. */
async function observeCandidates(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<ServerFacts[]> {
  const spares = ensemble.servers.filter(({ spare }) => spare);
  const looks = await Promise.all(
    spares.map((server) =>
      observeEnsemble(dependencies, withMembers(ensemble, [server.name]), {
        depth: 'full',
        context,
      }),
    ),
  );
  return looks.flatMap(({ servers }) => servers);
}

/** Asked by a write that can only fail: NoAuth says no, BadVersion says yes. */
async function mayReconfigure(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { signal }: OperationContext,
): Promise<boolean | undefined> {
  try {
    await withSession(dependencies, ensemble, { signal }, (session) =>
      session.set(CONFIG_PATH, Buffer.alloc(0), IMPOSSIBLE_VERSION),
    );
    return undefined;
  } catch (error) {
    if (!isZkferryError(error) || error.type === 'SecretMissing') throw error;
    const code = zooKeeperCode(error);
    return code === 'NoAuth' ? false : code === 'BadVersion' ? true : undefined;
  }
}

/** Members to each joiner's quorum and election port, and each joiner to theirs. */
async function reachOf(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  joiners: readonly ResolvedServer[],
  context: OperationContext,
): Promise<Reach[]> {
  const members = ensemble.servers.filter(({ spare, ssh }) => !spare && ssh !== undefined);
  const portsOf = (server: ResolvedServer) => {
    const seen = facts.servers.flatMap((one) => membersSeenBy(one) ?? []);
    const { quorumPort, electionPort } =
      seen.find(({ id }) => id === server.id) ?? listed(server, server.role);
    return [quorumPort, electionPort];
  };
  const up = (server: ResolvedServer) =>
    facts.servers.some((one) => one.server === server.name && isServing(one));
  const ask = async (from: ResolvedServer, to: readonly ResolvedServer[]): Promise<Reach[]> => {
    const targets = to.flatMap((server) =>
      portsOf(server).map((port) => ({ name: server.name, host: server.host, port })),
    );
    const answers = await host.reach(from, targets, context);
    return answers.map(({ state, port }, index) => ({
      from: from.name,
      to: targets[index]!.name,
      port,
      state,
    }));
  };
  const asked = await Promise.all([
    ...(joiners.length > 0 ? members.filter(up).map((member) => ask(member, joiners)) : []),
    ...joiners.map((joiner) => ask(joiner, members.filter(up))),
  ]);
  return asked.flat();
}
