/** Reads /zookeeper/config (3.5+) through a short session that changes nothing. */
import { configVersionOf, parseZooCfg } from '../../src/codec/zooCfg';
import { isZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { ServerProbe, ZkSession } from '../../src/model/ports';
import { atLeast } from '../../src/model/version';
import type { ConfigInForce } from './configuration';
import type { ObservePorts } from './observeEnsemble';

const CONFIG_PATH = '/zookeeper/config';
const FIRST_WITH_CONFIG = '3.5.0';
const CONNECT_TIMEOUT_MS = 3_000;
const WRITE_PERMISSION = 2;

/** Undefined where no serving server is 3.5+, or the znode can't be read in time. */
export async function readConfigInForce(
  ports: ObservePorts,
  ensemble: ResolvedEnsemble,
  probed: { server: ResolvedServer; probe: ServerProbe }[],
  signal: AbortSignal,
): Promise<ConfigInForce | undefined> {
  const able = probed.filter(
    ({ probe }) =>
      probe.state === 'serving' &&
      probe.role !== 'standalone' &&
      probe.version !== undefined &&
      atLeast(probe.version, FIRST_WITH_CONFIG),
  );
  if (able.length === 0) return undefined;
  let session: ZkSession | undefined;
  try {
    session = await ports.zookeeper.openSession({
      servers: able.map(({ server: { host, clientPort } }) => ({ host, clientPort })),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      operationTimeoutMs: CONNECT_TIMEOUT_MS,
      auth: await credentials(ports, ensemble),
      signal,
    });
    const { data } = await session.get(CONFIG_PATH);
    const { settings, servers } = parseZooCfg(data?.toString('utf8') ?? '');
    const version = configVersionOf(settings);
    return {
      members: servers,
      ...(version !== undefined && { version }),
      ...(await openness(session)),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (isZkferryError(error)) return undefined;
    throw error;
  } finally {
    await session?.close();
  }
}

async function openness(session: ZkSession): Promise<{ openToAll?: boolean }> {
  try {
    const acl = await session.getAcl(CONFIG_PATH);
    return {
      openToAll: acl.some(
        ({ scheme, perms }) => scheme === 'world' && (perms & WRITE_PERMISSION) !== 0,
      ),
    };
  } catch (error) {
    if (isZkferryError(error)) return {};
    throw error;
  }
}

/** A secret that can't be had is no reason not to look: the znode is readable to all by default. */
async function credentials(
  { secrets }: ObservePorts,
  { auth }: ResolvedEnsemble,
): Promise<{ scheme: string; credential: string }[]> {
  if (!secrets) return [];
  const resolved = await Promise.all(
    auth.map(async ({ scheme, secret }) => {
      const credential = await secrets.resolve(secret).catch(() => undefined);
      return credential === undefined ? [] : [{ scheme, credential }];
    }),
  );
  return resolved.flat();
}
