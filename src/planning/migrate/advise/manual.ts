/** What people must change by hand, each told from something that was seen; nothing seen, nothing said. */
import type { BoundAcl, EnsembleFacts, ServerFacts } from '../../../model/facts';
import { hostPort } from '../../../model/hostPort';
import type { AdviceFacts, ManualChange } from '../../../model/migrationAdvice';
import { settingOf, treeOf } from '../../members';
import { differingSettings } from './differences';

const MAX_CHANGES = 40;

export function manualChanges(facts: AdviceFacts): ManualChange[] {
  return [
    ...aclChanges(treeOf(facts.source)?.boundAcls ?? facts.znodes.acls),
    ...identityChanges(facts),
    ...nameChanges(facts),
    ...localSessions(facts.source),
    ...differingSettings(facts.source, facts.target),
    ...monitoring(facts),
  ].slice(0, MAX_CHANGES);
}

const WHY_OF_SCHEME: Record<string, string> = {
  ip: 'a client that comes from another address then, or by another way, is refused',
  sasl: 'a principal that names a host is another one on another host',
  x509: 'a certificate for another name is another identity',
};

const aclChanges = (acls: readonly BoundAcl[]): ManualChange[] =>
  acls
    // A principal without a host in it is the same wherever its client runs.
    .filter(({ scheme, id }) => scheme !== 'sasl' || id.includes('/'))
    .map(({ scheme, id, nodes, paths }) => ({
      what: `ACLs of ${scheme}:${id}`,
      where: `${paths.join(', ')}${nodes > paths.length ? ` and ${nodes - paths.length} more` : ''}`,
      why:
        WHY_OF_SCHEME[scheme] ??
        'who has it is for the scheme to say: see that clients still do after the move',
    }));

/** What proves who a server is: it holds a host's name, and the hosts are others. */
function identityChanges({ source, target }: AdviceFacts): ManualChange[] {
  const where = namesOf(target);
  const says = (test: (server: ServerFacts) => boolean): boolean => source.servers.some(test);
  const isTrue = (server: ServerFacts, name: string): boolean =>
    settingOf(server, name)?.trim().toLowerCase() === 'true';
  const changes: ManualChange[] = [];
  if (says((server) => hasProvider(server, 'SASLAuthenticationProvider') || hasLogin(server)))
    changes.push({
      what: 'Kerberos principal and keytab, or login configuration, of each new server',
      where,
      why: `${source.ensemble} authenticates clients or servers by SASL: a principal zookeeper/HOST names the host`,
    });
  if (says((server) => hasProvider(server, 'X509') || servesTls(server)))
    changes.push({
      what: 'certificates that name the new servers, trusted by their clients',
      where,
      why: `${source.ensemble} takes clients by TLS: they check the name of the server they are led to`,
    });
  if (says((server) => isTrue(server, 'sslQuorum')))
    changes.push({
      what: 'certificates of the quorum that name the new servers',
      where,
      why: `the members of ${source.ensemble} show each other certificates (sslQuorum)`,
    });
  return changes;
}

const namesOf = ({ servers }: EnsembleFacts): string =>
  servers.map(({ server, address }) => `${server} (${address.host})`).join(', ');

const hasProvider = ({ host }: ServerFacts, name: string): boolean =>
  Object.entries(host?.config?.settings ?? {}).some(
    ([key, value]) => key.startsWith('authProvider.') && value.includes(name),
  ) ||
  (host?.jvmFlags ?? []).some(
    (flag) => flag.startsWith('-Dzookeeper.authProvider.') && flag.includes(name),
  );

const hasLogin = ({ host }: ServerFacts): boolean =>
  (host?.jvmFlags ?? []).some((flag) => flag.startsWith('-Djava.security.auth.login.config='));

const servesTls = (server: ServerFacts): boolean =>
  settingOf(server, 'secureClientPort') !== undefined;

/** Names are looked up once by many a client, and kept. */
function nameChanges({ source, target, clients }: AdviceFacts): ManualChange[] {
  if (clients.length === 0) return [];
  const changes: ManualChange[] = [];
  const servers = [...source.servers, ...target.servers].map(({ address }) => address.host);
  const names = [...new Set(servers.filter(isName))];
  if (names.length > 0)
    changes.push({
      what: `lookups of ${fewOf(names)} that clients have cached`,
      where: `clients ${fewOf(clients.map(({ name }) => name))}`,
      why: 'a JVM may keep what a name meant for as long as it runs: names must not be moved to other addresses under running clients',
    });
  const byName = clients.filter(({ addresses }) => addresses.some(isName));
  if (byName.length > 0)
    changes.push({
      what: 'names that clients are found by in the inventory',
      where: `clients ${fewOf(byName.map(({ name, addresses }) => `${name} (${addresses.filter(isName).join(', ')})`))}`,
      why: 'that a client has followed is proven by where its sessions come from: each name must mean that address, for the worker too',
    });
  return changes;
}

const isName = (host: string): boolean => !/^\d+(\.\d+){3}$/.test(host) && !host.includes(':');

const MAX_NAMES = 8;

const fewOf = (names: readonly string[]): string =>
  names.length <= MAX_NAMES
    ? names.join(', ')
    : `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;

function localSessions({ servers }: EnsembleFacts): ManualChange[] {
  const local = servers.filter(
    (server) => settingOf(server, 'localSessionsEnabled')?.trim().toLowerCase() === 'true',
  );
  if (local.length === 0) return [];
  return [
    {
      what: 'clients that cannot bear the end of their session',
      where: `local sessions (localSessionsEnabled) of ${local.map(({ server }) => server).join(', ')}`,
      why: 'only its own server knows a local session: it ends where its client is led to another, whatever the mode',
    },
  ];
}

/** What scrapes the old servers does not find the new ones by itself. */
function monitoring({ source, target }: AdviceFacts): ManualChange[] {
  const changes: ManualChange[] = [];
  const exporter = source.servers.find(
    (server) => settingOf(server, 'metricsProvider.className') !== undefined,
  );
  if (exporter !== undefined) {
    const port = Number(settingOf(exporter, 'metricsProvider.httpPort') ?? '7000');
    changes.push({
      what: 'targets of the metrics scraper',
      where: target.servers.map(({ address }) => hostPort(address.host, port)).join(', '),
      why: `the servers of ${source.ensemble} export metrics (metricsProvider.className)`,
    });
  }
  const jmx = source.servers
    .flatMap(({ host }) => host?.jvmFlags ?? [])
    .find((flag) => flag.startsWith('-Dcom.sun.management.jmxremote.port='));
  if (jmx !== undefined)
    changes.push({
      what: 'what reads JMX',
      where: namesOf(target),
      why: `the servers of ${source.ensemble} offer it (${jmx})`,
    });
  return changes;
}
