/** Who else holds an ensemble: what plans and people are told, of which run, and when nothing is said. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { RunIdentity } from '../../../activities/api';
import type { Dependencies } from '../../../activities/dependencies';
import { withLock } from '../../../activities/lock';
import { withHolder } from '../../../activities/whoHolds';
import { ZkferryError } from '../../../src/model/errors';
import type { EnsembleFacts } from '../../../src/model/facts';
import type { ResolvedEnsemble } from '../../../src/model/inventory';
import { parseEnsemble, threeServers } from '../planning/ensembles';

const ensemble = { name: 'orders', servers: [], auth: [], znodeRoot: '/zkferry' };
const holder = {
  ...{ runId: 'r-1', workflowId: 'CHG-5', strategy: 'rollingUpgrade' },
  since: '2026-01-02T03:04:05.000Z',
};
const context = { signal: new AbortController().signal, heartbeat: () => undefined };

/** `read`: as a session reads the lock's children. */
function held(read = () => Promise.resolve([holder.runId])): Dependencies {
  const data = Buffer.from(JSON.stringify(holder));
  const session = {
    children: read,
    get: () => Promise.resolve({ data, stat: { czxid: '0x100000001', ctimeMs: 0 } }),
    close: () => Promise.resolve(),
  };
  const zookeeper = { openSession: () => Promise.resolve(session) };
  return { zookeeper, ownerCredential: 'zkferry:x' } as unknown as Dependencies;
}

/** `histories`: status by workflow and run; what is not there this Temporal does not know. */
function seen(
  { run, facts = threeServers('3.8.4') }: { run?: RunIdentity; facts?: EnsembleFacts } = {},
  histories: Record<string, string> = {},
  dependencies = held(),
): Promise<EnsembleFacts> {
  const getHandle = (workflowId: string, runId = 'newest') => ({
    describe: () => {
      const name = histories[`${workflowId} ${runId}`];
      return name === undefined
        ? Promise.reject(new Error('not found'))
        : Promise.resolve({ status: { name } });
    },
  });
  const client = {
    workflow: { getHandle },
    withAbortSignal: (_signal: unknown, work: () => unknown) => work(),
  } as never;
  return new MockActivityEnvironment({}, { client }).run<
    [],
    EnsembleFacts,
    () => Promise<EnsembleFacts>
  >(() => withLock(dependencies, ensemble as unknown as ResolvedEnsemble, facts, run, context));
}

test.each<[string, Record<string, string>, boolean | undefined]>([
  ['runs', { 'CHG-5 r-1': 'RUNNING' }, true],
  ['was terminated', { 'CHG-5 r-1': 'TERMINATED' }, false],
  [
    'goes on in a new history',
    { 'CHG-5 r-1': 'CONTINUED_AS_NEW', 'CHG-5 newest': 'RUNNING' },
    true,
  ],
  [
    'ended in a later history',
    { 'CHG-5 r-1': 'CONTINUED_AS_NEW', 'CHG-5 newest': 'COMPLETED' },
    false,
  ],
  ['is of another Temporal', {}, undefined],
])('a plan is told of a run that %s', async (_, histories, open) => {
  const { lock } = await seen({}, histories);
  expect(lock).toMatchObject(holder);
  expect(lock!.open).toBe(open);
});

test('its own lock stands against no run, that of any other does', async () => {
  const own: RunIdentity = { workflowId: 'CHG-5', runId: 'r-1', strategy: 'rollingUpgrade' };
  expect((await seen({ run: own })).lock).toBeUndefined();
  // An id may be used again, on another Temporal.
  expect((await seen({ run: { ...own, runId: 'r-2' } })).lock).toMatchObject(holder);
});

const closed = held(() => Promise.reject(new ZkferryError('ZooKeeperAuthFailed', 'NoAuth')));

test('where it cannot be read, or nobody serves, nothing is said', async () => {
  expect((await seen({}, {}, closed)).lock).toBeUndefined();
  const openSession = jest.fn();
  const down = parseEnsemble('zk1 down 3.8.4, zk2 down 3.8.4, zk3 down 3.8.4');
  await seen({ facts: down }, {}, { zookeeper: { openSession } } as unknown as Dependencies);
  expect(openSession).not.toHaveBeenCalled();
});

test('who only looks is warned, with what breaks the lock once that run is closed', async () => {
  const facts = threeServers('3.8.4');
  const look = (dependencies: Dependencies) =>
    withHolder(dependencies, ensemble as unknown as ResolvedEnsemble, facts, context);
  const { lock, warnings } = await look(held());
  expect(lock).toMatchObject(holder);
  expect(warnings).toMatchObject([
    { severity: 'warning', code: 'EnsembleLocked', hint: expect.stringContaining('--run r-1') },
  ]);
  expect(await look(closed)).toEqual(facts);
});
