/** What a transaction did to one path: the history of a znode is this, over all of its log. */
import type { AclEntry, Txn, TxnBody, TxnHeader } from '../../codec/records';
import { isoTime } from './target';
import { zxidText } from '../../model/zxid';

export interface HistoryEntry {
  /** `0x…`, as the session. */
  zxid: string;
  /** ISO 8601, of the transaction's header. */
  time: string;
  /** Who asked for it; a session that closed, for its ephemerals. */
  session: string;
  change: 'created' | 'set' | 'deleted' | 'acl' | 'childCreated' | 'childDeleted';
  /** Of the data after it; for `acl`, of the ACL. */
  version?: number;
  /** Of the data written; absent where the data is null. */
  dataBytes?: number;
  /** Of `created`, where it goes with its session. */
  ephemeral?: true;
  acl?: AclEntry[];
  /** Its name, of `childCreated` and `childDeleted`. */
  child?: string;
  /** With `below`, where the change is that of a znode below: its path. */
  path?: string;
}

export interface HistoryOptions {
  /** Children that came and went count too. */
  children?: boolean;
  /** Changes of everything below count too, as changes of their own paths; `children` then adds nothing. */
  below?: boolean;
  /**
   * Paths that a closeSession removed, from a tree it was applied to. Before 3.6 the record itself does not name them,
   * and without this such a deletion is not seen.
   */
  closed?: readonly string[];
}

type Change = Omit<HistoryEntry, 'zxid' | 'time' | 'session'>;

/** In the order it happened; nothing where the transaction left the path alone, or failed. `path`: absolute. */
export function historyOf(txn: Txn, path: string, options: HistoryOptions = {}): HistoryEntry[] {
  const changes =
    options.below === true
      ? changesBelow(txn.body, path, options)
      : changesOf(txn.body, path, options);
  return changes.map((change) => ({ ...whoAndWhen(txn.header), ...change }));
}

const whoAndWhen = ({ zxid, time, clientId }: TxnHeader) => ({
  zxid: zxidText(zxid),
  time: isoTime(Number(time)),
  session: zxidText(clientId),
});

function changesBelow(body: TxnBody, root: string, options: HistoryOptions): Change[] {
  const prefix = root === '/' ? root : `${root}/`;
  if (body.kind === 'multi') {
    if (body.txns.some(({ kind }) => kind === 'error')) return [];
    return body.txns.flatMap((part) => changesBelow(part, root, options));
  }
  const paths = pathsOf(body, options).filter((path) => path === root || path.startsWith(prefix));
  return paths.flatMap((path) =>
    changesOf(body, path, { closed: options.closed }).map((change) => ({
      ...change,
      ...(path !== root && { path }),
    })),
  );
}

const pathsOf = (body: TxnBody, { closed = [] }: HistoryOptions): string[] => {
  if (body.kind === 'closeSession') return [...new Set([...(body.paths ?? []), ...closed])];
  return 'path' in body ? [body.path] : [];
};

function changesOf(body: TxnBody, path: string, options: HistoryOptions): Change[] {
  switch (body.kind) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTtl':
      return created(body, path, options);
    case 'delete':
    case 'deleteContainer':
      return deleted(body.path, path, options);
    case 'setData':
    case 'reconfig':
      if (body.path !== path) return [];
      return [{ change: 'set', version: body.version, ...sizeOf(body.data) }];
    case 'setAcl':
      if (body.path !== path) return [];
      return [{ change: 'acl', version: body.version, acl: body.acl ?? [] }];
    case 'closeSession': {
      const gone = new Set([...(body.paths ?? []), ...(options.closed ?? [])]);
      return [...gone].flatMap((one) => deleted(one, path, options));
    }
    case 'multi':
      if (body.txns.some(({ kind }) => kind === 'error')) return [];
      return body.txns.flatMap((part) => changesOf(part, path, options));
    case 'check':
    case 'error':
    case 'createSession':
      return [];
  }
}

function created(
  body: Extract<TxnBody, { parentCversion: number }>,
  path: string,
  options: HistoryOptions,
): Change[] {
  if (body.path === path) {
    const ephemeral = 'ephemeral' in body && body.ephemeral ? { ephemeral: true as const } : {};
    return [{ change: 'created', version: 0, ...sizeOf(body.data), ...ephemeral }];
  }
  const child = childOf(body.path, path, options);
  return child === undefined ? [] : [{ change: 'childCreated', child, ...sizeOf(body.data) }];
}

function deleted(gone: string, path: string, options: HistoryOptions): Change[] {
  if (gone === path) return [{ change: 'deleted' }];
  const child = childOf(gone, path, options);
  return child === undefined ? [] : [{ change: 'childDeleted', child }];
}

function childOf(path: string, parent: string, options: HistoryOptions): string | undefined {
  if (options.children !== true) return undefined;
  const slash = path.lastIndexOf('/');
  const isChild = slash < path.length - 1 && (slash === 0 ? '/' : path.slice(0, slash)) === parent;
  return isChild ? path.slice(slash + 1) : undefined;
}

const sizeOf = (data: Buffer | null): { dataBytes?: number } =>
  data === null ? {} : { dataBytes: data.length };
