/** Steps that change a server: drain, stop, package, configuration, start, and each one's way back. */
import { applyConfigChanges, applyJavaEnvChanges } from '../../src/codec/configChanges';
import { parseZooCfg } from '../../src/codec/zooCfg';
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import { planConfigChanges } from '../../src/planning/configMigration';
import type { StepActivities, StepArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { look } from '../guard';
import { operation, pause, tokenOf } from '../operation';
import { resolveServer } from '../resolve';
import { beforeHopLabel } from './labels';

type ChangeSteps = Pick<
  StepActivities,
  | 'drainNode'
  | 'stopServer'
  | 'upgradePackage'
  | 'migrateConfiguration'
  | 'startServer'
  | 'revertPackage'
  | 'restoreConfiguration'
>;

/** Leaves room in the activity's deadline to report a stop that took too long. */
const STOP_SHARE = 0.8;

export function changeSteps(dependencies: Dependencies): ChangeSteps {
  const { host } = dependencies;

  const install = (args: StepArgs) =>
    operation(async (context) => {
      const { server } = await resolveServer(dependencies, args, args.step.server);
      const { previous, installed } = await host.installPackage(
        server,
        args.step.toVersion ?? '',
        tokenOf(args.fence),
        context,
      );
      return {
        detail:
          previous === installed
            ? `${installed} already installed`
            : `${previous ?? 'none'} → ${installed}`,
      };
    });

  return {
    drainNode: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        const hook = ensemble.hooks?.drain;
        if (hook !== undefined)
          await host.runHook(
            server,
            hook,
            { version: args.step.toVersion ?? '' },
            tokenOf(args.fence),
            context,
            ensemble.hooks?.timeoutMs ?? args.step.timeoutMs,
          );
        await pause(args.tuning.drainMs, context.signal);
        return {
          detail: `${hook === undefined ? 'no drain hook' : 'drain hook ran'}, waited ${args.tuning.drainMs} ms`,
        };
      }),

    stopServer: (args) =>
      operation(async (context) => {
        const { ensemble, server } = await resolveServer(dependencies, args, args.step.server);
        await refuseIfUnsafe(dependencies, ensemble, server, args, context);
        const { alreadyStopped } = await host.stopServer(
          server,
          tokenOf(args.fence),
          context,
          Math.round(args.step.timeoutMs * STOP_SHARE),
        );
        return { detail: alreadyStopped ? 'was stopped already, masked' : 'stopped and masked' };
      }),

    upgradePackage: install,
    revertPackage: install,

    migrateConfiguration: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const token = tokenOf(args.fence);
        const { fromVersion = '', toVersion = '' } = args.step;
        // The first copy under a label stays: a second attempt must not keep what the first one wrote.
        await host.saveConfiguration(server, beforeHopLabel(args.run, toVersion), token, context);
        const applied = await migrate(dependencies, server, fromVersion, toVersion, token, context);
        return { detail: applied.length === 0 ? 'nothing to change' : applied.join(', ') };
      }),

    restoreConfiguration: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const label = beforeHopLabel(args.run, args.step.fromVersion ?? '');
        const restored = await host.restoreConfiguration(
          server,
          label,
          tokenOf(args.fence),
          context,
        );
        return {
          detail: restored.restored
            ? `as it was before ${args.step.fromVersion}`
            : 'had not been changed',
        };
      }),

    startServer: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const { alreadyRunning, pid } = await host.startServer(
          server,
          tokenOf(args.fence),
          context,
        );
        return {
          detail: `${alreadyRunning ? 'runs already' : 'started'}${pid ? `, pid ${pid}` : ''}`,
        };
      }),
  };
}

/**
 * Every attempt looks for itself, over a connection to the host that is open by then: the look that let the
 * step begin is as old as what has held this attempt up.
 * @throws GuardRefused (retryable) with the reasons
 */
async function refuseIfUnsafe(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  server: ResolvedServer,
  args: StepArgs,
  context: OperationContext,
): Promise<void> {
  const seen = await dependencies.host.observe(server, context, { depth: 'process' });
  // An earlier attempt has stopped it: what is left to do, masking it, endangers nothing.
  if (seen.reachable && seen.process?.running === false) return;
  const { ok, reasons } = await look(dependencies, ensemble, args, context);
  if (ok) return;
  throw new ZkferryError(
    'GuardRefused',
    `${server.name} may not be stopped now: ${reasons.join('; ')}`,
    { retryable: true },
  );
}

/** @returns what was changed, in words. */
async function migrate(
  { host }: Dependencies,
  server: ResolvedServer,
  from: string,
  to: string,
  token: FenceToken,
  context: OperationContext,
): Promise<string[]> {
  const [files, facts] = [
    await host.readConfiguration(server, context),
    await host.observe(server, context, { depth: 'files' }),
  ];
  const { settings, servers } = parseZooCfg(files.zooCfg.text);
  const { changes } = planConfigChanges({
    from,
    to,
    settings,
    jvmFlags: facts.jvmFlags,
    hasSnapshot: (facts.data?.snapshotCount ?? 0) > 0,
    hasLogs: (facts.data?.logCount ?? 1) > 0,
    members: servers,
    server: server.name,
  });
  const zooCfg = applyConfigChanges(files.zooCfg.text, changes);
  if (zooCfg !== files.zooCfg.text)
    await host.writeConfigurationFile(
      server,
      files.zooCfg.path,
      zooCfg,
      files.zooCfg.sha256,
      token,
      context,
    );
  if (files.javaEnv) {
    const javaEnv = applyJavaEnvChanges(files.javaEnv.text, changes);
    if (javaEnv !== files.javaEnv.text)
      await host.writeConfigurationFile(
        server,
        files.javaEnv.path,
        javaEnv,
        files.javaEnv.sha256,
        token,
        context,
      );
  }
  return changes.map(({ setting, to: value }) =>
    value === undefined ? `-${setting}` : `${setting}=${value}`,
  );
}
