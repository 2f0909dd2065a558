/** Proof that a server takes nothing from clients: from the worker, and from its own host. */
import { takesConnections } from '../../src/adapters/zookeeper/takesConnections';
import { ZkferryError } from '../../src/model/errors';
import { hostPort } from '../../src/model/hostPort';
import type { ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import type { Listener } from '../../src/planning/fence/listeners';
import type { Dependencies } from '../dependencies';

/** @throws FenceNotProven naming the listener that still answers */
export async function proveClosed(
  { host }: Dependencies,
  server: ResolvedServer,
  listeners: readonly Listener[],
  context: OperationContext,
): Promise<void> {
  const targets = listeners.map(({ address, port }) => ({ host: address ?? server.host, port }));
  const open = await Promise.all(targets.map((target) => takesConnections(target)));
  const there = await host.reach(server, targets, context);
  targets.forEach((target, index) => {
    const { what } = listeners[index]!;
    const at = `the ${what} listener of ${server.name} (${hostPort(target.host, target.port)})`;
    if (open[index]) throw notProven(`${at} still takes connections from the worker`);
    if (there[index]?.state === 'open')
      throw notProven(`${at} still takes connections from its own host`);
  });
}

const notProven = (what: string): ZkferryError =>
  new ZkferryError(
    'FenceNotProven',
    `${what} although its host says that it is closed; another ruleset may let it through before: look at \`nft list ruleset\` there, then resume`,
  );
