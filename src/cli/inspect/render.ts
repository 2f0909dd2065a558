/** What `zkferry inspect` shows of an ensemble: one line of judgement, a table, findings with hints. Pure. */
import type {
  EnsembleFacts,
  Finding,
  ServerFacts,
  Severity,
  TreeFacts,
  TreeLook,
} from '../../model/facts';
import { fencedServers } from '../../planning/fence/fenced';
import { plainTable } from '../render/table';
import { count, instant, wrap } from '../render/text';
import { hostPort } from '../../model/hostPort';

const STATES: Record<ServerFacts['state'], string> = {
  serving: 'serving',
  notServing: 'not serving',
  refusing: 'refuses connections',
  unreachable: 'unreachable',
};
const LABELS: Record<Severity, string> = { error: 'ERROR', warning: 'WARNING', info: 'info' };
const DEFAULT_WIDTH = 100;
const MIB = 1_048_576;
const NOTHING = '–';

/** `width`: columns of the terminal; plain text without colours, the same when piped. */
export function renderInspect(facts: EnsembleFacts, width = DEFAULT_WIDTH): string {
  return [
    headline(facts),
    details(facts),
    '',
    serverTable(facts),
    ...(facts.servers.some(({ host }) => host) ? ['', hostTable(facts)] : []),
    ...(facts.tree ? ['', wrap(treeText(facts.tree), width, '  ')] : []),
    '',
    ...findings(facts.warnings, width),
  ].join('\n');
}

function headline(facts: EnsembleFacts): string {
  const { ensemble, leader, quorumMargin, syncedVoters, voters } = facts;
  const fenced = fencedServers(facts.servers);
  const inStep = `${syncedVoters} of ${voters} voters in step`;
  if (quorumMargin < 0 && fenced.length > 0)
    return `${ensemble}: CLOSED to clients by zkferry's own fence (${fenced.join(', ')})`;
  if (quorumMargin < 0) return `${ensemble}: NO QUORUM, ${inStep}: no write is taken`;
  const spare =
    quorumMargin === 0 ? 'none may stop' : `${count(quorumMargin, 'voter')} may still stop`;
  return `${ensemble}: ${leader ?? '?'} leads, ${inStep}, ${spare}`;
}

function details(facts: EnsembleFacts): string {
  const { sessions } = facts;
  return [
    `quorum ${Number.isFinite(facts.quorumSize) ? facts.quorumSize : NOTHING}`,
    facts.epoch === undefined ? undefined : `epoch ${facts.epoch}`,
    facts.configVersion === undefined ? undefined : `configuration ${facts.configVersion}`,
    facts.reconfigEnabled === undefined
      ? undefined
      : `reconfig ${facts.reconfigEnabled ? 'enabled' : 'off'}`,
    sessions &&
      `${count(sessions.total, 'session')}${sessions.smallestTimeoutMs === undefined ? '' : ` (shortest timeout ${sessions.smallestTimeoutMs} ms)`}`,
    `seen ${instant(facts.observedAt)}`,
    `identity ${facts.identity.slice(0, 12)}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

const shown = (value: number | string | undefined): string =>
  value === undefined ? NOTHING : String(value);

function serverTable({ servers }: EnsembleFacts): string {
  const head = [
    'SERVER',
    'ID',
    'ADDRESS',
    'STATE',
    'ROLE',
    'VERSION',
    'ZXID',
    'CONNS',
    'QUEUE',
    'AVG MS',
    'ZNODES',
  ];
  return plainTable(
    head,
    servers.map((server) => [
      server.server,
      String(server.id),
      hostPort(server.address.host, server.address.clientPort),
      STATES[server.state],
      server.role ?? (server.inventoryRole === 'observer' ? '(observer)' : NOTHING),
      shown(server.version),
      shown(server.zxid),
      shown(server.connections),
      shown(server.outstandingRequests),
      shown(server.latency?.avgMs),
      shown(server.znodeCount),
    ]),
  );
}

function hostTable({ servers }: EnsembleFacts): string {
  return plainTable(
    [
      'SERVER',
      'INSTALLED',
      'STAGED',
      'JAVA',
      'HEAP MIB',
      'DATA MIB',
      'FREE MIB',
      'SNAPSHOTS',
      'SERVICE',
    ],
    servers.map(({ server, host }) => {
      if (!host?.reachable) {
        return [server, host ? 'host not reachable' : 'host not asked', '', '', '', '', '', '', ''];
      }
      const { data, process } = host;
      return [
        server,
        shown(host.package?.installedVersion),
        host.package?.stagedVersions.join(' ') || NOTHING,
        shown(host.java?.version),
        mib(host.heapBytes),
        mib(data?.totalBytes),
        mib(data?.freeBytes),
        shown(data?.snapshotCount),
        process === undefined
          ? NOTHING
          : `${process.running ? 'running' : 'stopped'}${process.masked ? ', masked' : ''}${host.closedToClients ? ', fenced' : ''}`,
      ];
    }),
  );
}

function treeText(tree: TreeLook): string {
  if ('unknown' in tree) return `tree: unknown, ${tree.unknown}`;
  const { nodes, dataBytes, largestNode, containers, ttls, ephemerals, countersNearLimit } = tree;
  const { count: counters, listed } = countersNearLimit;
  return [
    `tree: ${count(nodes, 'znode')}, ${dataBytes} bytes of data, the largest ${largestNode.path} (${largestNode.bytes} bytes)`,
    `as of zxid ${tree.zxid}: ${tree.source}`,
    `${count(containers, 'container')}, ${ttls} with a time to live, ${count(ephemerals, 'ephemeral')}`,
    sessionText(tree.sessions),
    counters === 0
      ? 'no sequence number near its end'
      : `${count(counters, 'sequence number')} near ${counters === 1 ? 'its' : 'their'} end: ${listed.map(({ path, next }) => `${path} (next ${next})`).join(', ')}`,
  ].join('\n');
}

function sessionText(sessions: TreeFacts['sessions']): string {
  const { count: total, shortestMs, medianMs, longestMs } = sessions;
  return total === 0
    ? 'no session'
    : `${count(total, 'session')} with timeouts of ${shortestMs} to ${longestMs} ms, half of them at most ${medianMs} ms`;
}

const mib = (bytes: number | undefined): string =>
  bytes === undefined ? NOTHING : String(Math.round(bytes / MIB));

function findings(warnings: Finding[], width: number): string[] {
  if (warnings.length === 0) return ['nothing to warn of'];
  return warnings.map(({ severity, code, message, hint }) => {
    const text = wrap(`${LABELS[severity]} ${code}: ${message}`, width, '  ');
    return hint === undefined ? text : `${text}\n  ${wrap(`→ ${hint}`, width - 2, '    ')}`;
  });
}
