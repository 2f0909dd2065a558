/** What is told of a client's files before anything is touched. */
import type { Dependencies } from '../../../activities/dependencies';
import { lookAtOne } from '../../../activities/migrate/lookAtClients';
import type { FileStanding } from '../../../src/model/redirect';

const sides = {
  from: { servers: [{ host: 'old1', clientPort: 2181 }] },
  to: { servers: [{ host: 'new1', clientPort: 2181 }] },
};

function looked(standing: FileStanding, text: string) {
  const connections = { 'zookeeper.connect': text };
  const dependencies = {
    inventory: {
      client: () => Promise.resolve({ name: 'app', ssh: { host: 'app1' }, proof: 'health' }),
    },
    redirect: {
      look: () =>
        Promise.resolve({
          ...{ files: [{ path: '/etc/app', standing, connections }] },
          ...{ begun: false, problems: [] },
        }),
    },
  } as unknown as Dependencies;
  const context = { signal: new AbortController().signal, heartbeat: () => undefined };
  return lookAtOne(dependencies, 'app', sides, context);
}

test('a file that names servers of both sides is warned of, with what becomes of it', async () => {
  const { findings } = await looked('mixed', 'old1:2181,new1:2181');
  expect(findings).toMatchObject([{ severity: 'warning', type: 'ClientOnBothSides' }]);
  expect(findings[0]!.message).toMatch(
    /^\/etc\/app on app1 names servers of both sides \(zookeeper\.connect old1:2181,new1:2181\).*Led over, it names new1:2181 alone/,
  );
});

test('one that names the old side alone is not', async () => {
  expect((await looked('old', 'old1:2181')).findings).toEqual([]);
});
