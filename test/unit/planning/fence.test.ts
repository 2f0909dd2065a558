import type { ResolvedServer } from '../../../src/model/inventory';
import { listenersOf } from '../../../src/planning/fence/listeners';
import { fenceTable } from '../../../src/model/clientFence';
import { fenceRuleset } from '../../../src/planning/fence/ruleset';
import {
  canServeWithout,
  cannotServeAlone,
  quorumMissing,
  whoMustStop,
} from '../../../src/planning/fence/unreachable';

const server = { ensemble: 'orders', name: 'zk1', id: 1, host: '10.0.0.1', clientPort: 2181 };
const listeners = (settings: Record<string, string>, more: object = {}) =>
  listenersOf(server as ResolvedServer, {
    config: { path: '', sha256: '', settings },
    ...more,
  });

test('a passage: its address and its ports, to the client ports only, before all else is refused', () => {
  const passage = { address: '10.0.9.9', ports: { from: 20_224, to: 20_351 } };
  const rules = fenceRuleset('t', listeners({ secureClientPort: '2281' }), passage).split('\n');
  const passing = rules.filter((rule) => rule.endsWith(' accept')).map((rule) => rule.trim());
  expect(passing).toEqual([
    'ip saddr 10.0.9.9 tcp sport 20224-20351 tcp dport 2181 accept',
    'ip daddr 10.0.9.9 tcp dport 20224-20351 tcp sport 2181 accept',
  ]);
  const refusal = rules.findIndex((rule) => rule.includes('dport 2181 reject'));
  expect(rules.findIndex((rule) => rule.includes('dport 2181 accept'))).toBeLessThan(refusal);
});

describe('what is closed', () => {
  test.each([
    [
      'everything by default',
      {},
      {},
      [
        { what: 'client', port: 2181 },
        { what: 'AdminServer', port: 8080 },
      ],
    ],
    [
      '3.4 has no AdminServer',
      { clientPort: '2181' },
      { version: '3.4.14' },
      [{ what: 'client', port: 2181 }],
    ],
    [
      'addresses and the secure port',
      {
        clientPort: '2181',
        clientPortAddress: '10.0.0.1',
        secureClientPort: '2281',
        secureClientPortAddress: '10.0.0.2',
        'admin.enableServer': 'false',
      },
      {},
      [
        { what: 'client', address: '10.0.0.1', port: 2181 },
        { what: 'secure client', address: '10.0.0.2', port: 2281 },
      ],
    ],
    [
      'by flags of the JVM',
      {},
      {
        jvmFlags: ['-Dzookeeper.admin.serverPort=9090', '-Dzookeeper.secureClientPort=2282'],
      },
      [
        { what: 'client', port: 2181 },
        { what: 'secure client', port: 2282 },
        { what: 'AdminServer', port: 9090 },
      ],
    ],
    [
      'by its line in the dynamic configuration',
      { 'admin.enableServer': 'false' },
      {
        members: [
          { id: 1, host: '10.0.0.1', role: 'participant', clientAddress: '127.0.0.5:2181' },
        ],
      },
      [{ what: 'client', address: '127.0.0.5', port: 2181 }],
    ],
  ])('%s', (_what, settings, more, expected) => {
    expect(listeners(settings as Record<string, string>, more)).toEqual(expected);
  });
});

test('a ruleset replaces its table, refuses what comes in and drops what goes out, but for the refusal', () => {
  const table = fenceTable(server);
  expect(table).toMatch(/^zkferry_[0-9a-f]{12}$/);
  const text = fenceRuleset(table, [
    { what: 'client', address: '127.0.0.5', port: 2181 },
    { what: 'AdminServer', port: 8080 },
    { what: 'secure client', address: '::1', port: 2281 },
  ]);
  expect(text.split('\n').slice(0, 2)).toEqual([
    `add table inet ${table}`,
    `delete table inet ${table}`,
  ]);
  expect(text).toContain('    ip daddr 127.0.0.5 tcp dport 2181 reject with tcp reset\n');
  expect(text).toContain('    ip saddr 127.0.0.5 tcp sport 2181 tcp flags & rst == 0x0 drop\n');
  expect(text).toContain('    tcp dport 8080 reject with tcp reset\n');
  expect(text).toContain('    ip6 daddr ::1 tcp dport 2281 reject with tcp reset\n');
  expect(() => fenceRuleset(table, [{ what: 'client', address: 'zk1.local', port: 1 }])).toThrow(
    /expected an IP address/,
  );
});

/** Observers have names that begin with o. */
const of = (...names: string[]) =>
  names.map((name, index) => ({
    name,
    id: index + 1,
    role: name.startsWith('o') ? ('observer' as const) : ('participant' as const),
  }));

test('a side is stopped without whoever is no quorum, and serves without whoever leaves one', () => {
  const five = of('a', 'b', 'c', 'd', 'e', 'o');
  const cases: [missing: string[], staysDown: boolean, serves: boolean][] = [
    [[], true, true],
    [['o'], true, true],
    [['a', 'b', 'o'], true, true],
    [['a', 'b', 'c'], false, false],
  ];
  for (const [missing, staysDown, serves] of cases) {
    expect([missing, cannotServeAlone(five, missing)]).toEqual([missing, staysDown]);
    expect([missing, canServeWithout(five, missing)]).toEqual([missing, serves]);
  }
  // Half of an even number is enough for neither.
  expect(cannotServeAlone(of('a', 'b', 'c', 'd'), ['a', 'b'])).toBe(true);
  expect(canServeWithout(of('a', 'b', 'c', 'd'), ['a', 'b'])).toBe(false);
});

test('servers out of reach are harmless once all others are stopped, unless they are a quorum', () => {
  expect(whoMustStop(of('a', 'b', 'c', 'o'), ['c'])).toEqual(['a', 'b']);
  expect(whoMustStop(of('a', 'b', 'c', 'o'), ['o'])).toEqual(['a', 'b', 'c']);
  expect(whoMustStop(of('a', 'b', 'c'), ['b', 'c'])).toBeUndefined();
});

test('who would make a quorum again is named, where one would do or not', () => {
  const of = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ name: `zk${index + 1}`, id: index + 1, role: 'participant' as const },
    }));
  const three = [...of(3), { name: 'ob', id: 9, role: 'observer' as const }];
  expect(quorumMissing(three, ['zk1', 'ob'])).toBeUndefined();
  expect(quorumMissing(three, ['zk1', 'zk2', 'ob'])).toBe(
    'a quorum is missing: zk1 or zk2 would do',
  );
  expect(quorumMissing(three, ['zk2', 'zk3'])).toBe('a quorum is missing: zk2 or zk3 would do');
  expect(quorumMissing(of(5), ['zk1', 'zk2', 'zk3', 'zk4'])).toBe(
    'a quorum is missing: more than one of zk1, zk2, zk3, zk4 is needed',
  );
});
