/** A drill: everything read, a moment restored on a host of the ensemble, served there, compared, and recorded. */
import { checkEnsemble, type EnsembleCheck } from '../../src/adapters/restore/checkEnsemble';
import { holdDrill, type Proof } from '../../src/adapters/restore/drill';
import { openExtraction } from '../../src/adapters/restore/fromRepository';
import { loopbackTunnel } from '../../src/adapters/restore/loopbackTunnel';
import { compareServed, digestOf, treeAt, writeDataDirectory } from '../../src/adapters/restore';
import { ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { DrillDocument } from '../../src/model/repository';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupActivities, DrillArgs } from '../api';
import { backupOf, type Dependencies } from '../dependencies';
import { operation, tokenOf } from '../operation';
import { targetOf } from '../planRestore';
import type { OpenedPoint } from './restorePoint';

export function drillActivities(dependencies: Dependencies): Pick<BackupActivities, 'proveBackup'> {
  return {
    proveBackup: (args) => operation((context) => prove(dependencies, args, context)),
  };
}

async function prove(
  dependencies: Dependencies,
  { input, generation }: DrillArgs,
  context: OperationContext,
): Promise<DrillDocument> {
  const ensemble = await dependencies.inventory.resolve(input.ensemble);
  const server = await hostOfDrill(dependencies, ensemble, input.on, context);
  const repository = await backupOf(dependencies).openRepository(input.repository);
  const check = await checkEnsemble(repository, input.ensemble, {
    signal: context.signal,
    onProgress: (progress) => context.heartbeat({ what: 'reading every object', ...progress }),
  });
  const token = tokenOf({ generation, sequence: 1 });
  return holdDrill(
    repository,
    check.contents,
    targetOf(input),
    (extraction) =>
      serve(
        dependencies,
        { repository, contents: check.contents, extraction },
        server,
        token,
        context,
      ),
    { before: { ok: check.ok, findings: checkLines(check) }, signal: context.signal },
  );
}

const checkLines = ({ objects, bytes, ok, lines }: EnsembleCheck): string[] => [
  `${objects} objects (${bytes} bytes) read, ${ok ? 'all sound' : 'not all sound'}`,
  ...lines,
];

/** Its memory and disk are used: those that clients need least come first. */
async function hostOfDrill(
  { zookeeper }: Dependencies,
  { name, servers }: ResolvedEnsemble,
  on: string | undefined,
  { signal }: OperationContext,
): Promise<ResolvedServer> {
  const usable = servers.filter(
    ({ ssh, directories }) => ssh !== undefined && directories !== undefined,
  );
  if (on !== undefined) {
    const named = usable.find((server) => server.name === on);
    if (named !== undefined) return named;
    throw new ZkferryError(
      'UnknownServer',
      `on: ensemble ${name} has no server ${JSON.stringify(on)} with SSH access; it has ${usable.map((one) => one.name).join(', ') || 'none'}`,
    );
  }
  const roles = await Promise.all(
    usable.map(async (server) => ({
      server,
      isLeader: (await zookeeper.probe(server, { signal })).role === 'leader',
    })),
  );
  const rank = ({ server, isLeader }: (typeof roles)[number]): number =>
    isLeader ? 3 : server.spare ? 0 : server.role === 'observer' ? 1 : 2;
  const [first] = roles.sort((one, other) => rank(one) - rank(other));
  if (first !== undefined) return first.server;
  throw new ZkferryError(
    'UnknownServer',
    `no server of ensemble ${name} can be reached by SSH: a drill needs a host with ZooKeeper; give access in the inventory, or use zkferry backup verify --zookeeper`,
  );
}

async function serve(
  dependencies: Dependencies,
  { repository, contents, extraction }: OpenedPoint,
  server: ResolvedServer,
  token: FenceToken,
  context: OperationContext,
): Promise<Proof> {
  const { signal } = context;
  const { spoolDirectory } = backupOf(dependencies);
  await mkdir(spoolDirectory, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(spoolDirectory, 'drill-'));
  try {
    const input = await openExtraction(repository, contents, extraction, work, signal);
    const { tree, digestsMatched } = await treeAt(input, { signal });
    const data = join(work, 'data');
    await writeDataDirectory(input, data, { way: 'exact', signal });
    const { nodes, zxid, inspected } = await dependencies.host.proveData(
      server,
      join(data, 'version-2'),
      async (scratch) => {
        const tunnel = await loopbackTunnel((signal) => scratch.openStream(signal));
        try {
          return await compareServed(tree, tunnel, { auth: [scratch.auth], signal });
        } finally {
          await tunnel.close();
        }
      },
      token,
      context,
    );
    return {
      ok: inspected.differing === 0,
      base: input.extraction.base.key,
      findings: [
        ...input.passedOver,
        `${digestsMatched} digests of transactions matched`,
        `a scratch server on ${server.name} served ${nodes} znodes at ${zxid}; ${inspected.nodes} compared, ${inspected.differing} different`,
        ...inspected.differences.map((difference) => JSON.stringify(difference).slice(0, 2_000)),
      ],
      nodes: tree.size,
      digest: digestOf(tree),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
