/** One session an ensemble for whoever browses: opened when it is asked for, closed when nobody has for a while. */
import type { ResolvedEnsemble } from '../model/inventory';
import type { SecretsPort, ZkSession, ZooKeeperPort } from '../model/ports';

const IDLE_MS = 60_000;
const CONNECT_MS = 8_000;
const OPERATION_MS = 10_000;
const CHILDREN_FRESH_MS = 10_000;
const MAX_LISTS = 8;

interface Opened {
  session: Promise<ZkSession>;
  idle: NodeJS.Timeout;
}

export interface TreeSessions {
  within<T>(ensemble: ResolvedEnsemble, work: (session: ZkSession) => Promise<T>): Promise<T>;
  /** Names below a znode, sorted; of a few seconds ago while somebody leafs through them. */
  children(ensemble: ResolvedEnsemble, path: string, fresh: boolean): Promise<readonly string[]>;
  close(): Promise<void>;
}

export function createTreeSessions(ports: {
  zookeeper: ZooKeeperPort;
  secrets: SecretsPort;
}): TreeSessions {
  const opened = new Map<string, Opened>();
  const lists = new Map<string, { at: number; names: string[] }>();

  const end = (name: string): Promise<void> => {
    const known = opened.get(name);
    if (known === undefined) return Promise.resolve();
    opened.delete(name);
    clearTimeout(known.idle);
    return known.session.then(
      (session) => session.close(),
      () => undefined,
    );
  };

  const within: TreeSessions['within'] = async (ensemble, work) => {
    const { name } = ensemble;
    const known = opened.get(name) ?? {
      session: open(ports, ensemble),
      idle: setTimeout(() => void end(name), IDLE_MS),
    };
    opened.set(name, known);
    known.idle.refresh();
    try {
      const session = await known.session;
      void session.ended.then(() => opened.get(name) === known && opened.delete(name));
      return await work(session);
    } catch (error) {
      if (isOfConnection(error) && opened.get(name) === known) await end(name);
      throw error;
    }
  };

  return {
    within,
    async children(ensemble, path, fresh) {
      const key = `${ensemble.name} ${path}`;
      const known = lists.get(key);
      if (!fresh && known !== undefined && Date.now() - known.at < CHILDREN_FRESH_MS)
        return known.names;
      const names = (await within(ensemble, (session) => session.children(path))).sort();
      lists.delete(key);
      lists.set(key, { at: Date.now(), names });
      if (lists.size > MAX_LISTS) lists.delete(lists.keys().next().value!);
      return names;
    },
    async close() {
      await Promise.all([...opened.keys()].map(end));
    },
  };
}

async function open(
  { zookeeper, secrets }: { zookeeper: ZooKeeperPort; secrets: SecretsPort },
  { servers, auth }: ResolvedEnsemble,
): Promise<ZkSession> {
  const credentials = await Promise.all(
    auth.map(async ({ scheme, secret }) => ({ scheme, credential: await secrets.resolve(secret) })),
  );
  return zookeeper.openSession({
    servers: servers.filter(({ spare }) => !spare),
    auth: credentials,
    connectTimeoutMs: CONNECT_MS,
    operationTimeoutMs: OPERATION_MS,
  });
}

const isOfConnection = (error: unknown): boolean =>
  (error as { type?: unknown }).type === 'ZooKeeperUnavailable';
