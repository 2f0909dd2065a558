import { expectedSuccessor, orderServers } from '../../../src/planning/serverOrder';
import { parseEnsemble } from './ensembles';

test('unhealthy first, then observers, followers by id, the leader last', () => {
  const { servers } = parseEnsemble(
    'zk10 follower 3.8.4, zk2 follower 3.8.4, zk1 leader 3.8.4, zk3 down 3.8.4, zk4 observer 3.8.4',
  );
  expect(orderServers(servers, 'zk1').map(({ server, rank }) => `${server} ${rank}`)).toEqual([
    'zk3 unhealthy',
    'zk4 observer',
    'zk2 follower',
    'zk10 follower',
    'zk1 leader',
  ]);
});

test('the order does not depend on the order of the facts', () => {
  const { servers } = parseEnsemble('zk3 follower 3.8.4, zk1 follower 3.8.4, zk2 leader 3.8.4');
  const order = orderServers(servers, 'zk2');
  expect(orderServers([...servers].reverse(), 'zk2')).toEqual(order);
});

test('the voter with the highest id is expected to lead next', () => {
  const { servers } = parseEnsemble(
    'zk1 follower 3.8.4, zk2 follower 3.8.4, zk3 leader 3.8.4, zk4 observer 3.8.4',
  );
  expect(expectedSuccessor(servers, 'zk3')).toBe('zk2');
});
