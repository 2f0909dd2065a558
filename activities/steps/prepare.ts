/** Steps before any server is touched: packages onto the hosts, copies of configuration and data. */
import { ZkferryError } from '../../src/model/errors';
import type { StepActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, tokenOf } from '../operation';
import { resolveServer, serverOf, resolveTarget } from '../resolve';
import { backupIntoRepository } from './backupIntoRepository';
import { dataLabel, originalLabel } from './labels';

export function prepareSteps(
  dependencies: Dependencies,
): Pick<StepActivities, 'stagePackage' | 'backupConfiguration' | 'backupData'> {
  const { host, zookeeper } = dependencies;
  return {
    stagePackage: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const versions = args.step.versions ?? [];
        const fresh: string[] = [];
        for (const version of versions) {
          context.heartbeat({ version });
          const { alreadyStaged } = await host.stagePackage(
            server,
            version,
            tokenOf(args.fence),
            context,
          );
          if (!alreadyStaged) fresh.push(version);
        }
        return {
          detail:
            fresh.length === 0
              ? `${versions.join(', ')} already there`
              : `${fresh.join(', ')} verified and unpacked`,
        };
      }),

    backupConfiguration: (args) =>
      operation(async (context) => {
        const { server } = await resolveServer(dependencies, args, args.step.server);
        const { directory, files } = await host.saveConfiguration(
          server,
          originalLabel(args.run),
          tokenOf(args.fence),
          context,
        );
        return { detail: `${files} files kept in ${directory}` };
      }),

    backupData: (args) =>
      operation(async (context) => {
        if (args.step.repository !== undefined)
          return backupIntoRepository(dependencies, args, args.step.repository, context);
        const ensemble = await resolveTarget(dependencies, args);
        const server = serverOf(ensemble, args.step.server);
        // Whatever this server says it holds now must be in the copy.
        const before = await zookeeper.probe(server, { signal: context.signal });
        if (before.state !== 'serving' || before.zxid === undefined)
          throw new ZkferryError(
            'GuardRefused',
            `the backup is taken from ${server.name}, which does not serve now (${before.stateDetail ?? before.state}); wait until it does`,
            { retryable: true },
          );
        const token = tokenOf(args.fence);
        const label = dataLabel(args.run);
        const copy = await host.backupData(server, label, token, context, before.zxid);
        // An attempt whose answer was lost may have made the copy: since then the server has gone on.
        const least = copy.holds ?? before.zxid;
        const held = await host.verifyDataBackup(server, copy.directory, token, context);
        if (BigInt(held.zxid) < BigInt(least))
          throw new ZkferryError(
            'BackupInvalid',
            `the copy in ${copy.directory} on ${server.name} ends at zxid ${held.zxid}, before ${least}, which the server held when copying began`,
          );
        return {
          detail: `${copy.bytes} bytes in ${copy.directory}; a scratch server started on it holds ${held.nodes} znodes up to zxid ${held.zxid}`,
          backup: {
            server: server.name,
            directory: copy.directory,
            bytes: copy.bytes,
            zxid: held.zxid,
            nodes: held.nodes,
          },
        };
      }),
  };
}
