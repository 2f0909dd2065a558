/** Advice on migrations: which mode, who uses the ensemble, what people must change; nothing that the facts do not show. */
import type { EnsembleFacts, Finding, TreeFacts } from '../../../src/model/facts';
import type {
  AdviceFacts,
  ClientUse,
  ManualChange,
  ModeAdvice,
  ModeLook,
} from '../../../src/model/migrationAdvice';
import { MIGRATION_MODES, type MigrationMode } from '../../../src/model/migrationInputs';
import { error, warning } from '../../../src/planning/findings';
import { adviceOf, withAdvice } from '../../../src/planning/migrate/advise/advice';
import { isCuratorChild } from '../../../src/planning/migrate/advise/knownSoftware';
import { usersIn } from '../../../src/planning/migrate/advise/users';
import { renderPlanMarkdown, renderPlanText } from '../../../src/planning/renderPlan';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { parseEnsemble, threeServers, upgradeTo, withServer } from './ensembles';

const LOOKS: Record<MigrationMode, ModeLook> = {
  stretch: { mode: 'stretch', findings: [], outageMs: 1_600 },
  physical: { mode: 'physical', findings: [], outageMs: 5_000 },
  logical: { mode: 'logical', findings: [], outageMs: 42_000 },
};

const looksWith = (...others: ModeLook[]): ModeLook[] =>
  MIGRATION_MODES.map((mode) => others.find((one) => one.mode === mode) ?? LOOKS[mode]);

const refuse = (mode: MigrationMode, ...findings: Finding[]): ModeLook => ({
  ...LOOKS[mode],
  findings: findings.length > 0 ? findings : [error('Any', `no ${mode}`, { hint: `do ${mode}` })],
});

const TREE: TreeFacts = {
  ...{ source: 'orders', zxid: '0x1', nodes: 9, dataBytes: 9, containers: 0, ttls: 0 },
  largestNode: { path: '/', bytes: 0 },
  ephemerals: 1,
  sessions: { count: 4 },
  countersNearLimit: { count: 0, listed: [] },
  boundAcls: [],
};

const factsOf = (more: Partial<AdviceFacts> = {}): AdviceFacts => ({
  chosen: 'stretch',
  source: { ...threeServers('3.8.6'), tree: TREE },
  target: { ...threeServers('3.8.6'), ensemble: 'dc2' },
  looks: looksWith(),
  acceptHarm: [],
  znodes: { paths: [], acls: [], requests: 3 },
  clients: [],
  ...more,
});

const modesIn = (facts: AdviceFacts): string[] =>
  adviceOf(facts).modes.map(
    ({ mode, possible, recommended }) => `${mode}${recommended ? '!' : possible ? '' : ' no'}`,
  );

const modeIn = (facts: AdviceFacts, mode: MigrationMode): ModeAdvice =>
  adviceOf(facts).modes.find((one) => one.mode === mode)!;

describe('modes', () => {
  test.each<[string, ModeLook[], string[]]>([
    ['all possible', [], ['stretch!', 'physical', 'logical']],
    ['no stretch', [refuse('stretch')], ['physical!', 'logical', 'stretch no']],
    [
      'only logical',
      [refuse('stretch'), refuse('physical')],
      ['logical!', 'stretch no', 'physical no'],
    ],
    ['no physical', [refuse('physical')], ['stretch!', 'logical', 'physical no']],
    [
      'none',
      MIGRATION_MODES.map((mode) => refuse(mode)),
      ['stretch no', 'physical no', 'logical no'],
    ],
    [
      'a plan that could not be made',
      [{ mode: 'stretch', findings: [], refused: { message: 'ids collide' } }],
      ['physical!', 'logical', 'stretch no'],
    ],
    [
      'warnings hold nothing back',
      [refuse('stretch', warning('EvenSize', 'four voters'))],
      ['stretch!', 'physical', 'logical'],
    ],
  ])('%s', (_name, looks, expected) => {
    expect(modesIn(factsOf({ looks: looksWith(...looks) }))).toEqual(expected);
  });

  test('why not, and what would have to be so, come from the plan of that mode', () => {
    const physical = refuse(
      'physical',
      ...['zk1', 'zk2'].map((server) =>
        error('TargetNotInstalled', 'has no zoo.cfg', { server, hint: 'install it' }),
      ),
      warning('NotCapturedYet', 'nothing yet', { hint: 'wait' }),
    );
    const advice = modeIn(factsOf({ looks: looksWith(physical) }), 'physical');
    expect(advice.reasons).toEqual(['zk1, zk2: has no zoo.cfg']);
    expect(advice.needs).toEqual(['install it']);
    expect(advice.expectedOutageMs).toBe(5_000);
  });

  test('a refusal is a reason with what to do, and has no outage', () => {
    const refused = { message: 'ids collide', hint: 'give others' };
    const advice = modeIn(
      factsOf({ looks: looksWith({ mode: 'stretch', findings: [], refused }) }),
      'stretch',
    );
    expect([advice.reasons, advice.needs[0]]).toEqual([['ids collide'], 'give others']);
    expect(advice).not.toHaveProperty('expectedOutageMs');
  });

  test('of very many reasons the first are shown and the rest counted', () => {
    const many = Array.from({ length: 20 }, (_, index) => error('Any', `reason ${index}`));
    const { reasons } = modeIn(
      factsOf({ looks: looksWith(refuse('logical', ...many)) }),
      'logical',
    );
    expect(reasons).toHaveLength(6);
    expect(reasons.at(-1)).toBe('and 15 more');
  });

  test('stretch says what round trip its ticks carry, and that nothing measured it', () => {
    const [need] = modeIn(factsOf(), 'stretch').needs;
    expect(need).toContain('under 10000 ms');
    expect(need).toContain('unknown');
    const source = withServer(threeServers('3.8.6'), 'zk2', (server) => ({
      ...server,
      host: {
        reachable: true,
        config: { path: '', sha256: '', settings: { tickTime: '500', syncLimit: '4' } },
      },
    }));
    expect(modeIn(factsOf({ source }), 'stretch').needs[0]).toContain('under 2000 ms');
  });

  test.each<[string, string, string, boolean]>([
    ['the next line', '3.8.6', '3.9.6', true],
    ['the same release', '3.8.6', '3.8.6', true],
    ['a line in between', '3.6.4', '3.9.6', false],
    ['a release with a known loss of data', '3.8.6', '3.9.3', false],
    ['an older one', '3.9.6', '3.8.6', false],
  ])('stretch to %s, %s to %s: %p', (_name, from, version, possible) => {
    const advice = modeIn(factsOf({ source: threeServers(from), version }), 'stretch');
    expect(advice.possible).toBe(possible);
    expect(advice.reasons).not.toHaveLength(0);
  });

  test('an old server that cannot be reached by SSH can be neither stopped nor closed', () => {
    const source = withServer(threeServers('3.8.6'), 'zk1', ({ host: _host, ...server }) => server);
    expect(modesIn(factsOf({ source }))).toEqual(['stretch!', 'physical no', 'logical no']);
    const facts = factsOf({ source });
    expect(modeIn(facts, 'physical').reasons[0]).toContain('zk1 cannot be reached over SSH');
    expect(modeIn(facts, 'logical').reasons[0]).toContain('not be closed');
  });

  test('what is lost is counted where the tree was read', () => {
    expect(modeIn(factsOf(), 'logical').loses.slice(0, 2)).toEqual(['4 sessions', '1 ephemeral']);
    const unread = factsOf({ source: threeServers('3.8.6') });
    expect(modeIn(unread, 'logical').loses.slice(0, 2)).toEqual(['sessions', 'ephemerals']);
    expect(modeIn(factsOf(), 'stretch').loses).toEqual([]);
    const short = refuse('physical', warning('SessionsTooShort', 'one has 4 s'));
    const physical = modeIn(factsOf({ looks: looksWith(short) }), 'physical');
    expect(physical.loses[0]).toContain('sessions whose timeout is shorter');
    expect(physical.reasons).toEqual(['one has 4 s']);
  });

  test.each<[string, Partial<AdviceFacts>, boolean]>([
    ['at the root', { znodes: found('/brokers/ids') }, false],
    ['below a chroot', { znodes: found('/kafka/brokers/ids') }, false],
    ['and accepted', { znodes: found('/kafka/brokers/ids'), acceptHarm: ['kafka'] }, true],
    [
      'and the plan let it be',
      {
        znodes: found('/brokers/ids'),
        looks: looksWith(refuse('logical', warning('KafkaEpoch', 'harm'))),
      },
      true,
    ],
    ['not: topics of others', { znodes: found('/brokers/topics', '/controller') }, true],
    ['not: HBase is not harmed for good', { znodes: found('/hbase') }, true],
  ])('Kafka %s: logical possible %p', (_name, more, possible) => {
    expect(modeIn(factsOf(more), 'logical').possible).toBe(possible);
  });
});

function found(...paths: string[]): AdviceFacts['znodes'] {
  return { paths, acls: [], requests: paths.length };
}

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('users', () => {
  const shown = ({ software, root, paths }: ClientUse): string =>
    `${software} ${root}: ${paths.join(' ')}`;

  test.each<[string[], string[]]>([
    [[], []],
    [['/app', '/locks'], []],
    [
      ['/controller', '/cluster/id', '/brokers/ids'],
      ['Kafka /: /brokers/ids /controller /cluster/id'],
    ],
    [['/controller', '/cluster/id'], []],
    [
      ['/a/brokers/ids', '/b/brokers/ids', '/b/cluster/id'],
      ['Kafka /a: /a/brokers/ids', 'Kafka /b: /b/brokers/ids /b/cluster/id'],
    ],
    [['/x/y/brokers/ids', '/zookeeper/hbase', '/brokers/ids2'], []],
    [
      ['/hbase', '/dc1/hbase'],
      ['HBase /: /hbase', 'HBase /dc1: /dc1/hbase'],
    ],
    [
      ['/solr/live_nodes', '/collections'],
      ['Solr /: /collections', 'Solr /solr: /solr/live_nodes'],
    ],
    [['/clickhouse'], ['ClickHouse /: /clickhouse']],
    [
      ['/hadoop-ha', '/rmstore', '/yarn-leader-election'],
      ['Hadoop HA /: /hadoop-ha /rmstore /yarn-leader-election'],
    ],
    [['/managed-ledgers', '/ledgers'], ['Pulsar or BookKeeper /: /managed-ledgers /ledgers']],
    [
      [`/l/_c_${UUID}-lock-0000000001`, `/l/_c_${UUID}-lock-0000000002`, `/e/_c_${UUID}-latch-01`],
      ['Curator recipes /: /e /l'],
    ],
  ])('%p', (paths, expected) => {
    expect(usersIn(paths).map(shown)).toEqual(expected);
  });

  test.each([
    [`_c_${UUID}-lock-0000000001`, true],
    [`_c_${UUID}-latch-0000000001`, true],
    [`_c_${UUID}-lease-0000000001`, true],
    [`_c_${UUID}-node`, false],
    [`_c_${UUID}-lock-`, false],
    ['_c_12-lock-0000000001', false],
    ['lock-0000000001', false],
  ])('%s is of a Curator recipe: %p', (name, is) => expect(isCuratorChild(name)).toBe(is));
});

const ensemble = (ensemble: string, words: string): EnsembleFacts => ({
  ...parseEnsemble(
    ['zk1 follower', 'zk2 leader', 'zk3 follower']
      .map((server) => `${server} 3.8.6 ${words}`.trim())
      .join(', '),
  ),
  ensemble,
});

describe('what people must change', () => {
  const changes = (more: Partial<AdviceFacts>): ManualChange[] => adviceOf(factsOf(more)).manual;
  const whats = (more: Partial<AdviceFacts>): string[] => changes(more).map(({ what }) => what);

  test('is nothing where nothing was seen', () => expect(changes({})).toEqual([]));

  test('ACLs: addresses, principals of a host, names of certificates; not principals without a host', () => {
    const acl = (scheme: string, id: string, nodes = 1) => ({ scheme, id, nodes, paths: ['/a'] });
    const boundAcls = [
      acl('ip', '10.0.0.0/8', 7),
      acl('sasl', 'kafka/h1@R'),
      acl('sasl', 'kafka@R'),
      acl('x509', 'CN=a'),
      acl('corp', 'x'),
    ];
    const source = { ...threeServers('3.8.6'), tree: { ...TREE, boundAcls } };
    expect(changes({ source }).map(({ what, where }) => `${what}: ${where}`)).toEqual([
      'ACLs of ip:10.0.0.0/8: /a and 6 more',
      'ACLs of sasl:kafka/h1@R: /a',
      'ACLs of x509:CN=a: /a',
      'ACLs of corp:x: /a',
    ]);
  });

  test('ACLs that the look over a session met count where the tree was not read', () => {
    const acls = [{ scheme: 'ip', id: '10.1.1.1', nodes: 1, paths: ['/x'] }];
    const znodes = { ...found(), acls };
    expect(whats({ znodes, source: threeServers('3.8.6') })).toEqual(['ACLs of ip:10.1.1.1']);
    expect(whats({ znodes })).toEqual([]);
  });

  test.each<[string, string, string]>([
    [
      'Kerberos',
      'set:authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
      'Kerberos principal and keytab',
    ],
    ['a login', 'flag:-Djava.security.auth.login.config=/x', 'Kerberos principal and keytab'],
    ['TLS of clients', 'set:secureClientPort=2281', 'certificates that name the new servers'],
    ['TLS of the quorum', 'set:sslQuorum=true', 'certificates of the quorum'],
    ['local sessions', 'set:localSessionsEnabled=true', 'clients that cannot bear the end'],
    ['metrics', 'set:metricsProvider.className=Prometheus', 'targets of the metrics scraper'],
    ['JMX', 'flag:-Dcom.sun.management.jmxremote.port=9010', 'what reads JMX'],
  ])('%s', (_name, word, what) => {
    // The new side has the same: no difference, but the hosts are others.
    const more = { source: ensemble('orders', word), target: ensemble('dc2', word) };
    expect(whats(more).some((one) => one.startsWith(what))).toBe(true);
    expect(whats(more)).toHaveLength(1);
    const without = { source: ensemble('orders', ''), target: ensemble('dc2', '') };
    expect(whats(without)).toEqual([]);
  });

  test.each<[string, string, string, string[]]>([
    [
      'a setting of one side',
      'set:snapCount=5',
      '',
      ['snapCount: 5 on the old side, not set on the new'],
    ],
    [
      'another value',
      'set:tickTime=500',
      'set:tickTime=900',
      ['tickTime: 500 on the old side, 900 on the new'],
    ],
    ['the same', 'set:snapCount=5', 'set:snapCount=5', []],
    [
      "a server's own",
      'set:dataDir=/a set:clientPort=1 set:server.1=a set:metricsProvider.httpPort=1',
      'set:dataDir=/b set:clientPort=2',
      [],
    ],
    [
      'a larger buffer',
      'flag:-Djute.maxbuffer=9000000',
      'flag:-Xmx1g',
      ['jute.maxbuffer: 9000000 on the old side, not set on the new'],
    ],
    ['heaps', 'flag:-Xmx2g', 'flag:-Xmx1g', []],
  ])('differences: %s', (_name, old, fresh, expected) => {
    expect(whats({ source: ensemble('orders', old), target: ensemble('dc2', fresh) })).toEqual(
      expected,
    );
  });

  test('a super digest is named, and never shown', () => {
    const digest = '-Dzookeeper.DigestAuthenticationProvider.superDigest=super:HASH=';
    const told = changes({
      source: ensemble('orders', `flag:${digest}`),
      target: ensemble('dc2', 'flag:-Xmx1g'),
    });
    expect(told).toHaveLength(1);
    expect(told[0]?.what).toMatch(/superDigest: set on the old side, not set on the new$/);
    expect(JSON.stringify(told)).not.toContain('HASH');
    const other = ensemble('dc2', `flag:${digest}OTHER`);
    const both = changes({ source: ensemble('orders', `flag:${digest}`), target: other });
    expect(both.map(({ what }) => what)).toEqual([
      'zookeeper.DigestAuthenticationProvider.superDigest: not the same',
    ]);
    expect(JSON.stringify(both)).not.toMatch(/HASH|OTHER/);
  });

  test('a side of which no configuration was read differs in nothing', () => {
    const target = threeServers('3.8.6');
    for (const server of target.servers) delete server.host;
    expect(whats({ source: ensemble('orders', 'set:snapCount=5'), target })).toEqual([]);
  });

  test('names are spoken of where clients are known and something is named', () => {
    const named = withServer(threeServers('3.8.6'), 'zk1', (server) => ({
      ...server,
      address: { ...server.address, host: 'zk1.dc1.example' },
    }));
    const client = (address: string) => [{ name: 'a', addresses: [address] }];
    expect(whats({ source: named })).toEqual([]);
    expect(whats({ clients: client('10.0.0.9') })).toEqual([]);
    expect(whats({ clients: client('fd00::1') })).toEqual([]);
    expect(whats({ source: named, clients: client('10.0.0.9') })).toEqual([
      'lookups of zk1.dc1.example that clients have cached',
    ]);
    expect(changes({ clients: client('app1.example') })[0]).toMatchObject({
      what: 'names that clients are found by in the inventory',
      where: 'clients a (app1.example)',
    });
  });
});

describe('what could not be seen', () => {
  const unknown = (more: Partial<AdviceFacts>): string[] => adviceOf(factsOf(more)).unknown;

  test('is said, and nothing where all could', () => {
    expect(unknown({})).toEqual([]);
    const source = { ...threeServers('3.8.6'), tree: { unknown: 'no server leads' } };
    expect(unknown({ source })[0]).toContain('no server leads');
    const znodes = { ...found(), incomplete: 'it ended after 200 requests' };
    expect(unknown({ znodes })[0]).toContain('200 requests');
    const target = threeServers('3.8.6');
    delete target.servers[2]!.host;
    expect(unknown({ target })).toEqual(['settings of zk3: no zoo.cfg was read there']);
  });
});

describe('beside a plan', () => {
  const plan = planRollingUpgrade(threeServers('3.8.4'), upgradeTo('3.9.6'));
  const beside = (facts: AdviceFacts, mode: MigrationMode, acceptHarm: 'kafka'[] = []) =>
    withAdvice(plan, adviceOf(facts), { mode, acceptHarm });
  const codes = (more: { findings: Finding[] }): string[] =>
    more.findings.filter((one) => !plan.findings.includes(one)).map(({ code }) => code);

  test('its hash stays, whatever is advised', () =>
    expect(beside(factsOf(), 'logical').hash).toBe(plan.hash));

  test.each<[string, MigrationMode, ModeLook[], string[]]>([
    ['logical, and others are possible', 'logical', [], ['BetterMode']],
    ['logical is all there is', 'logical', [refuse('stretch'), refuse('physical')], []],
    ['physical keeps as much as stretch', 'physical', [], []],
    [
      'physical, with sessions too short for it',
      'physical',
      [refuse('physical', warning('SessionsTooShort', 'one has 4 s'))],
      ['BetterMode'],
    ],
    ['stretch', 'stretch', [], []],
  ])('%s', (_name, mode, looks, expected) => {
    const found = beside(factsOf({ looks: looksWith(...looks) }), mode);
    expect(codes(found)).toEqual(expected);
    for (const { code, severity } of found.findings)
      if (code === 'BetterMode') expect(severity).toBe('info');
  });

  test('Kafka below a chroot is refused like Kafka at the root, unless that is accepted', () => {
    const facts = factsOf({ znodes: found('/kafka/brokers/ids'), looks: looksWith() });
    const severities = (acceptHarm: 'kafka'[]) =>
      beside(facts, 'logical', acceptHarm)
        .findings.filter(({ code }) => code === 'KafkaEpoch')
        .map(({ severity }) => severity);
    expect([severities([]), severities(['kafka'])]).toEqual([['error'], ['warning']]);
    expect(codes(beside(facts, 'stretch'))).toEqual([]);
    const chosen = withAdvice(plan, adviceOf(facts), {
      ...{ mode: 'logical', acceptHarm: [], trees: [{ from: '/app' }] },
    });
    expect(codes(chosen)).not.toContain('KafkaEpoch');
  });

  test('both renderings show modes and changes, and Markdown stays within its bound', () => {
    const boundAcls = Array.from({ length: 50 }, (_, index) => ({
      ...{ scheme: 'ip', id: `10.0.0.${index}`, nodes: 1, paths: [`/${'x'.repeat(200)}`] },
    }));
    const source = { ...threeServers('3.8.6'), tree: { ...TREE, boundAcls } };
    const advised = beside(
      factsOf({ source, looks: looksWith(refuse('stretch')), znodes: found('/hbase') }),
      'physical',
    );
    const text = renderPlanText(advised);
    expect(text).toContain('physical   recommended; writes wait for about 5 s');
    expect(text).toContain('stretch    not possible');
    expect(text).toContain('HBase at / (/hbase)');
    expect(text).toContain('ACLs of ip:10.0.0.0');
    const markdown = renderPlanMarkdown(advised);
    expect(markdown).toContain('- **physical**: recommended');
    expect(markdown).toMatch(/and \d+ more of the advice/);
    expect(Buffer.byteLength(markdown)).toBeLessThan(18_000);
    expect(renderPlanText(plan)).not.toContain('Ways to move it');
  });
});
