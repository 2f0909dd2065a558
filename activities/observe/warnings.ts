/** What a person should know about an ensemble, from facts alone. Pure. */
import type { EnsembleFacts, Finding, ServerFacts } from '../../src/model/facts';
import { lineOf } from '../../src/model/version';
import { FENCED_HINT, fencedServers, isFenced } from '../../src/planning/fence/fenced';
import { isMasked, startHint } from '../../src/planning/startHint';
import { treeFindings } from '../../src/planning/preflight/tree';
import { knownBad } from '../../src/planning/releases';
import { comparableList, type ConfigInForce } from './configuration';
import { hostWarnings } from './hostWarnings';
import { hostPort } from '../../src/model/hostPort';

/** Worst first; within one severity in the order of the servers. */
export function observationWarnings(
  facts: EnsembleFacts,
  config: ConfigInForce | undefined,
): Finding[] {
  const order = { error: 0, warning: 1, info: 2 };
  return [
    ...quorumWarnings(facts),
    ...facts.servers.flatMap(serverWarnings),
    ...versionWarnings(facts),
    ...identityWarnings(facts),
    ...configurationWarnings(facts, config),
    ...hostWarnings(facts),
    ...treeFindings(facts),
  ].sort((a, b) => order[a.severity] - order[b.severity]);
}

function quorumWarnings(facts: EnsembleFacts): Finding[] {
  const { voters, syncedVoters, quorumSize, quorumMargin } = facts;
  const findings: Finding[] = [];
  const leaders = facts.servers.filter(({ role }) => role === 'leader');
  if (leaders.length > 1) {
    findings.push({
      severity: 'error',
      code: 'TwoLeaders',
      message: `${leaders.map(({ server }) => server).join(' and ')} both say they lead`,
      hint: 'look again in a few seconds; if it stays so, the servers form two ensembles: compare their server lists',
    });
  }
  if (facts.servers.some(({ role }) => role === 'standalone')) {
    findings.push({
      severity: facts.servers.length > 1 ? 'error' : 'warning',
      code: 'Standalone',
      message:
        facts.servers.length > 1
          ? 'a server runs standalone although the inventory names several'
          : 'one standalone server: whenever it stops, the service stops',
      hint: 'three servers are the least that let one be stopped',
    });
    return findings;
  }
  if (quorumMargin < 0) {
    findings.push({
      severity: 'error',
      code: 'QuorumLost',
      message: `${syncedVoters} of ${voters} voters are in step, ${quorumSize} are needed: no write is taken`,
      hint:
        fencedServers(facts.servers).length > 0
          ? FENCED_HINT
          : 'start the servers that are down, then look again',
    });
  } else if (quorumMargin === 0) {
    findings.push({
      severity: 'warning',
      code: 'NoMargin',
      message: `${syncedVoters} of ${voters} voters are in step and ${quorumSize} are needed: one more stop ends the service`,
      hint: voters < 3 ? 'add voters: three are the least' : 'bring the missing servers back first',
    });
  }
  if (voters > 0 && voters % 2 === 0) {
    findings.push({
      severity: 'warning',
      code: 'EvenVoters',
      message: `${voters} voters survive no more failures than ${voters - 1} would`,
      hint: 'use an odd number of voters',
    });
  }
  return findings;
}

function serverWarnings(server: ServerFacts): Finding[] {
  const at = hostPort(server.address.host, server.address.clientPort);
  const findings: Finding[] = [];
  if (isFenced(server)) {
    findings.push({
      severity: 'warning',
      code: 'ServerFenced',
      server: server.server,
      message: `${server.server} (${at}) is closed to clients by zkferry's own fence: only its host was seen`,
      hint: FENCED_HINT,
    });
  } else if (server.state !== 'serving') {
    const severity = server.inventoryRole === 'participant' ? 'warning' : 'info';
    findings.push({
      severity,
      code: 'ServerDown',
      server: server.server,
      message: `${server.server} (${at}) is ${inWords(server)}`,
      hint:
        server.state === 'notServing'
          ? 'it may be electing or syncing; if it stays so, read its log'
          : isMasked(server)
            ? `stopped and masked, as by a run that was ended half-way: ${startHint(server)}, unless a run is at work`
            : 'check the host and its ZooKeeper service',
    });
  }
  if (server.whitelistOpen === false) {
    findings.push({
      severity: 'info',
      code: 'WhitelistClosed',
      server: server.server,
      message: `${server.server} answers "srvr" only: sessions, watches and members are not shown`,
      hint: '4lw.commands.whitelist=srvr,mntr,conf,cons,ruok in its zoo.cfg lets monitoring see them',
    });
  }
  return findings;
}

const STATE_WORDS = {
  serving: 'serving',
  notServing: 'not serving',
  refusing: 'refusing connections',
  unreachable: 'not reachable',
};

const inWords = ({ state, stateDetail }: ServerFacts): string =>
  `${STATE_WORDS[state]}${stateDetail === undefined ? '' : `: ${stateDetail}`}`;

function versionWarnings({ servers }: EnsembleFacts): Finding[] {
  const seen = new Map<string, string[]>();
  for (const { server, version } of servers) {
    if (version !== undefined) seen.set(version, [...(seen.get(version) ?? []), server]);
  }
  const findings: Finding[] = [];
  if (seen.size > 1) {
    const list = [...seen].map(([version, names]) => `${version} (${names.join(', ')})`).join(', ');
    findings.push({
      severity: 'warning',
      code: 'VersionsMixed',
      message: `versions are mixed: ${list}`,
      hint: 'finish or roll back the upgrade that was begun',
    });
  }
  for (const [version, names] of seen) {
    const defect = knownBad(version);
    if (defect) {
      findings.push({
        severity: 'warning',
        code: 'KnownBadVersion',
        message: `${version} (${names.join(', ')}) is known to be bad: ${defect.reason} (${defect.issue})`,
        hint: `upgrade, within the ${lineOf(version)} line to ${defect.fixedIn.find((fixed) => lineOf(fixed) === lineOf(version)) ?? 'its newest release'} or later`,
      });
    }
  }
  return findings;
}

/** Who claims which id: in the running servers, and on disk. Inventory ids are unique by its schema. */
function identityWarnings({ servers }: EnsembleFacts): Finding[] {
  const findings: Finding[] = [];
  for (const [what, idOf] of [
    ['running servers', ({ serverId }: ServerFacts) => serverId],
    ['myid files', ({ host }: ServerFacts) => host?.myid],
  ] as const) {
    const claims = new Map<number, string[]>();
    for (const server of servers) {
      const id = idOf(server);
      // A server alone always runs as id 0 or 1, whatever its files say.
      if (id === undefined || server.role === 'standalone') continue;
      claims.set(id, [...(claims.get(id) ?? []), server.server]);
      if (id !== server.id) {
        findings.push({
          severity: 'error',
          code: 'MyidDiffers',
          server: server.server,
          message: `${server.server} is id ${server.id} in the inventory, but ${id} by the ${what}`,
          hint: 'correct the inventory, or the myid file in its data directory',
        });
      }
    }
    for (const [id, names] of claims) {
      if (names.length > 1) {
        findings.push({
          severity: 'error',
          code: 'DuplicateId',
          message: `${names.join(' and ')} both claim id ${id} (${what})`,
          hint: 'two servers with one id lose writes: stop one and correct its myid',
        });
      }
    }
  }
  return findings;
}

function configurationWarnings(facts: EnsembleFacts, config: ConfigInForce | undefined): Finding[] {
  const { servers } = facts;
  const findings: Finding[] = [];
  const onDisk = servers.flatMap(({ server, host }) =>
    host?.members && host.members.length > 0
      ? [{ server, list: comparableList(host.members, servers) }]
      : [],
  );
  const lists = new Map<string, string[]>();
  for (const { server, list } of onDisk) lists.set(list, [...(lists.get(list) ?? []), server]);
  if (lists.size > 1) {
    findings.push({
      severity: 'error',
      code: 'ServerListsDiffer',
      message: `the server lists in zoo.cfg differ: ${[...lists.values()].map((names) => names.join(', ')).join(' | ')}`,
      hint: 'give every member the same server.N lines, one restart at a time',
    });
  }
  const inForce = config && comparableList(config.members, servers);
  if (inForce) {
    for (const { server } of onDisk.filter(({ list }) => list !== inForce)) {
      findings.push({
        severity: 'warning',
        code: 'DiskConfigDiffers',
        server,
        message: `${server}'s server list on disk is not the one in force${config.version ? ` (version ${config.version})` : ''}`,
        hint: 'a restart would bring the older list back: find out who changed it and when',
      });
    }
    const ids = new Set(servers.map(({ id }) => id));
    const strangers = config.members.filter(({ id }) => !ids.has(id));
    if (strangers.length > 0) {
      findings.push({
        severity: 'warning',
        code: 'UnknownMember',
        message: `the ensemble has members the inventory does not name: ${strangers.map(({ id, host }) => `${id} (${host})`).join(', ')}`,
        hint: 'add them to the inventory',
      });
    }
    const members = new Set(config.members.map(({ id }) => id));
    for (const { server } of servers.filter(({ id }) => !members.has(id))) {
      findings.push({
        severity: 'warning',
        code: 'NotAMember',
        server,
        message: `${server} is in the inventory, but not in the configuration in force`,
        hint: 'mark it spare: true, or bring it into the ensemble',
      });
    }
  }
  if (facts.reconfigEnabled === true && config?.openToAll === true) {
    findings.push({
      severity: 'warning',
      code: 'ReconfigOpen',
      message: 'reconfig is enabled and /zookeeper/config may be written by anybody',
      hint: 'set an ACL on /zookeeper/config',
    });
  }
  if (servers.some(({ host }) => host?.config?.settings['skipACL'] === 'yes')) {
    findings.push({
      severity: 'warning',
      code: 'AclsSkipped',
      message: 'skipACL=yes: no ACL is enforced, and where reconfig is enabled anybody may use it',
      hint: 'take skipACL out',
    });
  }
  return findings;
}
