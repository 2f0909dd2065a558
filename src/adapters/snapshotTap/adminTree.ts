/**
 * A server's whole tree by its AdminServer, rewritten to the layout that every release reads.
 *
 * The server goes on applying transactions while it writes: everything up to the zxid it names is in the snapshot, and some
 * of what came until it answered. What it has applied by then is asked at once (`srvr`): nothing later is in it. Where the
 * two are the same it is of one moment. Sessions and ephemerals are in it.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import type { ServerProbe } from '../../model/ports';
import { zxidText } from '../../model/zxid';
import { whileRoom } from '../freeDisk';
import { oldestLayout } from '../source/oldestLayout';
import type { ServerAddress } from '../zookeeper/fourLetterClient';
import { requestSnapshot, type AdminSnapshot } from './adminRequest';
import type { TakenTree, TakeOptions, TakeTree } from './snapshotTap';

export interface AdminTreeOptions {
  /** All members, at least one. */
  servers: readonly ServerAddress[];
  /** Of the AdminServers. */
  port: number;
  /** `user:password`; asked for each time. */
  credential: () => Promise<string>;
  probe: (server: ServerAddress, signal: AbortSignal) => Promise<ServerProbe>;
}

interface Serving {
  server: ServerAddress;
  zxid: bigint;
  role: ServerProbe['role'];
  version?: string;
}

/** ZooKeeperUnavailable (retryable) with what each said; ZooKeeperAuthFailed, Unsupported, NoDiskSpace. */
export const adminTree =
  (options: AdminTreeOptions): TakeTree =>
  async (taking): Promise<TakenTree> => {
    const credential = await options.credential();
    const failures: ZkferryError[] = [];
    for (const one of await candidates(options, taking)) {
      try {
        return await takeFrom(options, one, credential, taking);
      } catch (error) {
        taking.signal.throwIfAborted();
        // Another server may be of another release, or have room; it has the same ACLs.
        if (!isZkferryError(error) || !isOfServer(error)) throw error;
        failures.push(error);
      }
    }
    const reasons = failures.map(({ message }) => message).join('; ');
    throw new ZkferryError(
      failures.some(({ retryable }) => retryable) ? 'ZooKeeperUnavailable' : failures[0]!.type,
      `no server gave a snapshot: ${reasons.slice(0, 2_000)}`,
      { retryable: failures.some(({ retryable }) => retryable) },
    );
  };

const isOfServer = ({ type }: ZkferryError): boolean =>
  type === 'ZooKeeperUnavailable' || type === 'Unsupported' || type === 'BackupInvalid';

/** Those that clients and the ensemble need least first. */
async function candidates(
  { servers, probe }: AdminTreeOptions,
  { from, signal }: TakeOptions,
): Promise<Serving[]> {
  const answers = await Promise.all(
    servers.map(async (server) => ({ server, answer: await probe(server, signal) })),
  );
  const serving = answers.flatMap(({ server, answer }): Serving[] => {
    const { state, role, zxid, version } = answer;
    // One of several that says it stands alone belongs to no ensemble.
    if (state !== 'serving' || zxid === undefined) return [];
    if (role === 'standalone' && servers.length > 1) return [];
    return [{ server, role, zxid: BigInt(zxid), ...(version !== undefined && { version }) }];
  });
  if (serving.length === 0)
    throw unavailable(
      `no member serves: ${answers.map(({ server, answer }) => `${shown(server)} ${answer.stateDetail ?? answer.state}`).join('; ')}`,
    );
  const abreast = serving.filter(({ zxid }) => from === undefined || zxid >= from);
  if (abreast.length > 0) return abreast.sort(byNeed);
  // A leader has all that is committed: where it is behind, the ensemble was put back.
  const leading = serving.filter(({ role }) => role === 'leader' || role === 'standalone');
  if (leading.length > 0) return leading;
  throw unavailable(`no leader serves, and those that do are behind ${zxidText(from!)}`);
}

const byNeed = (one: Serving, other: Serving): number =>
  Number(one.role === 'leader') - Number(other.role === 'leader') ||
  (one.zxid > other.zxid ? -1 : one.zxid < other.zxid ? 1 : 0);

async function takeFrom(
  { port, probe }: AdminTreeOptions,
  { server, version }: Serving,
  credential: string,
  { directory, signal }: TakeOptions,
): Promise<TakenTree> {
  const snapshot = await requestSnapshot({ host: server.host, port, credential, signal });
  try {
    const { zxid: appliedSince } = await probe(server, signal);
    if (appliedSince === undefined)
      throw unavailable(
        `${shown(server)} does not say how far it is: the snapshot is of no known moment`,
      );
    return {
      ...(await keep(snapshot, BigInt(appliedSince), shown(server), directory, signal)),
      server: { ...server, ...(version !== undefined && { version }) },
    };
  } finally {
    snapshot.body.destroy();
  }
}

async function keep(
  { zxid: readFrom, body }: AdminSnapshot,
  appliedSince: bigint,
  from: string,
  directory: string,
  signal: AbortSignal,
): Promise<Omit<TakenTree, 'server'>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `admin-${readFrom.toString(16)}-${randomBytes(4).toString('hex')}`);
  const seen = { bytes: 0, highestZxid: 0n };
  try {
    const plain = oldestLayout(body, `the snapshot of ${from}`, seen);
    await pipeline(
      whileRoom(plain, directory),
      createWriteStream(file, { mode: 0o600, flags: 'wx' }),
      { signal },
    );
  } catch (error) {
    await rm(file, { force: true });
    throw broken(error, from);
  }
  const zxid = [readFrom, appliedSince, seen.highestZxid].reduce((a, b) => (a > b ? a : b));
  return { file, bytes: seen.bytes, zxid, ...(readFrom < zxid && { readFrom }) };
}

/** A connection that breaks is worth another try; what the disk says is not. */
function broken(error: unknown, from: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE') return error;
  return unavailable(`${from} broke off in mid-snapshot (${code})`);
}

const shown = ({ host, clientPort }: ServerAddress): string => hostPort(host, clientPort);

const unavailable = (message: string): ZkferryError =>
  new ZkferryError('ZooKeeperUnavailable', message, { retryable: true });
