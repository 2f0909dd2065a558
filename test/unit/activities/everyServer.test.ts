/** One piece of work on every server of a side: which failures are borne, and who is not tried. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { StepArgs, StepResult } from '../../../activities/api';
import type { Dependencies } from '../../../activities/dependencies';
import { onEveryServer } from '../../../activities/migrate/everyServer';
import { leftOfServing } from '../../../activities/migrate/outOfReach';
import { ZkferryError, type ErrorType } from '../../../src/model/errors';
import type { ResolvedServer } from '../../../src/model/inventory';
import { canServeWithout } from '../../../src/planning/fence/unreachable';

const servers = ['zk1', 'zk2', 'zk3'].map((name, index) => ({
  ...{ name, id: index + 1, role: 'participant', ensemble: 'orders' },
  service: { kind: 'systemd', unit: 'zookeeper' },
})) as unknown as ResolvedServer[];

const dependencies = {
  inventory: { resolve: () => Promise.resolve({ name: 'orders', servers }) },
} as unknown as Dependencies;

const failing = (type: ErrorType) => () => Promise.reject(new ZkferryError(type, 'said so'));

/** `faults`: by server; the others do as they are told. */
function everywhere(
  faults: Record<string, () => Promise<string>>,
  {
    without,
    attempt = 1,
    worthDoingToSome = false,
  }: Partial<Pick<StepArgs, 'without'>> & { attempt?: number; worthDoingToSome?: boolean } = {},
) {
  const tried: string[] = [];
  const args = {
    ...{ ensemble: 'orders', fence: { generation: '1', sequence: 1 } },
    ...(without && { without }),
  } as unknown as StepArgs;
  const work = ({ name }: ResolvedServer): Promise<string> => {
    tried.push(name);
    return faults[name]?.() ?? Promise.resolve('done');
  };
  const result = new MockActivityEnvironment({ attempt }).run<
    [],
    StepResult,
    () => Promise<StepResult>
  >(() =>
    onEveryServer(dependencies, args, {
      ...{ work, goesWithout: canServeWithout, worthDoingToSome, left: leftOfServing },
    }),
  );
  return { result, tried };
}

test('a host out of reach is gone without, and named with what starts its server', async () => {
  const { result, tried } = everywhere({ zk2: failing('SshUnreachable') });
  const { detail, leftOut } = await result;
  expect(detail).toBe('zk1 done; zk2 is left as it is: said so; zk3 done');
  expect(leftOut).toMatchObject([{ server: 'zk2', why: 'said so' }]);
  expect(leftOut![0]!.startByHand).toMatch(/unmask --runtime 'zookeeper.service'; .* start /);
  expect(tried).toEqual(['zk1', 'zk2', 'zk3']);
});

test.each<[string, ErrorType]>([
  ['a host that shows another key than it had', 'HostKeyMismatch'],
  ['one that does not let us in', 'SshAuthFailed'],
  ['one where a newer run has acted', 'StaleFence'],
])('%s is not gone without', async (_, type) => {
  const faults = { zk1: failing('SshUnreachable'), zk2: failing(type) };
  await expect(everywhere(faults).result).rejects.toMatchObject({ type });
});

test('without as many as leave no quorum nothing is done to be taken for whole', async () => {
  const faults = { zk1: failing('SshUnreachable'), zk2: failing('SshUnreachable') };
  await expect(everywhere(faults).result).rejects.toMatchObject({ type: 'SshUnreachable' });
});

test('several hosts out of reach are named in one failure, and whether they are a quorum', async () => {
  const faults = { zk1: failing('SshUnreachable'), zk3: failing('SshUnreachable') };
  await expect(everywhere(faults).result).rejects.toThrow(
    /^the hosts of zk1, zk3 cannot be reached; these are a quorum: zk1, zk3, .*zk1: said so; zk3: said so/,
  );
  const one = { zk1: failing('SshUnreachable') };
  await expect(everywhere(one, { without: ['zk2'] }).result).rejects.toThrow(
    /zk1, zk2 .*zk2: an earlier step could not reach its host/,
  );
});

test('what is worth doing to some is done to them once the others were tried a few times', async () => {
  const faults = { zk1: failing('SshUnreachable'), zk2: failing('SshUnreachable') };
  const of = (attempt: number) => everywhere(faults, { attempt, worthDoingToSome: true }).result;
  await expect(of(1)).rejects.toMatchObject({ type: 'SshUnreachable' });
  expect((await of(4)).leftOut).toMatchObject([{ server: 'zk1' }, { server: 'zk2' }]);
  const all = { ...faults, zk3: failing('SshUnreachable') };
  const none = everywhere(all, { attempt: 4, worthDoingToSome: true }).result;
  await expect(none).rejects.toMatchObject({ type: 'SshUnreachable' });
});

test('whom an earlier step went without is not tried, and counts as missing', async () => {
  const { result, tried } = everywhere({}, { without: ['zk3'] });
  expect((await result).leftOut).toMatchObject([{ server: 'zk3' }]);
  expect(tried).toEqual(['zk1', 'zk2']);
  const more = everywhere({ zk1: failing('SshUnreachable') }, { without: ['zk3'] });
  await expect(more.result).rejects.toMatchObject({ type: 'SshUnreachable' });
});
