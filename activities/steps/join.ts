/** Steps of a server that is to join: its host provisioned from a member's files, then proven as a learner. */
import { memberLines } from '../../src/codec/memberList';
import { parseZooCfg } from '../../src/codec/zooCfg';
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { joinerFiles } from '../../src/planning/resize/joinerFiles';
import type { StepActivities, StepArgs, StepResult } from '../api';
import type { Dependencies } from '../dependencies';
import { lookAtJoiner } from '../joiner';
import { learnerList } from '../memberFile';
import { observationOf } from '../observation';
import { operation, tokenOf, waitFor } from '../operation';
import { resolveServer, serverOf } from '../resolve';
import { listOf, membershipOf } from '../memberNames';
import { reviverOf } from '../revive';

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
        const reviver = reviverOf(dependencies, ensemble, server, args, context);
        return waitFor<StepResult>(
          `${server.name} follows the ensemble as a learner`,
          { timeoutMs: args.tuning.settleTimeoutMs, context },
          async () => {
            const { reasons, state, facts } = await lookAtJoiner(
              dependencies,
              ensemble,
              server,
              args.step,
              context,
            );
            if (reasons.length > 0) {
              await reviver.revive(state);
              return { reasons };
            }
            return {
              value: {
                detail: `${server.name} serves ${args.step.toVersion} as a learner of ${facts.leader} and holds its newest write${reviver.text()}`,
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
  const listed = learnerList({ before }, joiner.name);
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
