import fc from 'fast-check';
import type { ConfigChange } from '../../../src/model/plan';
import {
  planConfigChanges,
  settingsAfter,
  takeOutTemporary,
  type ConfigMigrationInput,
} from '../../../src/planning/configMigration';
import { codesOf } from './ensembles';

const plan = (from: string, to: string, more: Partial<ConfigMigrationInput> = {}) =>
  planConfigChanges({ from, to, settings: {}, hasSnapshot: true, ...more });
const settingsOf = (changes: ConfigChange[]) =>
  Object.fromEntries(changes.map(({ setting, to }) => [setting, to]));

describe('leaving 3.4', () => {
  test('keeps the words 3.4 answered, but not the two that can stall a server', () => {
    const { changes } = plan('3.4.14', '3.5.10');
    const words = settingsOf(changes)['4lw.commands.whitelist']!.split(', ');
    expect(words).toEqual(expect.arrayContaining(['srvr', 'mntr', 'conf', 'ruok', 'stat', 'cons']));
    expect(words).not.toContain('wchp');
    expect(words).not.toContain('*');
  });

  test('opens no AdminServer where there was none', () =>
    expect(settingsOf(plan('3.4.14', '3.5.10').changes)['admin.enableServer']).toBe('false'));

  test("leaves the operator's own choices alone", () => {
    const settings = { '4lw.commands.whitelist': 'ruok', 'admin.enableServer': 'true' };
    expect(plan('3.4.14', '3.5.10', { settings }).changes).toEqual([]);
    const jvmFlags = [
      '-Dzookeeper.4lw.commands.whitelist=*',
      '-Dzookeeper.admin.enableServer=true',
    ];
    expect(plan('3.4.14', '3.5.10', { jvmFlags }).changes).toEqual([]);
    const javaEnv = `export SERVER_JVMFLAGS="${jvmFlags.join(' ')} -Xmx1g"`;
    expect(plan('3.4.14', '3.5.10', { javaEnv }).changes).toEqual([]);
  });

  test('a server without a snapshot gets snapshot.trust.empty for one start only', () => {
    const { changes } = plan('3.4.14', '3.5.10', { hasSnapshot: false });
    const change = changes.find(({ setting }) => setting === 'snapshot.trust.empty');
    expect(change).toMatchObject({ to: 'true', temporary: 'untilServerIsUp' });
    expect(takeOutTemporary(changes, 'untilServerIsUp')).toMatchObject([
      { setting: 'snapshot.trust.empty', from: 'true' },
    ]);
    expect(takeOutTemporary(changes, 'untilServerIsUp')[0]).not.toHaveProperty('to');
    expect(takeOutTemporary(changes, 'untilFinalize')).toEqual([]);
    expect(settingsOf(plan('3.4.14', '3.5.10').changes)).not.toHaveProperty([
      'snapshot.trust.empty',
    ]);
    expect(
      settingsOf(plan('3.4.14', '3.5.10', { hasSnapshot: false, hasLogs: false }).changes),
    ).not.toHaveProperty(['snapshot.trust.empty']);
  });

  test('without a snapshot refuses releases whose followers never write the first one', () => {
    const { findings } = plan('3.4.14', '3.5.8', { hasSnapshot: false });
    expect(codesOf(findings)).toContain('NoFirstSnapshot');
  });

  test('refuses members that share or lack an election port', () => {
    const member = { id: 1, host: 'a', quorumPort: 2888, role: 'participant' as const };
    const shared = plan('3.4.14', '3.5.10', { members: [{ ...member, electionPort: 2888 }] });
    expect(codesOf(shared.findings)).toEqual(['ElectionPortShared']);
    const missing = plan('3.4.14', '3.5.10', { settings: { 'server.1': 'a:2888' } });
    expect(codesOf(missing.findings)).toEqual(['ElectionPortMissing']);
    expect(plan('3.4.14', '3.5.10', { settings: { 'server.1': 'a:2888:3888' } }).findings).toEqual(
      [],
    );
  });

  test('refuses quorum TLS that would start on one server only', () => {
    const { findings } = plan('3.4.14', '3.5.10', { settings: { sslQuorum: 'true' } });
    expect(findings).toMatchObject([{ severity: 'error', code: 'QuorumTlsWouldStart' }]);
  });
});

describe('into 3.6', () => {
  test('multiAddress is not switched on while versions are mixed', () => {
    const settings = { 'multiAddress.enabled': 'true' };
    expect(plan('3.5.10', '3.6.4', { settings }).changes).toMatchObject([
      { setting: 'multiAddress.enabled', from: 'true' },
    ]);
    expect(plan('3.6.3', '3.6.4', { settings }).changes).toEqual([]);
  });

  test('snapshots are not compressed before 3.5 is out of reach', () => {
    const settings = { 'snapshot.compression.method': 'gz' };
    expect(plan('3.5.10', '3.6.4', { settings }).changes).toMatchObject([{ from: 'gz' }]);
  });

  test('electionAlg other than 3 is refused', () => {
    expect(codesOf(plan('3.5.10', '3.6.4', { settings: { electionAlg: '1' } }).findings)).toEqual([
      'ElectionAlgUnsupported',
    ]);
    expect(plan('3.5.10', '3.6.4', { settings: { electionAlg: '3' } }).findings).toEqual([]);
  });
});

describe('into 3.9', () => {
  test('FIPS mode stays off where quorum SASL or quorum TLS rely on that', () => {
    for (const name of ['quorum.auth.enableSasl', 'sslQuorum'])
      expect(settingsOf(plan('3.8.6', '3.9.6', { settings: { [name]: 'true' } }).changes)).toEqual({
        'fips-mode': 'false',
      });
    expect(plan('3.8.6', '3.9.6').changes).toEqual([]);
    const chosen = { sslQuorum: 'true', 'fips-mode': 'true' };
    expect(plan('3.8.6', '3.9.6', { settings: chosen }).changes).toEqual([]);
  });
});

test('flags the newer release does not read are carried over with a warning', () => {
  const jvmFlags = ['-Xmx4g', '-Dlog4j.configuration=file:/etc/log4j.properties'];
  const { changes, findings } = plan('3.7.2', '3.8.6', { jvmFlags, server: 'zk1' });
  expect(changes).toEqual([]);
  expect(findings).toMatchObject([
    { severity: 'warning', code: 'FlagNotRead', server: 'zk1' },
    { severity: 'info', code: 'LoggingChanges' },
  ]);
});

test('a server from 3.5 on with logs but no snapshot is refused, not started empty', () => {
  const { changes, findings } = plan('3.5.5', '3.6.4', { hasSnapshot: false });
  expect(codesOf(findings)).toEqual(['NoSnapshot']);
  expect(changes).toEqual([]);
});

test('within a line nothing is changed, and every change is made only once', () => {
  const version = fc.constantFrom('3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.6', '3.9.6');
  const settings = fc.dictionary(
    fc.constantFrom('sslQuorum', 'multiAddress.enabled', 'quorum.auth.enableSasl', 'electionAlg'),
    fc.constantFrom('true', 'false', '3'),
  );
  fc.assert(
    fc.property(version, version, settings, fc.boolean(), (from, to, before, hasSnapshot) => {
      const first = planConfigChanges({ from, to, settings: before, hasSnapshot });
      if (from === to && hasSnapshot) expect(first.changes).toEqual([]);
      const after = settingsAfter(before, first.changes);
      expect(planConfigChanges({ from, to, settings: after, hasSnapshot }).changes).toEqual([]);
    }),
  );
});
