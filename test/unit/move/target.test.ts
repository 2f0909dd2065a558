/** What stands against a target, and in which form it gets the data. */
import type { EnsembleFacts, HostFacts, ServerFacts, TreeFacts } from '../../../src/model/facts';
import { notHeldFindings } from '../../../src/planning/move/notHeldFindings';
import { copyTargetFindings, targetFindings } from '../../../src/planning/move/targetFindings';
import { wayOf } from '../../../src/planning/move/way';
import { NotHeldWatch } from '../../../src/tree/restore/notHeld';
import { CONTAINER_OWNER, ttlOwner } from '../../../src/tree/nodeType';
import { codesOf, threeServers } from '../planning/ensembles';

const TREE: TreeFacts = {
  source: 'orders',
  zxid: '0x100000010',
  nodes: 5,
  dataBytes: 0,
  largestNode: { path: '/large', bytes: 1_000 },
  containers: 0,
  ttls: 0,
  ephemerals: 0,
  sessions: { count: 0 },
  countersNearLimit: { count: 0, listed: [] },
};

const source = (tree: Partial<TreeFacts> = {}, version = '3.8.4'): EnsembleFacts => ({
  ...threeServers(version),
  tree: { ...TREE, ...tree },
});

/** Installed, and never started. */
function target(version = '3.9.6', host: Partial<HostFacts> = {}): EnsembleFacts {
  const facts = threeServers(version);
  const servers = facts.servers.map((one): ServerFacts => {
    return {
      ...{ server: one.server, id: one.id, inventoryRole: one.inventoryRole },
      address: { host: `10.9.0.${one.id}`, clientPort: 2181 },
      state: 'refusing',
      host: {
        ...one.host!,
        process: { running: false },
        data: { ...one.host!.data!, snapshotCount: 0, logCount: 0 },
        package: {
          ...{ kind: 'tarball', stagedVersions: [], freeBytes: 1e9 },
          installedVersion: version,
        },
        ...host,
      },
    };
  });
  return { ...facts, ensemble: 'orders-new', identity: 'another', servers };
}

const ask = (from: EnsembleFacts, to: EnsembleFacts, plainBytes = 1e6) =>
  targetFindings({ source: from, target: to, plainBytes });
const errorsIn = (...words: Parameters<typeof ask>): string[] => [
  ...new Set(codesOf(ask(...words).filter(({ severity }) => severity === 'error'))),
];

test('nothing stands against servers that are installed and empty', () => {
  expect(errorsIn(source(), target())).toEqual([]);
});

test('servers of the source are no target', () => {
  const facts = source();
  expect(codesOf(ask(facts, facts))).toEqual(['SameEnsemble']);
});

test('nor is the source under another name', () => {
  const alias = { ...target(), identity: source().identity };
  expect(codesOf(ask(source(), alias))).toEqual(['SameEnsemble']);
});

test('a copy goes to another ensemble, which takes the largest node where all is copied', () => {
  const large = source({ largestNode: { path: '/large', bytes: 2_000_000 } });
  const codes = (to: EnsembleFacts, whole: boolean) =>
    new Set(codesOf(copyTargetFindings(large, to, whole)));
  expect(codes(large, true)).toEqual(new Set(['SameEnsemble']));
  expect(codes(target(), true)).toEqual(new Set(['NodeTooLarge']));
  expect(codes(target(), false)).toEqual(new Set());
});

const data = target().servers[0]!.host!.data!;

test.each<[string, string, Partial<HostFacts>]>([
  ['that runs', 'TargetNotEmpty', { process: { running: true } }],
  ['with a snapshot', 'TargetNotEmpty', { data: { ...data, snapshotCount: 1 } }],
  ['with a log', 'TargetNotEmpty', { data: { ...data, logCount: 1 } }],
  ['without a disk for it', 'NoDiskSpace', { data: { ...data, freeBytes: 1e6 } }],
  ['without zoo.cfg', 'TargetNotInstalled', { config: undefined }],
  ['without a package', 'TargetNotInstalled', { package: undefined }],
  ['without myid', 'TargetNotInstalled', { myid: undefined }],
  ['that is another one', 'TargetNotInstalled', { myid: 7 }],
  ['out of reach', 'HostNotObserved', { reachable: false }],
])('a server %s: %s', (_, code, host) => {
  expect(errorsIn(source(), target('3.9.6', host))).toEqual([code]);
});

test('a tree that takes longer to take in than initLimit allows', () => {
  expect(errorsIn(source(), target(), 2e9)).toContain('InitLimitTooShort');
});

test('a node over the limit, and one that fits a raised one', () => {
  const large = source({ largestNode: { path: '/large', bytes: 3_000_000 } });
  expect(errorsIn(large, target())).toEqual(['NodeTooLarge']);
  const raised = target('3.9.6', { jvmFlags: ['-Djute.maxbuffer=4000000'] });
  expect(errorsIn(large, raised)).toEqual([]);
});

test('nodes with a time to live need their flag', () => {
  const found = ask(source({ ttls: 2 }), target('3.9.6', { jvmFlags: [] }));
  expect(codesOf(found)).toContain('ExtendedTypesMissing');
});

test('an older release: refused where it would delete what is there, else warned of', () => {
  expect(errorsIn(source(), target('3.4.14'))).toEqual([]);
  expect(codesOf(ask(source(), target('3.4.14')))).toContain('ReleaseOlder');
  expect(codesOf(ask(source(), target('3.6.4')))).toContain('ReleaseOlder');
  expect(errorsIn(source({ containers: 1 }), target('3.4.14'))).toEqual(['TargetCannotHold']);
  expect(errorsIn(source({ containers: 1 }), target('3.6.4'))).toEqual([]);
});

describe('the target gets', () => {
  test('base and log as they are, or one snapshot where it cannot read that log', () => {
    const exact = { way: 'exact', sessions: 'keep', startZxid: '0x100000010' };
    expect(wayOf('0x100000010', '3.9.6', 1)).toEqual(exact);
    expect(wayOf('0x100000010', '3.5.10', undefined)).toEqual(exact);
    expect(wayOf('0x100000010', '3.4.14', 1)).toEqual({ ...exact, way: 'clean' });
  });

  test('a higher epoch only where clients may have seen one that it would not reach', () => {
    // The epoch it begins is 2: whoever saw 0x200000000 is let in.
    expect(wayOf('0x100000010', '3.9.6', 2)).toMatchObject({ startZxid: '0x100000010' });
    expect(wayOf('0x100000010', '3.9.6', 3)).toEqual({
      ...{ way: 'clean', sessions: 'keep' },
      ...{ startZxid: '0x400000000', above: '0x300000000' },
    });
  });

  test('an epoch after any in which a voter that nobody could read may have proposed something', () => {
    // Epoch 2 was begun, and what is known of it is empty.
    const later = { startZxid: '0x300000000', above: '0x200000000' };
    expect(wayOf('0x100000010', '3.9.6', 2, true)).toMatchObject({ way: 'clean', ...later });
    // What it may have proposed in epoch 1 are other zxids than those of the target's first epoch.
    expect(wayOf('0x100000010', '3.9.6', 1, true)).toMatchObject({ way: 'exact' });
  });
});

test('what an old release cannot hold is what is left of it at the end', () => {
  const watch = new NotHeldWatch();
  const node = (path: string, ephemeralOwner: bigint) =>
    watch.node({ path, stat: { ephemeralOwner, czxid: 0x100000001n } });
  node('/plain', 0n);
  node('/lease', 0x1000000n);
  node('/gone', CONTAINER_OWNER);
  node('/ttl', ttlOwner(60_000n));
  const header = { clientId: 1n, cxid: 1, zxid: 0x100000009n, time: 0n, type: 0 };
  const made = { data: null, acl: null, parentCversion: 0 };
  watch.txn({ header, body: { kind: 'deleteContainer', path: '/gone' } });
  watch.txn({
    header,
    body: { kind: 'multi', txns: [{ kind: 'createContainer', path: '/box', ...made }] },
  });
  watch.txn({
    header,
    body: { kind: 'reconfig', path: '/zookeeper/config', data: null, version: 1 },
  });
  const found = notHeldFindings(watch.finish(), '3.4.14');
  expect(found.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    'error: /ttl, a node with a time to live created by 0x100000001, would be deleted by 3.4.14',
    'error: /box, a container created by 0x100000009, would be deleted by 3.4.14',
    'warning: 0x100000009 changed the members by reconfig, which 3.4.14 does not know: of it /zookeeper/config stays, as a plain znode',
  ]);
});
