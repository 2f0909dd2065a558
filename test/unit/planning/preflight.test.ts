import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import { preflightFindings, type PreflightInput } from '../../../src/planning/preflight';
import { codesOf, ensembleOf, parseEnsemble, threeServers, withServer } from './ensembles';

const hops = [{ from: '3.8.4', to: '3.9.6', cautions: [] }];
const ask = (facts: EnsembleFacts, more: Partial<PreflightInput> = {}) =>
  preflightFindings(facts, { target: '3.9.6', hops, margin: 0, ...more }).filter(
    ({ code }) => code !== 'AdminServerOpen',
  );
const facts = threeServers('3.8.4');
const onZk1 = (change: (server: ServerFacts) => ServerFacts) =>
  ask(withServer(facts, 'zk1', change));
const onHost = (change: Partial<NonNullable<ServerFacts['host']>>) =>
  onZk1((server) => ({ ...server, host: { ...server.host!, ...change } }));
const three = (more: object) =>
  ensembleOf(
    (['follower', 'leader', 'follower'] as const).map((role, index) => ({
      server: `zk${index + 1}`,
      version: '3.8.4',
      role,
      ...more,
    })),
  );

test('a healthy ensemble has nothing against it', () => expect(ask(facts)).toEqual([]));

describe('the ensemble', () => {
  test('must be more than one server, and hold a quorum', () => {
    expect(codesOf(ask(parseEnsemble('zk1 standalone 3.8.4')))).toContain('Standalone');
    const lost = parseEnsemble('zk1 down 3.8.4, zk2 down 3.8.4, zk3 down 3.8.4');
    expect(codesOf(ask(lost))).toContain('QuorumLost');
  });

  test('must not be closed by a fence of ours, which is no quorum lost', () => {
    const closed = parseEnsemble('zk1 down 3.8.4, zk2 down 3.8.4, zk3 down 3.8.4');
    for (const server of closed.servers) server.host = { reachable: true, closedToClients: true };
    const found = ask(closed);
    expect(found.find(({ code }) => code === 'ServerFenced')?.message).toMatch(
      /zk1, zk2, zk3 are closed/,
    );
    for (const code of ['QuorumLost', 'ServerDown']) expect(codesOf(found)).not.toContain(code);
  });

  test('must keep its margin while one restarts; two voters never do', () => {
    const two = ask(parseEnsemble('zk1 leader 3.8.4, zk2 follower 3.8.4'));
    expect(two).toMatchObject([
      { severity: 'error', code: 'NoMargin', hint: expect.stringMatching(/third/) },
    ]);
    expect(codesOf(ask(facts, { margin: 1 }))).toEqual(['NoMargin']);
  });

  test('with one of three down is warned about only: that one goes first', () => {
    const found = ask(parseEnsemble('zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 down 3.8.4'));
    expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'warning MarginMissing',
      'warning ServerDown',
    ]);
  });

  test('with sessions shorter than a leader change is warned about, with the numbers', () => {
    const [finding] = ask({ ...facts, sessions: { total: 1, smallestTimeoutMs: 2_000 } });
    expect(finding).toMatchObject({ severity: 'warning', code: 'SessionsTooShort' });
    expect(finding?.message).toMatch(/2000 ms.*3200 ms/);
  });

  test('must have committed the canary, where one was tried', () => {
    expect(codesOf(ask({ ...facts, canary: { committed: false } }))).toEqual(['CanaryFailed']);
    expect(ask({ ...facts, canary: { committed: true } })).toEqual([]);
  });

  test('near the end of an epoch says so', () => {
    expect(codesOf(onZk1((server) => ({ ...server, zxid: '0x1f0000001' })))).toEqual([
      'ZxidNearRollover',
    ]);
    expect(onZk1((server) => ({ ...server, zxid: '0xffff00000001' }))).toEqual([]);
  });
});

describe('members', () => {
  test('must have the ids the inventory says, each once', () => {
    expect(codesOf(onHost({ myid: 7 }))).toEqual(['MyidDiffers']);
    const twice = withServer(facts, 'zk1', (server) => ({ ...server, serverId: 2 }));
    expect(codesOf(ask(twice))).toEqual(expect.arrayContaining(['MyidDiffers', 'DuplicateId']));
  });

  test('and inventory must name the same servers', () => {
    const hidden = { ...facts, servers: facts.servers.slice(0, 2) };
    expect(ask(hidden)).toMatchObject([{ severity: 'error', code: 'UnknownMember' }]);
    const members = facts.servers[0]!.host!.members!.slice(0, 2);
    const stranger: EnsembleFacts = {
      ...facts,
      servers: facts.servers.map((server) => ({ ...server, host: { ...server.host!, members } })),
    };
    expect(ask(stranger)).toMatchObject([{ severity: 'error', code: 'NotAMember', server: 'zk3' }]);
  });

  test('must list the same ensemble', () => {
    const members = facts.servers[0]!.host!.members!.map((member) => ({
      ...member,
      quorumPort: 2889,
    }));
    expect(codesOf(onHost({ members }))).toEqual(['ServerListsDiffer']);
  });
});

describe('each host', () => {
  test.each(['SshUnreachable', 'HostKeyMismatch', 'SshAuthFailed'])(
    'with %s is refused as that',
    (type) => {
      const found = onZk1((server) => ({
        ...server,
        host: { reachable: false, error: { type, message: 'no way in' } },
      }));
      expect(found).toMatchObject([{ severity: 'error', code: type, server: 'zk1' }]);
    },
  );

  test('must have been looked at', () => {
    const members = facts.servers[0]!.host!.members;
    expect(codesOf(onZk1((server) => ({ ...server, members, host: undefined })))).toEqual([
      'HostNotObserved',
    ]);
  });

  test('must run its server through the service the inventory names', () => {
    expect(codesOf(onHost({ process: { running: false } }))).toEqual(['ServiceNotManaged']);
    expect(codesOf(onHost({ process: { running: true, masked: true } }))).toEqual([
      'ServiceMasked',
    ]);
  });

  test('must have a Java new enough for every stop of the path', () => {
    expect(codesOf(onHost({ java: { version: '1.7.0', major: 7, path: '/j' } }))).toEqual([
      'JavaTooOld',
    ]);
    expect(onHost({ java: { version: '1.8.0', major: 8, path: '/j' } })).toEqual([]);
    expect(codesOf(onHost({ java: undefined }))).toEqual(['JavaUnknown']);
  });

  test('must show its configuration, its data and its package', () => {
    expect(codesOf(onHost({ config: undefined }))).toEqual(['ConfigurationMissing']);
    expect(codesOf(onHost({ data: undefined }))).toEqual(['DataDirectoryMissing']);
    expect(codesOf(onHost({ package: undefined }))).toEqual(['PackageUnknown']);
  });

  test('whose installed version is not the running one is warned about', () => {
    const found = onHost({
      package: { ...facts.servers[0]!.host!.package!, installedVersion: '3.8.6' },
    });
    expect(found).toMatchObject([{ severity: 'warning', code: 'PackageDiffers' }]);
  });

  test('needs room for three times each archive that is not staged yet', () => {
    const found = facts.servers[0]!.host!.package!;
    const packageChecks = [{ server: 'zk1', version: '3.9.6', bytes: 20e6 }];
    const with_ = (freeBytes: number, stagedVersions: string[]) =>
      ask(
        withServer(facts, 'zk1', (server) => ({
          ...server,
          host: { ...server.host!, package: { ...found, freeBytes, stagedVersions } },
        })),
        { packageChecks },
      );
    const [refused] = with_(50e6, ['3.8.4']);
    expect(refused).toMatchObject({ severity: 'error', code: 'NoDiskSpace' });
    expect(refused?.message).toMatch(/3\.9\.6 need 60 MB.*50 MB are free/);
    expect(with_(61e6, ['3.8.4'])).toEqual([]);
    expect(with_(1e6, ['3.8.4', '3.9.6'])).toEqual([]);
  });

  test('needs each package, the present one too, unless it lies there already', () => {
    const missing = (version: string) =>
      ask(facts, {
        packageChecks: [
          { server: 'zk1', version, error: { type: 'ArtifactMissing', message: 'no file' } },
        ],
      });
    expect(codesOf(missing('3.9.6'))).toEqual(['ArtifactMissing']);
    expect(missing('3.8.4')).toEqual([]);
  });
});

test('the backup needs 3.1 times the data and 136 MB on some serving server, with the numbers', () => {
  const [refused] = ask(
    three({
      snapshotBytes: 1e9,
      freeBytes: 6.2e9,
      heapBytes: 10e9,
      settings: { initLimit: '100' },
    }),
  );
  expect(refused).toMatchObject({ severity: 'error', code: 'NoDiskSpaceForBackup' });
  expect(refused?.message).toMatch(/6336 MB.*6200 MB/);
  expect(
    ask(
      three({
        snapshotBytes: 1e9,
        freeBytes: 6.4e9,
        heapBytes: 10e9,
        settings: { initLimit: '100' },
      }),
    ),
  ).toEqual([]);
});

describe('limits', () => {
  test('initLimit must give time to take in the measured tree', () => {
    const tree = (initLimit: string) =>
      ask(three({ snapshotBytes: 400e6, heapBytes: 10e9, settings: { initLimit } }));
    expect(tree('10')[0]).toMatchObject({ severity: 'error', code: 'InitLimitTooShort' });
    expect(tree('10')[0]?.message).toMatch(
      /10 × 2000 = 20000 ms; taking in 400 MB may take 22000 ms/,
    );
    expect(tree('15')[0]).toMatchObject({ severity: 'warning', code: 'InitLimitTight' });
    expect(tree('22')).toEqual([]);
  });

  test('the heap must hold it', () => {
    const heap = (heapBytes: number) =>
      codesOf(ask(three({ snapshotBytes: 100e6, heapBytes, settings: { initLimit: '20' } }))).slice(
        0,
        1,
      );
    expect(heap(100e6)).toEqual(['HeapTooSmall']);
    expect(heap(300e6)).toEqual(['HeapTight']);
    expect(heap(400e6)).toEqual([]);
  });

  test('jute.maxbuffer must be the same everywhere, the default counting as said', () => {
    expect(codesOf(onHost({ jvmFlags: ['-Djute.maxbuffer=4194304'] }))).toEqual([
      'MaxBufferDiffers',
    ]);
    expect(onHost({ jvmFlags: ['-Djute.maxbuffer=0xfffff'] })).toEqual([]);
    expect(ask(three({ jvmFlags: ['-Djute.maxbuffer=4194304'] }))).toEqual([]);
  });

  test('a syncLimit shorter than a leader change is warned about', () =>
    expect(
      codesOf(ask(three({ settings: { syncLimit: '1', tickTime: '1000', initLimit: '20' } }))),
    ).toContain('SyncLimitTight'));
});

describe('the way back', () => {
  test('is lost below 3.6 with compressed snapshots', () => {
    const old = withServer(threeServers('3.5.10'), 'zk1', (server) => ({
      ...server,
      host: { ...server.host!, jvmFlags: ['-Dzookeeper.snapshot.compression.method=gz'] },
    }));
    expect(codesOf(ask(old))).toContain('CompressedSnapshots');
  });

  test('needs extendedTypesEnabled on all servers or none', () => {
    const flag = '-Dzookeeper.extendedTypesEnabled=true';
    expect(codesOf(onHost({ jvmFlags: [flag] }))).toEqual(['ExtendedTypesDiffer']);
    expect(ask(three({ jvmFlags: [flag] }))).toMatchObject([{ severity: 'info' }]);
  });

  test('leaving 3.4 without a snapshot is said', () => {
    const old = parseEnsemble(
      'zk1 leader 3.4.14 noSnapshot, zk2 follower 3.4.14, zk3 follower 3.4.14',
    );
    const found = ask(old, { hops: [{ from: '3.4.14', to: '3.5.10', cautions: [] }] });
    expect(found).toMatchObject([{ severity: 'info', code: 'NoSnapshot', server: 'zk1' }]);
  });

  test('quorum SASL that is not required is said', () =>
    expect(codesOf(ask(three({ settings: { 'quorum.auth.enableSasl': 'true' } })))).toEqual([
      'QuorumSaslNotRequired',
    ]));
});
