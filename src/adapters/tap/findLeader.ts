/** Which of the given servers leads, and where it takes learners: asked over the client ports only. */
import { connect } from 'node:net';
import { parseConf, parseSrvr, classifyReply } from '../../codec/fourLetterWord';
import { epochOf } from '../../codec/quorum/packet';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import { askWord, type WordResult } from '../zookeeper/fourLetterClient';

/** ZooKeeper's customary quorum port, taken where neither the caller nor the server says another. */
export const USUAL_QUORUM_PORT = 2888;
const ASK_TIMEOUT_MS = 1_000;
/** How long the others are waited for once one says it leads: a deposed leader may still say so. */
const SECOND_CLAIM_MS = 100;
/** tickTime × syncLimit of the sample configuration. */
const USUAL_SYNC_TIMEOUT_MS = 10_000;

export interface TapServer {
  host: string;
  clientPort: number;
  /** Where it takes learners while it leads; asked of the server where absent, 2888 where it does not say. */
  quorumPort?: number;
  /** Where its quorum address is another than its client address. */
  quorumHost?: string;
}

export interface FoundLeader {
  host: string;
  clientPort: number;
  quorumHost: string;
  quorumPort: number;
  version?: string;
  /**
   * Of the reign it serves in: a learner taken in under another one has met an unproven leader. Absent where no client
   * port answers, and it was found by who takes learners.
   */
  epoch?: bigint;
  /** Ids the ensemble's servers have, as far as the leader says. */
  memberIds: number[];
  /** syncLimit × tickTime: how long the leader waits for an answer, and a learner for a word. */
  syncTimeoutMs: number;
}

interface Claim {
  server: TapServer;
  epoch: bigint;
  version?: string;
}

type Answer = {
  server: TapServer;
  said: string;
  answered: boolean;
  claim?: Claim;
  standalone?: boolean;
};

/**
 * Asks every server once. ZooKeeperUnavailable (retryable) where none leads, saying what each answered;
 * Unsupported where a server stands alone. `signal` aborts with its reason.
 */
export async function findLeader(
  servers: readonly TapServer[],
  signal?: AbortSignal,
): Promise<FoundLeader> {
  const answers = await claims(servers, signal);
  const claimed = answers.flatMap(({ claim }) => claim ?? []);
  const best = claimed.sort((a, b) => (a.epoch < b.epoch ? 1 : -1))[0];
  if (best !== undefined) return withConfiguration(best, signal);
  const alone = answers.find(({ standalone }) => standalone);
  if (alone !== undefined) {
    throw new ZkferryError(
      'Unsupported',
      `${hostPort(alone.server.host, alone.server.clientPort)} is a standalone server and has no quorum port: read it through the client port or from its data directory`,
    );
  }
  const fenced = await byQuorumPort(answers, signal);
  if (fenced !== undefined) return fenced;
  const said = answers.map(
    ({ server, said: words }) => `${hostPort(server.host, server.clientPort)} ${words}`,
  );
  throw new ZkferryError(
    'ZooKeeperUnavailable',
    `none of the servers given leads: ${said.join('; ')}; give the client addresses of all members`,
    { retryable: true, details: { code: 'NoLeader' } },
  );
}

/**
 * Where every client port is closed, as under a fence: only a leader listens for learners. Undefined where a server
 * answers, or none is known to listen.
 */
async function byQuorumPort(
  answers: readonly Answer[],
  signal?: AbortSignal,
): Promise<FoundLeader | undefined> {
  if (answers.some(({ answered }) => answered)) return undefined;
  for (const { server } of answers) {
    const { host, clientPort, quorumHost = host, quorumPort } = server;
    if (quorumPort === undefined || !(await listens(quorumHost, quorumPort, signal))) continue;
    return {
      ...{ host, clientPort, quorumHost, quorumPort },
      memberIds: [],
      syncTimeoutMs: USUAL_SYNC_TIMEOUT_MS,
    };
  }
  return undefined;
}

function listens(host: string, port: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (act: () => void) => () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      socket.destroy();
      act();
    };
    const aborted = end(() => reject(signal!.reason as Error));
    const timer = setTimeout(
      end(() => resolve(false)),
      ASK_TIMEOUT_MS,
    );
    socket.once(
      'connect',
      end(() => resolve(true)),
    );
    socket.once(
      'error',
      end(() => resolve(false)),
    );
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** Answers of all servers, or of those that came within a moment after the first that claims to lead. */
function claims(servers: readonly TapServer[], signal?: AbortSignal): Promise<Answer[]> {
  return new Promise((resolve, reject) => {
    const answers: Answer[] = [];
    let timer: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      resolve([...answers]);
    };
    for (const server of servers) {
      askRole(server, signal).then((answer) => {
        answers.push(answer);
        if (answers.length === servers.length) settle();
        else if (answer.claim !== undefined) timer ??= setTimeout(settle, SECOND_CLAIM_MS);
      }, reject);
    }
  });
}

async function askRole(server: TapServer, signal?: AbortSignal): Promise<Answer> {
  const result = await askWord(server, 'srvr', { timeoutMs: ASK_TIMEOUT_MS, signal });
  const text = answerOf(result);
  if (text === undefined) {
    const isReply = result.kind === 'reply';
    return { server, answered: isReply, said: isReply ? firstLine(result.text) : result.detail };
  }
  const { role, mode, zxid, version } = parseSrvr(text);
  const said = `is ${mode ?? 'of no known mode'}`;
  const told = { server, said, answered: true };
  if (role === 'standalone') return { ...told, standalone: true };
  if (role !== 'leader' || zxid === undefined) return told;
  return { ...told, claim: { server, epoch: epochOf(BigInt(zxid)), version } };
}

const answerOf = (result: WordResult): string | undefined =>
  result.kind === 'reply' && classifyReply(result.text) === 'answer' ? result.text : undefined;

const firstLine = (text: string): string =>
  `answers "${text.trim().split('\n', 1)[0]?.slice(0, 100) ?? ''}"`;

/** What `conf` adds where the server lets it be asked; 3.5+ must whitelist it. */
async function withConfiguration(claim: Claim, signal?: AbortSignal): Promise<FoundLeader> {
  const { server, epoch, version } = claim;
  const result = await askWord(server, 'conf', { timeoutMs: ASK_TIMEOUT_MS, signal });
  const { settings, serverId, members } = parseConf(answerOf(result) ?? '');
  const own = members.find(({ id }) => id === serverId);
  const tick = Number(settings['tickTime']);
  const syncTimeoutMs = tick * Number(settings['syncLimit']);
  return {
    host: server.host,
    clientPort: server.clientPort,
    quorumHost: server.quorumHost ?? reachableHost(own?.host, server.host),
    quorumPort:
      server.quorumPort ?? own?.quorumPort ?? (Number(settings['quorumPort']) || USUAL_QUORUM_PORT),
    version,
    epoch,
    memberIds: members.map(({ id }) => id),
    syncTimeoutMs: syncTimeoutMs > 0 ? syncTimeoutMs : USUAL_SYNC_TIMEOUT_MS,
  };
}

/** A server that listens for its peers on every address says so instead of a name to reach it by. */
function reachableHost(configured: string | undefined, given: string): string {
  return configured === undefined || /^(0\.0\.0\.0|\[?::\]?|0:0:0:0:0:0:0:0)$/.test(configured)
    ? given
    : configured;
}
