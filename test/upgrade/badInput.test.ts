/** Whatever is wrong with an input, the inventory or the ensemble is said before anything is touched. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { acquireLock, createZooKeeperAdapter, releaseLock } from '../../src/adapters/zookeeper';
import { createLab, type Lab } from '../../src/lab/lab';
import { TASK_QUEUE } from '../../src/model/contract';
import type { ZkSession } from '../../src/model/ports';
import { Harness, Run } from '../support/harness';
import { Inventories } from '../support/inventories';
import { until } from '../support/until';
import { assertNoTraces } from './claims';
import { NEW, OLD } from './cases/types';
import { failureOf, type Failure } from './support/failure';
import { leavesUntouched } from './support/picture';
import { canMount, mountSmall } from './support/smallFileSystem';
import { stopSshd } from './support/stopSshd';

const NAME = 'bad-input';
const WAIT_MS = 30_000;

let harness: Harness;
let lab: Lab;
let inventories: Inventories;
let runs = 0;

beforeAll(async () => {
  harness = await Harness.create({ name: NAME, version: OLD, withoutWorker: true });
  lab = harness.lab;
  inventories = await Inventories.start(harness);
}, 120_000);

afterAll(() => harness?.destroy(), 60_000);

function start(input: unknown): Promise<WorkflowHandle> {
  return harness.client.workflow.start('rollingUpgrade', {
    taskQueue: TASK_QUEUE,
    workflowId: `${NAME}-${(runs += 1)}`,
    args: input === undefined ? [] : [input],
  });
}

const startOn = (ensemble: string, more: object = {}): Promise<WorkflowHandle> =>
  start({ ensemble, target: { version: NEW }, ...more });

/** The failure of a run on this input, proven to have touched nothing. */
async function refusal(input: unknown): Promise<Failure> {
  const failure = await leavesUntouched(lab, async () => failureOf(await start(input)));
  expect(failure.nonRetryable).toBe(true);
  return failure;
}

/** As `refusal`, for what preflight finds: the one finding of that code. */
async function finding(code: string, ensemble: string, more: object = {}) {
  const failure = await refusal({ ensemble, target: { version: NEW }, ...more });
  expect(failure.type).toBe('PreflightFailed');
  expect(failure.message).toContain('nothing was touched');
  const found = failure.findings.filter((candidate) => candidate.code === code);
  expect({ codes: failure.findings.map((each) => each.code) }).toEqual({
    codes: expect.arrayContaining([code]) as unknown,
  });
  // Whatever is in the details is said in the message too, with what to do.
  for (const { message, hint } of found) {
    expect(failure.message).toContain(message);
    expect(hint).toBeTruthy();
    expect(failure.message).toContain(hint);
  }
  return found[0]!;
}

async function withSession<T>(work: (session: ZkSession) => Promise<T>, auth: string[] = []) {
  const session = await createZooKeeperAdapter().openSession({
    servers: lab.members,
    auth: auth.map((credential) => ({ scheme: 'digest', credential })),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Stops members, runs `work`, and brings everything back. */
async function without(names: string[], work: () => Promise<void>): Promise<void> {
  for (const name of names) await lab.stopServer(name);
  try {
    await work();
  } finally {
    for (const name of names) await lab.startServer(name);
    await lab.waitServing();
  }
}

describe('an input that does not fit is refused with field, value and what would be accepted', () => {
  const good = { ensemble: NAME, target: { version: NEW } };
  test.each<[string, unknown, RegExp[]]>([
    [
      'a malformed version',
      { ...good, target: { version: '3.9' } },
      [/target\.version/, /"3\.9"/, /such as 3\.9\.6/],
    ],
    ['no target', { ensemble: NAME }, [/target/, /expected object/, /got nothing/]],
    ['no ensemble', { target: { version: NEW } }, [/ensemble/, /got nothing/]],
    ['an unknown field', { ...good, soakSeconds: 5 }, [/soakSeconds/]],
    ['an unknown field deeper down', { ...good, gates: { finalise: {} } }, [/gates/, /finalise/]],
    ['a wrong type', { ...good, soakMs: '5s' }, [/soakMs/, /expected number/, /"5s"/]],
    ['a number out of range', { ...good, soakMs: -1 }, [/soakMs/, />=\s?0/, /-1/]],
    [
      'an unknown choice',
      { ...good, gates: { start: { mode: 'skip' } } },
      [/gates\.start\.mode/, /"ask"\|"auto"/, /"skip"/],
    ],
    ['a text instead of an object', 'orders', [/whole input/, /expected object/, /"orders"/]],
    ['no input at all', undefined, [/whole input/, /expected object/]],
  ])('%s', async (_what, input, said) => {
    const { type, message } = await refusal(input);
    expect(type).toBe('InvalidInput');
    for (const words of said) expect(message).toMatch(words);
  });

  test('a second argument', async () => {
    const failure = await leavesUntouched(lab, async () =>
      failureOf(
        await harness.client.workflow.start('rollingUpgrade', {
          taskQueue: TASK_QUEUE,
          workflowId: `${NAME}-second-argument`,
          args: [good, { passed: { start: '' } }],
        }),
      ),
    );
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(failure.message).toContain('one JSON object');
  });
});

describe('an ensemble the inventory does not give is refused', () => {
  test('an unknown name, with the known ones', async () => {
    const { type, message } = await refusal({ ensemble: 'nowhere', target: { version: NEW } });
    expect(type).toBe('UnknownEnsemble');
    expect(message).toContain('"nowhere"');
    expect(message).toContain(NAME);
  });

  test('an ensemble given inline, where the worker does not allow it', async () => {
    const ensemble = lab.inventory().ensembles[NAME];
    const { type, message } = await refusal({ ensemble, target: { version: NEW } });
    expect(type).toBe('InlineEnsembleRefused');
    expect(message).toContain('give the name');
  });

  test('two servers of one id', async () => {
    inventories.with('twins', ({ servers }) => (servers[2]!.id = servers[1]!.id));
    try {
      const { type, message } = await refusal({ ensemble: 'twins', target: { version: NEW } });
      expect(type).toBe('InvalidInventory');
      expect(message).toMatch(/twins\.servers\.2\.id: two servers claim the id 2/);
      expect(message).toContain('twins.yaml');
    } finally {
      inventories.remove('twins');
    }
  });
});

describe('a target that must not be is refused with what to do instead', () => {
  test('older than what runs: rollback is for that', async () => {
    const older = await finding('TargetOlder', NAME, { target: { version: '3.7.2' } });
    expect(older.message).toMatch(/3\.7\.2 is older than 3\.8\.4/);
    expect(older.hint).toContain('rollback');
  });

  test.each([
    ['3.9.3', 'ZOOKEEPER-4925'],
    ['3.9.1', 'ZOOKEEPER-4785'],
  ])('known bad: %s (%s)', async (version, issue) => {
    const bad = await finding('TargetKnownBad', NAME, { target: { version } });
    expect(bad.message).toContain(version);
    expect(bad.message).toContain(issue);
    expect(bad.hint).toMatch(/take 3\.9\.\d+/);
  });

  test('of a line nobody knows', async () => {
    const unknown = await finding('UnknownLine', NAME, { target: { version: '4.0.0' } });
    expect(unknown.message).toContain('3.9');
  });

  test('without a package', async () => {
    const missing = await finding('ArtifactMissing', NAME, { target: { version: '3.9.99' } });
    expect(missing.message).toContain('3.9.99');
  });
});

describe('a host that can not be trusted or used is refused', () => {
  test('its host key is another than the inventory has', async () => {
    const other = `SHA256:${'A'.repeat(43)}`;
    inventories.with('other-key', ({ servers }) => (servers[1]!.ssh!.hostKey = other));
    const { server, message, hint } = await finding('HostKeyMismatch', 'other-key');
    expect(server).toBe('zk2');
    expect(message).toContain(other);
    expect(message).toContain(lab.hostKeyFingerprint);
    expect(hint).toContain('compare the fingerprint');
  });

  test('its sshd does not answer', async () => {
    await stopSshd(lab, 'zk2');
    try {
      const { server, message } = await finding('SshUnreachable', NAME);
      expect(server).toBe('zk2');
      expect(message).toContain(`${lab.server('zk2').host}:2222`);
    } finally {
      await lab.startSsh();
    }
  });

  test('its user may not log in', async () => {
    const key = join(harness.directory, 'other-key');
    const pem = readFileSync(join(lab.directory, 'keys', 'host_ed25519'));
    writeFileSync(key, pem, { mode: 0o600 });
    inventories.with('no-login', ({ servers }) => (servers[0]!.ssh!.privateKey = `file:${key}`));
    const { server, hint } = await finding('SshAuthFailed', 'no-login');
    expect(server).toBe('zk1');
    expect(hint).toContain('authorized_keys');
  });

  test('the checksum of the package is wrong', async () => {
    const wrong = 'ab'.repeat(64);
    inventories.with('checksum', ({ servers }) => {
      for (const { package: spec } of servers)
        if (spec?.kind === 'tarball') spec.sha512 = { [NEW]: wrong };
    });
    const { message } = await finding('ChecksumMismatch', 'checksum');
    expect(message).toContain(`expected ${wrong}`);
    expect(message).toContain(NEW);
  });

  test('myid on its disk is another than the inventory has', async () => {
    const myid = join(lab.server('zk3').directory, 'var/lib/zookeeper/myid');
    writeFileSync(myid, '2\n');
    try {
      const { server, message } = await finding('MyidDiffers', NAME);
      expect(server).toBe('zk3');
      expect(message).toMatch(/id 3 in the inventory, its myid file says 2/);
    } finally {
      writeFileSync(myid, '3\n');
    }
  });

  test('the inventory mixes up two servers', async () => {
    inventories.with('mixed-up', ({ servers }) => {
      servers[1]!.id = 3;
      servers[2]!.id = 2;
    });
    const { message } = await finding('MyidDiffers', 'mixed-up');
    expect(message).toMatch(/zk2 has id 3 in the inventory/);
  });
});

const small = join(tmpdir(), `zkferry-small-${process.pid}`);
const mountable = canMount(small);
// Without the right to mount there is no honest way to run out of room; the planner's own tests cover the rule.
(mountable ? describe : describe.skip)('a disk without room is refused', () => {
  let unmount: () => void;
  beforeAll(() => (unmount = mountSmall(small, 8)));
  afterAll(() => {
    unmount();
    rmSync(small, { recursive: true });
  });

  test('for the packages', async () => {
    inventories.with('full-packages', ({ servers }) => {
      const spec = servers[1]!.package;
      if (spec?.kind === 'tarball') spec.root = join(small, 'opt');
    });
    const { server, message, hint } = await finding('NoDiskSpace', 'full-packages');
    expect(server).toBe('zk2');
    expect(message).toMatch(/need .* MB .* 8\.\d MB are free/);
    expect(hint).toContain('package root');
  });

  test('for the backup, on every server', async () => {
    inventories.with('full-backup', ({ servers }) => {
      for (const { directories } of servers) directories!.backup = join(small, 'backup');
    });
    const { message, hint } = await finding('NoDiskSpaceForBackup', 'full-backup');
    expect(message).toMatch(/backup needs .* MB/);
    expect(hint).toContain('free room');
  });
});

describe('an ensemble that tolerates no restart is refused', () => {
  test('two of three are down: no quorum', async () => {
    await without(['zk1', 'zk2'], async () => {
      // The last one goes on serving until it has noticed.
      await until(
        'zk3 to notice that the quorum is gone',
        async () =>
          (await createZooKeeperAdapter().probe(lab.server('zk3'))).state === 'serving'
            ? undefined
            : true,
        60_000,
      );
      const { message, hint } = await finding('QuorumLost', NAME);
      expect(message).toContain('2 make a quorum');
      expect(hint).toContain('bring servers back');
    });
  });

  test('the inventory asks for a voter to spare, and three voters have none during a restart', async () => {
    inventories.with('wants-margin', (ensemble) => (ensemble.margin = 1));
    const { message, hint } = await finding('NoMargin', 'wants-margin');
    expect(message).toContain('1 must remain');
    expect(hint).toContain('add voters');
  });

  test('two voters', async () => {
    const pair = await createLab({ name: 'two-voters', version: OLD, servers: 2 });
    try {
      await pair.start();
      // Every lab has a repository of the same name.
      inventories.write('pair', { ensembles: pair.inventory().ensembles });
      const failure = await leavesUntouched(pair, async () =>
        failureOf(await startOn('two-voters')),
      );
      expect(failure.type).toBe('PreflightFailed');
      expect(failure.message).toContain('NoMargin');
      expect(failure.message).toContain('add a third first');
    } finally {
      inventories.remove('pair');
      await pair.destroy();
    }
  });

  test('one of three is down: refused where warnings refuse', async () => {
    await without(['zk2'], async () => {
      const { message } = await finding('MarginMissing', NAME, { acceptWarnings: false });
      expect(message).toContain('2 of 3 voters are synced');
    });
  });

  test('one of three is down: else it is the first to be brought back, and people are told so at gate start', async () => {
    await without(['zk2'], async () => {
      await leavesUntouched(lab, async () => {
        const run = new Run(await startOn(NAME), harness);
        const { plan, findings } = await run.atGate('start', WAIT_MS);
        expect(findings.map(({ code }) => code)).toEqual(
          expect.arrayContaining(['ServerDown', 'MarginMissing']),
        );
        const turns = plan!.steps.filter(({ activity }) => activity === 'startServer');
        expect(turns[0]?.server).toBe('zk2');
        await run.send('reject', { gate: 'start', approver: 'tester' });
        expect((await run.report()).outcome).toBe('rejected');
      });
    });
  });
});

describe('an ensemble that another run holds is refused', () => {
  test('a run of this Temporal cluster, even under another name of the ensemble', async () => {
    inventories.with('alias', () => undefined);
    const first = new Run(await startOn(NAME), harness);
    await first.atGate('start', WAIT_MS);
    const { type, message } = await refusal({ ensemble: 'alias', target: { version: NEW } });
    expect(type).toBe('EnsembleHeld');
    expect(message).toContain('another run holds ensemble alias');
    expect(message).toContain(first.handle.workflowId);
    await first.send('reject', { gate: 'start', approver: 'tester' });
    expect((await first.report()).outcome).toBe('rejected');
  });

  const foreign = { workflowId: 'their-run', runId: 'their-run-id', strategy: 'rollingUpgrade' };

  const refused = async (ensemble = NAME): Promise<Failure> => failureOf(await startOn(ensemble));

  async function approved(): Promise<Failure> {
    const run = new Run(await startOn(NAME), harness);
    await run.approve('start', WAIT_MS);
    return failureOf(run.handle);
  }

  async function whileLockedBy(
    credential: string,
    work: (failure: Failure) => void,
    run: () => Promise<Failure> = refused,
  ) {
    const place = { root: '/zkferry', credential };
    await withSession(
      (session) => acquireLock(session, place, { ...foreign, since: '2026-01-02T03:04:05.000Z' }),
      [credential],
    );
    try {
      const failure = await leavesUntouched(lab, run);
      expect(failure.nonRetryable).toBe(true);
      work(failure);
      await withSession(
        async (session) => expect(await session.children('/zkferry/lock')).toEqual([foreign.runId]),
        [credential],
      );
    } finally {
      await withSession((session) => releaseLock(session, place, foreign.runId), [credential]);
    }
  }

  const ownCredential = () =>
    `zkferry:${readFileSync(join(harness.directory, 'secret'), 'utf8').trim()}`;

  test('a run of another Temporal cluster whose workers share our secret is named, before anybody is asked', async () => {
    await whileLockedBy(ownCredential(), ({ type, message }) => {
      expect(type).toBe('EnsembleLocked');
      const unlock = `zkferry unlock ${NAME} --run their-run-id`;
      for (const words of ['their-run', '2026-01-02T03:04:05', unlock])
        expect(message).toContain(words);
    });
  });

  test('it is named too where a plan stands no chance meanwhile', async () => {
    inventories.with('held-margin', (ensemble) => (ensemble.margin = 1));
    await whileLockedBy(
      ownCredential(),
      ({ type, message }) => {
        expect(type).toBe('EnsembleLocked');
        expect(message).toContain('their-run');
      },
      () => refused('held-margin'),
    );
  });

  test('a run whose workers have another secret: what is there, and since when, is said', async () => {
    await whileLockedBy(
      'zkferry:another-secret',
      ({ type, message }) => {
        expect(type).toBe('EnsembleLocked');
        expect(message).toContain('/zkferry');
        expect(message).toContain('ZKFERRY_SECRET_FILE');
      },
      approved,
    );
  });
});

test('nothing of all this has left a znode behind', async () => {
  await until(
    'no lock, no canary',
    () =>
      assertNoTraces(harness).then(
        () => true as const,
        () => undefined,
      ),
    5_000,
  );
});
