/** Secrets stand where they belong and nowhere else: whatever fails, and whoever tells of it. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { TASK_QUEUE, WORKFLOW_TYPES } from '../../src/model/contract';
import { callWebhook } from '../../src/adapters/redirect/webhook';
import { projectRoot } from '../../src/lab/projectRoot';
import { inventorySchema } from '../../src/model/inventory';
import { parseOrThrow } from '../../src/model/validation';
import { ageKey } from '../support/ageKeys';
import { until } from '../support/until';
import { ApiInstallation, type Caller } from './support';

/** Each is found again wherever it turns up. */
const canary = (where: string): string => `canary-${where}-7Qx2`;
const ENVIRONMENT = {
  CANARY_ACL: `super:${canary('acl')}`,
  CANARY_ADMIN: `root:${canary('admin')}`,
  CANARY_SASL: `learner:${canary('sasl')}`,
  CANARY_PASSPHRASE: canary('passphrase'),
  CANARY_WEBHOOK: canary('webhook'),
  CANARY_S3_ID: canary('s3id'),
  CANARY_S3_KEY: canary('s3key'),
  CANARY_AGE: `AGE-SECRET-KEY-1${canary('age')}`,
};

let installation: ApiInstallation;
let lab: string;
let root: Caller;
/** What must be nowhere: canaries, and the bodies of keys and tokens. */
let planted: string[];
const answers: string[] = [];

beforeAll(async () => {
  Object.assign(process.env, ENVIRONMENT);
  installation = await ApiInstallation.create({
    ...{ name: 'secrets', signed: true },
    server: { requestsPerMinute: 100_000, logLevel: 'debug' },
    people: { root: ['admin:*'], vera: ['viewer:*'] },
  });
  const { directory, lab: ensemble } = installation.harness;
  lab = ensemble.name;
  root = installation.as('root');
  const keys = join(directory, 'keys');
  mkdirSync(keys);
  const stranger = join(keys, 'stranger');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger]);
  const garbled = join(keys, 'garbled');
  writeFileSync(
    garbled,
    readFileSync(stranger, 'utf8').replace(/\n.{30}/, `\n${canary('garbled')}`),
    {
      mode: 0o600,
    },
  );
  addToInventory(ensemble.inventoryPath, { stranger, garbled });
  planted = [
    ...[
      'acl',
      'admin',
      'sasl',
      'passphrase',
      'webhook',
      'query',
      's3id',
      's3key',
      'age',
      'garbled',
    ].map(canary),
    ...[stranger, ensemble.privateKeyPath].flatMap(bodyOf),
    ...installation.privateKey
      .split('\n')
      .filter((line) => line.length > 20 && !line.includes('---')),
    readFileSync(join(installation.configuration.state, 'session-key'), 'utf8').trim(),
    ...Object.values(installation.people).map(({ token }) => token.split('_').slice(2).join('_')),
  ];
  expect(planted.every((secret) => secret.length > 12)).toBe(true);
}, 150_000);

afterAll(async () => {
  for (const name of Object.keys(ENVIRONMENT)) delete process.env[name];
  await installation?.destroy();
}, 60_000);

/** Lines of an OpenSSH key that hold the secret half: the first are the same in all of them. */
const bodyOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !line.includes('---'))
    .slice(2, 4)
    .filter((line) => line.length > 20);

/** The lab's own servers under other names, each with something in it that does not let us in. */
function addToInventory(
  path: string,
  { stranger, garbled }: Record<'stranger' | 'garbled', string>,
) {
  const inventory = parse(readFileSync(path, 'utf8')) as {
    ensembles: Record<string, { servers: { ssh: object }[] }>;
    repositories: object;
    clients?: object;
  };
  const { servers } = inventory.ensembles[installation.harness.lab.name]!;
  const withKey = (file: string, more: object = {}) =>
    servers.map((server) => ({
      ...server,
      ssh: { ...server.ssh, privateKey: `file:${file}`, ...more },
    }));
  const auth = [{ scheme: 'digest', secret: 'env:CANARY_ACL' }];
  const more = {
    ...{ auth, repository: 'far', clients: ['hook'] },
    adminServer: { port: 1, auth: 'env:CANARY_ADMIN' },
    quorum: { sasl: 'env:CANARY_SASL' },
  };
  Object.assign(inventory.ensembles, {
    stranger: {
      servers: withKey(stranger, { passphrase: 'env:CANARY_PASSPHRASE' }),
      ...more,
    },
    garbled: { servers: withKey(garbled), ...more },
  });
  inventory.clients = {
    hook: {
      webhook: {
        url: `http://127.0.0.1:1/hook?token=${canary('query')}`,
        secret: 'env:CANARY_WEBHOOK',
      },
      proof: 'none',
    },
  };
  Object.assign(inventory.repositories, {
    far: {
      s3: {
        ...{ bucket: 'backups', endpoint: 'http://127.0.0.1:1', pathStyle: true },
        ...{ accessKeyId: 'env:CANARY_S3_ID', secretAccessKey: 'env:CANARY_S3_KEY' },
      },
      encryption: { recipients: [ageKey.recipient], identity: 'env:CANARY_AGE' },
    },
  });
  writeFileSync(path, stringify(inventory), { mode: 0o600 });
}

const asked = async (method: string, path: string, body?: unknown): Promise<number> => {
  const answer = await root.ask(method, path, body);
  answers.push(JSON.stringify([path, answer.body, [...answer.headers]]));
  return answer.status;
};

function nothingLeaks(where: string, text: string): void {
  for (const secret of planted)
    for (const shape of [secret, Buffer.from(secret).toString('base64').slice(0, -4)]) {
      const at = text.indexOf(shape);
      if (at >= 0)
        throw new Error(
          `${secret} stands in ${where}: …${text.slice(Math.max(0, at - 300), at + 100)}`,
        );
    }
}

test('with what fails for its secrets', async () => {
  const version = { version: '3.9.6' };
  const trouble: [string, object][] = ['stranger', 'garbled'].flatMap(
    (ensemble): [string, object][] => [
      ['upgrade', { ensemble, target: version }],
      ['resize', { ensemble, remove: ['zk3'] }],
      ['backup', { ensemble, repository: 'far', source: 'admin' }],
      ['backup', { ensemble, repository: 'backups', source: 'stream' }],
      ['backup', { ensemble, repository: 'backups', source: 'files' }],
      ['verify', { ensemble, repository: 'far' }],
      ['restore', { repository: 'far', to: { ensemble } }],
      ['migrate', { source: ensemble, target: lab, mode: 'logical' }],
    ],
  );
  for (const ensemble of ['stranger', 'garbled']) {
    for (const path of ['', '/health', '/tree/node?path=/', '/tree/children?path=/'])
      await asked('GET', `/v1/ensembles/${ensemble}${path}`);
    await asked('POST', '/v1/diffs', {
      ...{
        source: { ensemble, path: '/zookeeper' },
        target: { ensemble: lab, path: '/zookeeper' },
      },
    });
    await asked('GET', `/v1/repositories/far/history?ensemble=${ensemble}&path=/a`);
  }
  await asked('GET', '/v1/repositories/far/backups');
  await asked('POST', '/v1/plans', {
    strategy: 'upgrade',
    input: { ensemble: 'stranger', target: version },
  });
  for (const [index, [strategy, input]] of trouble.entries()) {
    const ticket = `CHG-${index}`;
    const status = await asked('POST', '/v1/runs', { ticket, strategy, input });
    expect([200, 201, 409]).toContain(status);
    // Where one that never gives up has the ensemble already, past the server: they are to fail side by side.
    if (status === 409)
      await installation.harness.client.workflow.start(
        WORKFLOW_TYPES[strategy as keyof typeof WORKFLOW_TYPES],
        { taskQueue: TASK_QUEUE, workflowId: ticket, args: [input] },
      );
  }
  // Those that never give up are let try a few times.
  const began = Date.now();
  await until(
    'what was begun to have failed, or tried again',
    async () => {
      const { body } = await root.get('/v1/runs?limit=100');
      const open = (body.items as { status: string }[]).filter(
        ({ status }) => status === 'RUNNING',
      );
      return open.length === 0 || Date.now() - began > 20_000 || undefined;
    },
    60_000,
    1_000,
  );
  const { body } = await root.get('/v1/runs?limit=100');
  expect((body.items as object[]).length).toBe(trouble.length);
  for (const index of trouble.keys()) {
    await asked('GET', `/v1/runs/CHG-${index}`);
    await asked('POST', `/v1/runs/CHG-${index}/pause`, {});
  }
  const all = ['/v1/me', '/v1/strategies', '/v1/ensembles', '/v1/runs', '/v1/repositories'];
  for (const path of [...all, '/v1/audit?limit=500', '/readyz', '/openapi.json', '/v1/nowhere'])
    await asked('GET', path);
  expect(answers.join('\n')).toMatch(/SSH|ssh|log in|privateKey|private key/);
  for (const answer of answers) nothingLeaks('an answer', answer);
}, 150_000);

test('no history holds one', async () => {
  const { client } = installation.harness;
  let events = 0;
  for await (const { workflowId, runId } of client.workflow.list()) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      ...{ namespace: 'default', execution: { workflowId, runId }, maximumPageSize: 1_000 },
    });
    events += history?.events?.length ?? 0;
    nothingLeaks(`the history of ${workflowId}`, readable(history));
  }
  expect(events).toBeGreaterThan(100);
}, 60_000);

/** Payloads as the text that they are. */
const readable = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    const bytes = part as { type?: string; data?: number[] } | null;
    if (part instanceof Uint8Array) return Buffer.from(part).toString();
    return bytes?.type === 'Buffer' && Array.isArray(bytes.data)
      ? Buffer.from(bytes.data).toString()
      : part;
  });

test('no log holds one, of worker, server, or what was asked', () => {
  const { harness, server, configuration } = installation;
  expect(harness.worker.log().length).toBeGreaterThan(1_000);
  nothingLeaks("the worker's log", harness.worker.log());
  nothingLeaks("the server's log", server.log());
  const audit = readFileSync(join(configuration.state, 'audit.jsonl'), 'utf8');
  expect(audit).toContain('CHG-0');
  nothingLeaks('the audit log', audit);
  nothingLeaks(
    'the file of tokens',
    readFileSync(join(configuration.state, 'tokens.yaml'), 'utf8'),
  );
});

test('a program that does not start for its secrets does not tell them', async () => {
  const { harness } = installation;
  const bad = join(harness.directory, 'bad.pem');
  const pem = `-----BEGIN PRIVATE KEY-----\n${canary('signing')}\n-----END PRIVATE KEY-----\n`;
  writeFileSync(bad, pem, { mode: 0o600 });
  const run = async (command: string, environment: Record<string, string>): Promise<string> => {
    const args = [join(projectRoot(), 'dist', 'src', 'cli', 'main.js'), command, '--json'];
    const env = {
      ...{ ...process.env, TEMPORAL_ADDRESS: harness.temporal.address },
      ...{ ZKFERRY_INVENTORY: harness.lab.inventoryPath, ZKFERRY_SERVER_PORT: '8421' },
      ...{ ZKFERRY_SERVER_STATE: join(harness.directory, 'bad'), ...environment },
    };
    return promisify(execFile)(process.execPath, args, { env, timeout: 45_000 }).then(
      () => {
        throw new Error(`${command} went well`);
      },
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
  };
  for (const said of [
    await run('status', { TEMPORAL_API_KEY: canary('temporal') }),
    await run('status', { ZKFERRY_CODEC_KEYS: 'env:CODEC', CODEC: canary('codec') }),
    await run('server', { ZKFERRY_SERVER_SIGNING_KEY: `file:${bad}` }),
    await run('server', { ZKFERRY_SERVER_SIGNING_KEY: canary('instead') }),
  ]) {
    expect(said.length).toBeGreaterThan(20);
    expect(said).not.toMatch(/canary-(temporal|codec|signing|instead)/);
  }
}, 150_000);

test.each<[string, object]>([
  ['auth', { auth: [{ scheme: 'digest', secret: canary('itself') }] }],
  ['auth, as a list of them', { auth: [canary('itself')] }],
  ['auth, as text', { auth: canary('itself') }],
  ['adminServer', { adminServer: { port: 1, auth: canary('itself') } }],
  ['quorum', { quorum: { sasl: canary('itself') } }],
  ['quorum.tls', { quorum: { tls: { ca: 'env:CA', key: canary('itself') } } }],
  ['ssh', { ssh: { passphrase: canary('itself') } }],
])('an inventory with a secret itself in %s is refused without telling it', (_where, more) => {
  const servers = [{ name: 'zk1', id: 1, host: '127.0.0.1' }];
  const inventory = { ensembles: { orders: { servers, ...more } } };
  const said = () => parseOrThrow(inventorySchema, inventory, 'the inventory');
  expect(said).toThrow(/expected|invalid/i);
  expect(said).not.toThrow(/canary/);
});

describe('a webhook', () => {
  let answering: Server;
  let url: string;
  const token = canary('query');
  beforeAll(async () => {
    answering = createServer((request, response) => {
      response.writeHead(500).end(`no such page: ${request.url}, token ${token}`);
    });
    await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(answering.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => void answering.close());

  test.each(['that refuses and repeats what it was asked', 'that is not there'])(
    '%s does not tell the token in its query',
    async (what) => {
      const place = what.includes('not there') ? 'http://127.0.0.1:1/hook' : url;
      const failed = callWebhook(
        { url: `${place}?token=${token}&x=1` },
        { client: 'c', connectString: 'h:1', direction: 'redirect', run: 'r' },
        {
          secrets: { resolve: () => Promise.resolve('') },
          ...{ timeoutMs: 5_000, signal: new AbortController().signal },
        },
      );
      const error = await failed.then(
        () => new Error('taken'),
        (thrown: Error) => thrown,
      );
      expect(error.message).toMatch(/^webhook http:\/\/127\.0\.0\.1:\d+\/hook: /);
      expect(error.message).not.toContain(token);
    },
  );
});
