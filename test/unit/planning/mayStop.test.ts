import type { EnsembleFacts } from '../../../src/model/facts';
import { serverMayStop } from '../../../src/planning/mayStop';
import { parseEnsemble, threeServers } from './ensembles';

const healthy = (facts: EnsembleFacts): EnsembleFacts => ({
  ...facts,
  canary: { committed: true },
});
const ask = (text: string, server: string, more: object = {}) =>
  serverMayStop(healthy(parseEnsemble(text)), server, { margin: 0, ...more });

describe('a server may stop', () => {
  const facts = healthy(threeServers('3.8.4'));

  test('when the others hold a quorum that just committed a write', () => {
    expect(serverMayStop(facts, 'zk1', { margin: 0 })).toEqual({ ok: true, reasons: [] });
    expect(serverMayStop(facts, 'zk2', { margin: 0 })).toEqual({ ok: true, reasons: [] });
  });

  test('not without a committed canary, whatever else is well', () => {
    expect(serverMayStop({ ...facts, canary: undefined }, 'zk1', { margin: 0 }).ok).toBe(false);
    const failed = { ...facts, canary: { committed: false, error: 'connection loss' } };
    expect(serverMayStop(failed, 'zk1', { margin: 0 }).reasons.join()).toMatch(/connection loss/);
  });

  test('not when the margin asked for would be missing', () => {
    expect(serverMayStop(facts, 'zk1', { margin: 1 }).reasons).toEqual([
      'without zk1 only 0 synced voter(s) beyond the quorum remain, 1 asked for (3 of 3 voters synced, quorum 2)',
    ]);
    const five =
      'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 follower 3.8.4, zk4 follower 3.8.4, zk5 follower 3.8.4';
    expect(ask(five, 'zk3', { margin: 1 }).ok).toBe(true);
  });

  test('not while another that should serve does not', () => {
    const four =
      'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 follower 3.8.4, zk4 follower 3.8.4, zk5 down 3.8.4';
    expect(ask(four, 'zk2').reasons).toEqual(['zk5 is refusing (connection refused)']);
    expect(ask(four, 'zk2', { expectServing: ['zk1', 'zk2', 'zk3', 'zk4'] }).ok).toBe(true);
    expect(ask(four, 'zk2', { allowNonServing: ['zk5'] }).ok).toBe(true);
    expect(ask(`${four}, zk6 downObserver 3.8.4`, 'zk2', { allowNonServing: ['zk5'] }).ok).toBe(
      false,
    );
  });

  test('when it is the one that is down, also beside another that is', () => {
    expect(ask('zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 down 3.8.4', 'zk3').ok).toBe(true);
    const two =
      'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 follower 3.8.4, zk4 down 3.8.4, zk5 down 3.8.4';
    expect(ask(two, 'zk4').ok).toBe(true);
    expect(ask(two, 'zk1').ok).toBe(false);
  });

  test('that nothing listens on, even without a quorum: its turn may bring it back', () => {
    const lost = parseEnsemble('zk1 down 3.8.4, zk2 down 3.8.4, zk3 follower 3.8.4');
    expect(serverMayStop(lost, 'zk1', { margin: 0 }).ok).toBe(true);
    expect(serverMayStop(lost, 'zk3', { margin: 0 }).ok).toBe(false);
  });

  test('that is an observer, with all voters needed', () => {
    const text = 'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 observer 3.8.4';
    expect(ask(text, 'zk3').ok).toBe(true);
    expect(ask(text, 'zk1').ok).toBe(false);
  });

  test('never when it is alone, and never one of two', () => {
    expect(ask('zk1 standalone 3.8.4', 'zk1').reasons.join()).toMatch(/alone/);
    expect(ask('zk1 leader 3.8.4, zk2 follower 3.8.4', 'zk2').reasons.join()).toMatch(
      /of two voters/,
    );
  });

  test('not when somebody changed the members, or the configuration, since the plan', () => {
    expect(serverMayStop(facts, 'zk1', { margin: 0, identity: 'other' }).ok).toBe(false);
    const reconfigured = { ...facts, configVersion: '0x200000001' };
    expect(serverMayStop(reconfigured, 'zk1', { margin: 0, configVersion: '0x100000000' }).ok).toBe(
      false,
    );
    expect(serverMayStop(reconfigured, 'zk1', { margin: 0, configVersion: '0x200000001' }).ok).toBe(
      true,
    );
  });

  test('not when it was not looked at', () => {
    expect(serverMayStop(facts, 'zk9', { margin: 0 }).ok).toBe(false);
    const options = { margin: 0, expectServing: ['zk1', 'zk2', 'zk3', 'zk4'] };
    expect(serverMayStop(facts, 'zk1', options).reasons).toEqual([
      'zk4 was not among the servers looked at',
    ]);
  });

  test('not without a leader', () => {
    const servers = facts.servers.map((server) => ({ ...server, role: 'follower' as const }));
    expect(serverMayStop({ ...facts, servers, leader: undefined }, 'zk1', { margin: 0 }).ok).toBe(
      false,
    );
  });
});
