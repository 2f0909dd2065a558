import { planRollback, type TouchedTurn } from '../../../src/planning/rollbackPlan';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { parseEnsemble, stopsOf, threeServers, upgradeTo, withServer } from './ensembles';

const input = upgradeTo('3.9.6');
const plan = planRollingUpgrade(threeServers('3.8.4'), input);
const turn = (server: string, from: string, to: string, upgraded = true): TouchedTurn => ({
  server,
  from,
  to,
  upgraded,
});
const back = (text: string, touched: TouchedTurn[], more: object = {}) =>
  planRollback(plan, parseEnsemble(text), touched, { led35OrNewer: true, waits: input, ...more });
const idsOf = (result: ReturnType<typeof back>) =>
  result.possible ? result.plan.steps.map(({ id }) => id) : [];

test('touched servers go back one at a time, those down first, the leader last', () => {
  const result = back('zk1 leader 3.9.6, zk2 follower 3.9.6, zk3 down 3.8.4', [
    turn('zk1', '3.8.4', '3.9.6'),
    turn('zk2', '3.8.4', '3.9.6'),
    turn('zk3', '3.8.4', '3.9.6', false),
  ]);
  expect(result.possible && stopsOf(result.plan.steps)).toEqual([
    'zk3 3.9.6→3.8.4',
    'zk2 3.9.6→3.8.4',
    'zk1 3.9.6→3.8.4',
  ]);
  expect(idsOf(result).slice(0, 6)).toEqual([
    'rollback/3.8.4/zk3/stopServer',
    'rollback/3.8.4/zk3/revertPackage',
    'rollback/3.8.4/zk3/restoreConfiguration',
    'rollback/3.8.4/zk3/startServer',
    'rollback/3.8.4/zk3/verifyQuorum',
    'rollback/3.8.4/zk3/soak',
  ]);
  expect(idsOf(result).at(-1)).toBe('rollback/verifyMembersAgree');
  expect(result.possible && result.plan).toMatchObject({
    direction: 'rollback',
    toVersion: '3.8.4',
  });
});

test('untouched servers are left alone', () => {
  const result = back('zk1 follower 3.9.6, zk2 leader 3.8.4, zk3 follower 3.8.4', [
    turn('zk1', '3.8.4', '3.9.6'),
  ]);
  expect(result.possible && stopsOf(result.plan.steps)).toEqual(['zk1 3.9.6→3.8.4']);
});

test('several hops are taken back in reverse', () => {
  const result = back('zk1 follower 3.9.6, zk2 leader 3.8.6, zk3 follower 3.8.6', [
    turn('zk1', '3.7.2', '3.8.6'),
    turn('zk3', '3.7.2', '3.8.6'),
    turn('zk2', '3.7.2', '3.8.6'),
    turn('zk1', '3.8.6', '3.9.6'),
  ]);
  expect(result.possible && stopsOf(result.plan.steps)).toEqual([
    'zk1 3.9.6→3.8.6',
    'zk1 3.8.6→3.7.2',
    'zk3 3.8.6→3.7.2',
    'zk2 3.8.6→3.7.2',
  ]);
});

test('a server whose turn began but which runs as before is not stopped: unmasked, and proven', () => {
  const result = back('zk1 follower 3.8.4, zk2 leader 3.8.4, zk3 follower 3.8.4', [
    turn('zk1', '3.8.4', '3.9.6', false),
  ]);
  expect(idsOf(result)).toEqual([
    'rollback/3.8.4/zk1/startServer',
    'rollback/3.8.4/zk1/verifyQuorum',
    'rollback/verifyMembersAgree',
  ]);
});

describe('refused with the reason', () => {
  const old = [turn('zk1', '3.4.14', '3.5.10'), turn('zk3', '3.4.14', '3.5.10')];
  const half = 'zk1 follower 3.5.10, zk2 leader 3.4.14, zk3 follower 3.5.10';

  test('below 3.5 once a 3.5+ server has led, with what to do instead', () => {
    const result = back(half, old);
    expect(result).toMatchObject({ possible: false });
    expect(!result.possible && result.reason).toMatch(/cannot read.*[Gg]o forward/s);
  });

  test('below 3.5 when a 3.5+ server leads now, whatever was noted', () => {
    const now = 'zk1 leader 3.5.10, zk2 follower 3.4.14, zk3 follower 3.5.10';
    expect(back(now, old, { led35OrNewer: false }).possible).toBe(false);
  });

  test('after finalize', () => {
    const result = back('zk1 follower 3.9.6, zk2 leader 3.9.6', [turn('zk1', '3.8.4', '3.9.6')], {
      finalized: true,
    });
    expect(!result.possible && result.reason).toMatch(/finalize/);
  });

  test('with compressed snapshots below 3.6', () => {
    const facts = withServer(
      parseEnsemble('zk1 follower 3.6.4, zk2 leader 3.5.10, zk3 follower 3.5.10'),
      'zk1',
      (server) => ({
        ...server,
        host: { ...server.host!, data: { ...server.host!.data!, hasGzSnapshots: true } },
      }),
    );
    const result = planRollback(plan, facts, [turn('zk1', '3.5.10', '3.6.4')], {
      led35OrNewer: true,
      waits: input,
    });
    expect(!result.possible && result.reason).toMatch(/compressed/);
  });

  test('for a server nobody looked at', () =>
    expect(back('zk2 leader 3.9.6', [turn('zk1', '3.8.4', '3.9.6')]).possible).toBe(false));
});

test('below 3.5 is possible as long as only 3.4 servers have led', () => {
  const result = back(
    'zk1 follower 3.5.10, zk2 leader 3.4.14, zk3 follower 3.5.10',
    [turn('zk1', '3.4.14', '3.5.10'), turn('zk3', '3.4.14', '3.5.10')],
    { led35OrNewer: false },
  );
  expect(result.possible && stopsOf(result.plan.steps)).toEqual([
    'zk1 3.5.10→3.4.14',
    'zk3 3.5.10→3.4.14',
  ]);
});
