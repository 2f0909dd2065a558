/** Whatever stands against a resize on real hosts is said before anything is touched. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureArchive, javaHome } from '../../src/lab/bootstrap';
import { ELECTION_PORT, hostPaths } from '../../src/lab/hostFiles';
import { installServer } from '../../src/lab/hosts';
import type { Lab } from '../../src/lab/lab';
import type { Finding } from '../../src/model/facts';
import type { ResizeEnsembleRequest } from '../../src/model/inputs';
import { Harness } from '../support/harness';
import { Inventories } from '../support/inventories';
import { until } from '../support/until';
import { failureOf } from '../upgrade/support/failure';
import { leavesUntouched } from '../upgrade/support/picture';

const NAME = 'resize-refused';
const VERSION = '3.9.6';
const WAIT_MS = 30_000;

let harness: Harness;
let lab: Lab;
let inventories: Inventories;

beforeAll(async () => {
  const options = { name: NAME, version: VERSION, servers: 3, spares: 1, reconfig: true };
  harness = await Harness.create({ ...options, withoutWorker: true });
  lab = harness.lab;
  inventories = await Inventories.start(harness);
}, 120_000);

afterAll(() => harness?.destroy(), 60_000);

type Request = Partial<Omit<ResizeEnsembleRequest, 'ensemble'>> & { ensemble?: string };

/** The findings there are, all of that code: the first, in a failure that is proven to have touched nothing. */
async function finding(code: string, request: Request): Promise<Finding> {
  const failure = await leavesUntouched(lab, async () => {
    const run = await harness.startResize(request);
    return failureOf(run.handle);
  });
  expect(failure).toMatchObject({ type: 'PreflightFailed', nonRetryable: true });
  expect(failure.message).toContain('nothing was touched');
  const errors = failure.findings.filter(({ severity }) => severity === 'error');
  expect([...new Set(errors.map((each) => each.code))]).toEqual([code]);
  expect(failure.message).toContain(errors[0]!.message);
  expect(errors[0]!.hint).toBeTruthy();
  return errors[0]!;
}

describe('on a host that is to join', () => {
  const joiner = () => lab.server('zk4');

  test(
    'a server that lists only itself, and what it leaves behind',
    async () => {
      const { path: archive } = await ensureArchive(VERSION);
      await installServer(joiner(), {
        ...{ version: VERSION, members: [joiner()], reconfig: true, archive },
        ...{ javaHome: javaHome(), javaOptions: [] },
      });
      await lab.startServer('zk4');
      await lab.waitServing(WAIT_MS, ['zk4']).catch(() => undefined);
      const running = await finding('JoinerListsOthers', { add: ['zk4'] });
      expect(running).toMatchObject({ server: 'zk4' });
      expect(running.message).toContain('server.4');

      await lab.stopServer('zk4');
      const data = await finding('ForeignData', { add: ['zk4'] });
      expect(data.message).toContain(hostPaths(joiner().directory).data);
      const { config, data: directory } = hostPaths(joiner().directory);
      for (const path of [join(config, 'zoo.cfg'), join(directory, 'version-2')])
        rmSync(path, { recursive: true, force: true });
    },
    WAIT_MS * 4,
  );

  test(
    "another server's id on its disk",
    async () => {
      const myid = join(hostPaths(joiner().directory).data, 'myid');
      writeFileSync(myid, '2\n');
      try {
        expect((await finding('MyidDiffers', { add: ['zk4'] })).message).toMatch(/says 2.* 4/);
      } finally {
        rmSync(myid);
      }
    },
    WAIT_MS,
  );

  test(
    'an election port that gives no answer',
    async () => {
      const deaf = new DeafPort();
      try {
        await deaf.listen(joiner().host, ELECTION_PORT);
        const silent = await finding('PortUnreachable', { add: ['zk4'] });
        expect(silent.message).toMatch(/^zk\d gets no answer from zk4 port 3888$/);
      } finally {
        deaf.close();
      }
    },
    WAIT_MS,
  );
});

test(
  'a member that may not be reconfigured with the credentials there are',
  async () => {
    inventories.with('no-rights', (ensemble) => delete ensemble.auth);
    const refused = await finding('ReconfigNotPermitted', { ensemble: 'no-rights', add: ['zk4'] });
    expect(refused.hint).toContain('superDigest');
  },
  WAIT_MS,
);

test('two servers with one id are refused with the inventory', async () => {
  inventories.with('same-id', (ensemble) => {
    ensemble.servers.find(({ name }) => name === 'zk4')!.id = 2;
  });
  try {
    const run = await harness.startResize({ ensemble: 'same-id', add: ['zk4'] });
    const failure = await failureOf(run.handle);
    expect(failure.type).toBe('InvalidInventory');
    expect(failure.message).toMatch(/id.* 2/);
  } finally {
    inventories.remove('same-id');
  }
});

test(
  'members that are as asked for already',
  async () => {
    expect((await finding('WrongMember', { promote: ['zk1'] })).message).toContain('zk1');
    expect((await finding('WrongMember', { add: ['zk1'] })).message).toContain('a member already');
    expect((await finding('WrongMember', { remove: ['zk4'] })).hint).toContain('members: zk1');
  },
  WAIT_MS,
);

/** Listens, then never accepts: once its queue is full every further SYN is dropped, as a firewall would. */
class DeafPort {
  private child?: ChildProcess;
  private queued: Socket[] = [];

  async listen(host: string, port: number): Promise<void> {
    const program = `require('net').createServer().listen({ host: '${host}', port: ${port}, backlog: 1 }, () => {
      require('fs').writeSync(1, 'deaf');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    })`;
    this.child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = false;
    this.child.stdout!.once('data', () => (said = true));
    await until('it listens', () => said, WAIT_MS);
    this.queued = Array.from({ length: 4 }, () =>
      connect({ host, port }).on('error', () => undefined),
    );
    const full = () => this.queued.filter(({ connecting }) => !connecting).length >= 2;
    await until('its queue is full', full, WAIT_MS);
  }

  close(): void {
    this.queued.forEach((socket) => socket.destroy());
    this.child?.kill('SIGKILL');
  }
}
