/** Steps of a server that is to join: its host provisioned from a member's files, then proven as a learner. */
import { commitCanaryThrough, readCanaryFrom } from '../../src/adapters/zookeeper';
import { memberLines } from '../../src/codec/memberList';
import { parseZooCfg } from '../../src/codec/zooCfg';
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { MembershipNames } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
import { joinerFiles } from '../../src/planning/resize/joinerFiles';
import type { StepActivities, StepArgs, StepResult } from '../api';
import type { Dependencies } from '../dependencies';
import { sessionOptions } from '../health';
import { znodePlace } from '../lock';
import { observationOf } from '../observation';
import { observeEnsemble } from '../observe/observeEnsemble';
import { operation, tokenOf, waitFor } from '../operation';
import { resolveServer, serverOf } from '../resolve';
import { listOf, membershipOf, namesIn, textOf } from '../memberNames';

export function joinSteps(
  dependencies: Dependencies,
): Pick<StepActivities, 'provisionServer' | 'verifyJoiner'> {
  const { host } = dependencies;
  return {
    provisionServer: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const token = tokenOf(args.fence);
        const version = args.step.toVersion ?? '';
        const model = await modelFor(dependencies, ensemble, args, context);
        const files = await filesFor(dependencies, ensemble, model, server, args, context);
        const script =
          server.service?.kind === 'script' ? await host.readService(model, context) : {};
        await host.stagePackage(server, version, token, context);
        context.heartbeat({ staged: version });
        await host.installPackage(server, version, token, context);
        context.heartbeat({ installed: version });
        const { changed } = await host.provisionServer(
          server,
          { ...files, myid: server.id, ...script },
          token,
          context,
        );
        return {
          detail: `${changed ? `provisioned with ${version}` : 'was provisioned already'}, settings as ${model.name} has them`,
        };
      }),

    verifyJoiner: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const { before } = membershipOf(args.step);
        return waitFor<StepResult>(
          `${server.name} follows the ensemble as a learner`,
          { timeoutMs: args.tuning.settleTimeoutMs, context },
          async () => {
            const facts = await observeEnsemble(dependencies, ensemble, {
              depth: 'quorum',
              context,
            });
            const reasons = whyNotFit(
              facts.servers.find((one) => one.server === server.name),
              {
                version: args.step.toVersion ?? '',
                before,
                ensemble,
              },
            );
            if (facts.leader === undefined) reasons.push('no leader is seen');
            if (reasons.length > 0) return { reasons };
            const behind = await whyBehind(dependencies, ensemble, server, before, context);
            if (behind !== undefined) return { reasons: [behind] };
            return {
              value: {
                detail: `${server.name} serves ${args.step.toVersion} as a learner of ${facts.leader} and holds its newest write`,
                observation: observationOf(facts, ensemble),
              },
            };
          },
        );
      }),
  };
}

/** A member to take files from: one that stays, with a way to its host. */
async function modelFor(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  context: OperationContext,
): Promise<ResolvedServer> {
  const { before } = membershipOf(args.step);
  const reasons: string[] = [];
  for (const name of [...before.voters, ...before.observers]) {
    if (name === args.step.server) continue;
    const server = serverOf(ensemble, name);
    const seen = await host.observe(server, context, { depth: 'files' });
    if (seen.reachable && seen.config) return server;
    reasons.push(`${name}: ${seen.error?.message ?? 'no zoo.cfg'}`);
  }
  throw new ZkferryError(
    'SshUnreachable',
    `no member's configuration can be read to make that of ${args.step.server} from (${reasons.join('; ')})`,
    { retryable: true },
  );
}

async function filesFor(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  model: ResolvedServer,
  joiner: ResolvedServer,
  args: StepArgs,
  context: OperationContext,
) {
  const { before } = membershipOf(args.step);
  const { zooCfg, javaEnv } = await host.readConfiguration(model, context);
  const seen = await host.observe(model, context, { depth: 'files' });
  const known = seen.members ?? parseZooCfg(zooCfg.text).servers;
  const listed: MembershipNames = {
    voters: before.voters.filter((name) => name !== joiner.name),
    observers: [...before.observers.filter((name) => name !== joiner.name), joiner.name],
  };
  const files = joinerFiles({
    version: args.step.toVersion ?? '',
    model,
    modelZooCfg: zooCfg.text,
    modelJavaEnv: javaEnv?.text,
    joiner,
    members: listOf(listed, ensemble, known),
    known: memberLines(zooCfg.text),
  });
  return {
    zooCfg: files.zooCfg,
    ...(files.javaEnv !== undefined &&
      javaEnv && {
        javaEnv: {
          name: javaEnv.path.endsWith('zookeeper-env.sh')
            ? ('zookeeper-env.sh' as const)
            : ('java.env' as const),
          text: files.javaEnv,
        },
      }),
    dataDir: files.dataDir,
    ...(files.dataLogDir !== undefined && { dataLogDir: files.dataLogDir }),
  };
}

type Seen = Awaited<ReturnType<typeof observeEnsemble>>['servers'][number];

function whyNotFit(
  seen: Seen | undefined,
  wanted: { version: string; before: MembershipNames; ensemble: ResolvedEnsemble },
): string[] {
  if (seen?.state !== 'serving')
    return [
      `it is ${seen?.state ?? 'not looked at'}${seen?.stateDetail ? ` (${seen.stateDetail})` : ''}`,
    ];
  const reasons: string[] = [];
  if (seen.version !== wanted.version)
    reasons.push(`it says version ${seen.versionText ?? 'none'}, not ${wanted.version}`);
  if (seen.role !== 'observer' && seen.role !== 'follower')
    reasons.push(`it is ${seen.role}: it must follow, not lead`);
  if (seen.members && seen.members.length > 0) {
    const own = namesIn(seen.members, wanted.ensemble);
    const missing = [...wanted.before.voters].filter((name) => !own.voters.includes(name));
    if (missing.length > 0)
      reasons.push(`it lists ${textOf(own)}, without the voters ${missing.join(', ')}`);
  }
  return reasons;
}

/** A write committed by the members themselves must be there to be read: then it is theirs that it follows. */
async function whyBehind(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  joiner: ResolvedServer,
  before: MembershipNames,
  context: OperationContext,
): Promise<string | undefined> {
  const place = znodePlace(dependencies, ensemble);
  const options = await sessionOptions(dependencies, ensemble, context);
  const voters = before.voters
    .filter((name) => name !== joiner.name)
    .map((name) => serverOf(ensemble, name));
  const { mzxid } = await commitCanaryThrough(
    dependencies.zookeeper,
    { ...options, servers: voters },
    place,
  );
  const held = await readCanaryFrom(dependencies.zookeeper, joiner, options, place);
  return held?.mzxid === mzxid
    ? undefined
    : `it shows ${held?.mzxid ?? 'nothing'} where the ensemble committed ${mzxid}`;
}
