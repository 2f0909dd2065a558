import { ZkferryError } from '../../model/errors';
import { ClientSession, type Result } from '../load/clientSession';
import { ZNONODE } from '../load/outcome';
import { decodeValue } from '../load/value';
import type { MemberTree, TreesByServer } from './compareWithTree';

const CONCURRENT_READS = 32;
const SESSION_TIMEOUT_MS = 10_000;
const OPERATION_TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS = 100;

export interface ReadBackOptions {
  chroot?: string;
  /** Most that reading one member may take, ms. Default 60 s. */
  deadlineMs?: number;
}

/**
 * Reads a load's registers and appends from every member by itself, one session each, synced first.
 * `unread` says which members could not be read, and why; they are absent from `trees`.
 */
export async function readBack(
  servers: readonly string[],
  root: string,
  options: ReadBackOptions = {},
): Promise<{ trees: TreesByServer; unread: Record<string, string> }> {
  const trees: Record<string, MemberTree> = {};
  const unread: Record<string, string> = {};
  for (const server of servers) {
    try {
      trees[server] = await readMember(server, root, options);
    } catch (error) {
      unread[server] = (error as Error).message;
    }
  }
  return { trees, unread };
}

/** ZooKeeperUnavailable where the member does not serve or answer by the deadline. */
export async function readMember(
  server: string,
  root: string,
  { chroot = '', deadlineMs = 60_000 }: ReadBackOptions = {},
): Promise<MemberTree> {
  const session = new ClientSession({
    servers: [server],
    chroot,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    operationTimeoutMs: OPERATION_TIMEOUT_MS,
    reviveAfterMs: RETRY_AFTER_MS,
  });
  const reader = new MemberReader(session, server, performance.now() + deadlineMs);
  try {
    await reader.ask('sync', root, () => session.sync(root));
    const registers = await reader.childPaths(`${root}/registers`);
    const values = await mapBounded(registers, async (path) => {
      const read = await reader.ask('get', path, () => session.get(path));
      const value = decodeValue(read?.data ?? null);
      return [path, { value, zxid: `0x${(read?.stat.mzxid ?? 0).toString(16)}` }] as const;
    });
    const appenders = await reader.childPaths(`${root}/appends`);
    const parents = (await mapBounded(appenders, (path) => reader.childPaths(path))).flat();
    const appends = (await mapBounded(parents, (path) => reader.childPaths(path))).flat();
    return { registers: new Map(values), appends: new Set(appends) };
  } finally {
    await session.close();
  }
}

class MemberReader {
  constructor(
    private readonly session: ClientSession,
    private readonly server: string,
    private readonly deadlineAt: number,
  ) {}

  async childPaths(path: string): Promise<string[]> {
    const names = await this.ask('children', path, () => this.session.children(path));
    return (names ?? []).map((name) => `${path}/${name}`);
  }

  /** Asks again while the connection fails; undefined where the znode is not there. */
  async ask<T>(what: string, path: string, send: () => Promise<Result<T>>): Promise<T | undefined> {
    let last: unknown = 'no connection';
    while (performance.now() < this.deadlineAt) {
      if (!(await this.session.whenConnected(this.deadlineAt - performance.now()))) break;
      const result = await send();
      if (result.outcome === 'acked') return result.value;
      if (result.code === ZNONODE) return undefined;
      last = result.code;
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
    throw new ZkferryError(
      'ZooKeeperUnavailable',
      `${what} ${path} on ${this.server}: not answered in time (last: ${String(last)}); see that it serves and check again`,
      { retryable: true },
    );
  }
}

async function mapBounded<T, U>(items: readonly T[], run: (item: T) => Promise<U>): Promise<U[]> {
  const results = new Array<U>(items.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await run(items[i]!);
  };
  await Promise.all(Array.from({ length: CONCURRENT_READS }, worker));
  return results;
}
