/** Whether a side could serve next: a quorum of it must answer, and where it is to be running, run. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../../activities/dependencies';
import { otherSideCheck } from '../../../activities/migrate/checkOtherSide';
import type { HostFacts } from '../../../src/model/facts';
import type { SideDemand } from '../../../src/model/plan';

const AWAY: HostFacts = {
  reachable: false,
  error: { type: 'SshUnreachable', message: 'no route' },
};
const STOPPED: HostFacts = { reachable: true, process: { running: false } };
const RUNS: HostFacts = { reachable: true, process: { running: true } };
const OTHER_KEY: HostFacts = {
  reachable: false,
  error: { type: 'HostKeyMismatch', message: 'another key' },
};

function check(demand: SideDemand, ...looks: HostFacts[]): Promise<void> {
  const servers = looks.map((look, index) => ({
    ...{ name: `zk${index + 1}`, id: index + 1, role: 'participant', ensemble: 'old' },
    ...{ ssh: {}, look },
  }));
  const dependencies = {
    inventory: { resolve: () => Promise.resolve({ name: 'old', servers }) },
    host: { observe: ({ look }: { look: HostFacts }) => Promise.resolve(look) },
  } as unknown as Dependencies;
  return new MockActivityEnvironment().run(() =>
    otherSideCheck(dependencies).checkOtherSide({ ensemble: 'old', demand }),
  );
}

test('stopped servers whose hosts answer are enough to be given data', async () => {
  await check('reachable', STOPPED, STOPPED, STOPPED);
  await check('reachable', STOPPED, STOPPED, AWAY);
});

test('where it goes on with what it has, a quorum must run', async () => {
  await check('running', RUNS, RUNS, STOPPED);
  await expect(check('running', RUNS, STOPPED, STOPPED)).rejects.toMatchObject({
    type: 'ZooKeeperUnavailable',
    message: expect.stringMatching(/without zk2, zk3 .*does not run/) as string,
  });
});

test('without a quorum of hosts it waits for them; for a host with another key a person is asked', async () => {
  await expect(check('reachable', STOPPED, AWAY, AWAY)).rejects.toMatchObject({
    ...{ type: 'SshUnreachable', nonRetryable: false },
    message: expect.stringMatching(
      /old could not serve next.*without zk2, zk3 .*no route/,
    ) as string,
  });
  await expect(check('reachable', STOPPED, STOPPED, OTHER_KEY)).rejects.toMatchObject({
    ...{ type: 'HostKeyMismatch', nonRetryable: true },
  });
});
