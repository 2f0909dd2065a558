/** What closes one server to its clients, by what its host says; nothing is touched. */
import { fenceTable, type FencePassage } from '../../src/model/clientFence';
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { listenersOf, type Listener } from '../../src/planning/fence/listeners';
import { fenceRuleset } from '../../src/planning/fence/ruleset';
import type { Dependencies } from '../dependencies';
import { unobserved } from './outOfReach';

export interface Closing {
  server: ResolvedServer;
  listeners: Listener[];
  ruleset: string;
}

/**
 * `passage`: who is let through.
 * @throws FenceNotProven where its configuration can't be read; Unsupported where there is no nft or no right to use it
 */
export async function closingOf(
  dependencies: Dependencies,
  server: ResolvedServer,
  context: OperationContext,
  passage?: FencePassage,
): Promise<Closing> {
  await dependencies.host.checkClientFence(server, context);
  const listeners = await listenersNow(dependencies, server, context);
  return { server, listeners, ruleset: fenceRuleset(fenceTable(server), listeners, passage) };
}

/** @throws FenceNotProven where its configuration can't be read; SshUnreachable and the like where its host can't be asked */
export async function listenersNow(
  { host }: Dependencies,
  server: ResolvedServer,
  context: OperationContext,
): Promise<Listener[]> {
  const { config, members, jvmFlags, ...facts } = await host.observe(server, context, {
    depth: 'files',
  });
  if (!facts.reachable) throw unobserved(facts);
  // Without it a secure port or one that is only in zoo.cfg would stay open, unseen.
  if (config === undefined)
    throw new ZkferryError(
      'FenceNotProven',
      `the configuration of ${server.name} cannot be read, so that nobody knows on which ports it takes clients; make ${server.directories?.config ?? 'directories.config'}/zoo.cfg readable there, then resume`,
    );
  const version = facts.package?.installedVersion;
  return listenersOf(server, { config, members, jvmFlags, version });
}
