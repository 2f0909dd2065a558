/** What one server says of itself by four-letter words. */
import {
  classifyReply,
  monitorOf,
  parseConf,
  parseCons,
  parseMntr,
  parseSrvr,
  sessionsOf,
} from '../../codec/fourLetterWord';
import type { ServerProbe } from '../../model/ports';
import { askWord, type ServerAddress, type WordResult } from './fourLetterClient';

const DEFAULT_TIMEOUT_MS = 3_000;

export interface ProbeOptions {
  /** For each word. Default 3 s. */
  timeoutMs?: number;
  /** Also asks `mntr`, `conf` and `cons`. */
  detailed?: boolean;
  signal?: AbortSignal;
}

/**
 * Rejects only when `signal` aborts. A server that is frozen (accepts connections, never answers) is
 * `unreachable`; one that answers without serving, or serves reads only, is `notServing`. `whitelistOpen`
 * is known for detailed probes only.
 */
export async function probeServer(
  address: ServerAddress,
  options: ProbeOptions = {},
): Promise<ServerProbe> {
  const asking = { timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal: options.signal };
  const probe = fromSrvr(await askWord(address, 'srvr', asking));
  if (options.detailed !== true || probe.state === 'refusing' || probe.state === 'unreachable') {
    return probe;
  }
  const [mntr, conf, cons] = await Promise.all([
    askWord(address, 'mntr', asking),
    askWord(address, 'conf', asking),
    askWord(address, 'cons', asking),
  ]);
  return { ...probe, ...fromDetails(mntr, conf, cons) };
}

function fromSrvr(result: WordResult): ServerProbe {
  if (result.kind === 'refused') return { state: 'refusing', stateDetail: result.detail };
  if (result.kind === 'unreachable') return { state: 'unreachable', stateDetail: result.detail };
  if (result.kind === 'broken') return { state: 'notServing', stateDetail: result.detail };
  switch (classifyReply(result.text)) {
    case 'notServing':
      return { state: 'notServing', stateDetail: result.text.trim() };
    case 'notWhitelisted':
      return {
        state: 'notServing',
        stateDetail:
          'the server does not answer "srvr": add it to 4lw.commands.whitelist, without it nothing is known',
        whitelistOpen: false,
      };
    case 'empty':
      return {
        state: 'notServing',
        stateDetail: 'the server closed the connection without an answer (TLS port, or no room)',
      };
    case 'answer': {
      const srvr = parseSrvr(result.text);
      const facts = {
        version: srvr.version,
        versionText: srvr.versionText,
        role: srvr.role,
        zxid: srvr.zxid,
        connections: srvr.connections,
        outstandingRequests: srvr.outstandingRequests,
        latency: srvr.latency,
        znodeCount: srvr.znodeCount,
      };
      if (srvr.role !== undefined) return { state: 'serving', ...facts };
      const detail =
        srvr.mode === undefined ? 'the answer to "srvr" is not readable' : `mode ${srvr.mode}`;
      return { state: 'notServing', stateDetail: detail, ...facts };
    }
  }
}

const answerOf = (result: WordResult): string | undefined =>
  result.kind === 'reply' && classifyReply(result.text) === 'answer' ? result.text : undefined;

function fromDetails(mntr: WordResult, conf: WordResult, cons: WordResult): Partial<ServerProbe> {
  const details: Partial<ServerProbe> = {};
  const replies = [mntr, conf, cons].flatMap((result) =>
    result.kind === 'reply' ? [classifyReply(result.text)] : [],
  );
  if (replies.includes('notWhitelisted')) details.whitelistOpen = false;
  else if (replies.includes('answer')) details.whitelistOpen = true;

  const mntrText = answerOf(mntr);
  if (mntrText !== undefined) {
    details.monitor = monitorOf(parseMntr(mntrText));
    const ephemerals = details.monitor['zk_ephemerals_count'];
    if (ephemerals !== undefined) details.ephemeralsCount = Number(ephemerals);
  }
  const confText = answerOf(conf);
  if (confText !== undefined) {
    const { serverId, members, configVersion } = parseConf(confText);
    if (serverId !== undefined) details.serverId = serverId;
    if (members.length > 0) details.members = members;
    if (configVersion !== undefined) details.configVersion = configVersion;
  }
  const consText = answerOf(cons);
  if (consText !== undefined && cons.kind === 'reply' && !cons.truncated) {
    details.sessions = sessionsOf(parseCons(consText));
  }
  return details;
}
