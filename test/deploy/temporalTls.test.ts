/** Worker and command at a Temporal that asks for TLS and for a client's certificate or an API key, as Temporal Cloud does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTemporal } from '../../src/adapters/temporal/connect';
import { temporalFromEnvironment } from '../../src/adapters/temporal/environment';
import { startTemporal, type TemporalServer } from '../../src/lab/temporalServer';
import { TASK_QUEUE } from '../../src/model/contract';
import { ZkferryCommand } from '../support/command';
import {
  GATE_NAME,
  makeCertificates,
  startTemporalGate,
  type Certificates,
} from '../support/temporalGate';
import { startWorker } from '../support/workerProcess';

const API_KEY = 'an-api-key-that-nobody-reads';
let directory: string;
let server: TemporalServer;
let certificates: Certificates;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-temporal-tls-'));
  writeFileSync(join(directory, 'inventory.yaml'), 'ensembles: {}\n');
  writeFileSync(join(directory, 'key'), `${API_KEY}\n`);
  certificates = makeCertificates(directory);
  server = await startTemporal();
}, 120_000);

afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What it is called, how one brings it, what the gate asks for, and what is said without it. */
const ways: [string, (gate: Certificates) => Record<string, string>, object, RegExp][] = [
  [
    "a client's certificate",
    ({ client }) => ({
      TEMPORAL_TLS_CLIENT_CERT_PATH: client.certificate,
      TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
    }),
    { clientCertificate: true },
    /no TLS with temporal at .*certificate required/,
  ],
  [
    'an API key from a file',
    () => ({ TEMPORAL_API_KEY: `file:${join(directory, 'key')}` }),
    { apiKey: API_KEY },
    /lets nobody in with these credentials \(no such key\): check TEMPORAL_API_KEY/,
  ],
];

const failed = (message: RegExp): object => ({
  error: expect.objectContaining({
    type: 'TemporalUnavailable',
    message: expect.stringMatching(message) as string,
  }) as object,
});

describe.each(ways)('with %s', (_what, credential, asked, refused) => {
  let gate: Awaited<ReturnType<typeof startTemporalGate>>;
  const workflowId = `change-${Object.keys(asked).join('')}`;
  const trusted = () => ({
    TEMPORAL_ADDRESS: gate.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.authority,
    TEMPORAL_TLS_SERVER_NAME: GATE_NAME,
  });
  const status = (environment: Record<string, string>) =>
    new ZkferryCommand(['status', workflowId, '--json'], environment).ended;

  beforeAll(async () => {
    gate = await startTemporalGate({ address: server.address, certificates, ...asked });
  });
  afterAll(() => gate.close());

  test('a worker does a run, and a command reads it', async () => {
    const environment = { ...trusted(), ...credential(certificates) };
    const worker = await startWorker({
      ...{ address: gate.address, inventory: join(directory, 'inventory.yaml') },
      ...{ secretFile: join(directory, 'secret'), logFile: join(directory, 'worker.log') },
      extra: environment,
    });
    const temporal = await connectTemporal(temporalFromEnvironment(environment));
    try {
      const handle = await temporal.client.workflow.start('rollingUpgrade', {
        ...{ taskQueue: TASK_QUEUE, workflowId },
        args: [{ ensemble: 'nobody', target: { version: '3.9.6' } }],
      });
      await expect(handle.result()).rejects.toThrow();
      const { document } = await status(environment);
      expect(document).toMatchObject({ state: 'failed', error: { type: 'UnknownEnsemble' } });
      expect(worker.log()).not.toContain(API_KEY);
    } finally {
      await temporal.close();
      await worker.end();
    }
  }, 60_000);

  test('without it a command says that it is not let in', async () => {
    const { code, document } = await status({ ...trusted(), TEMPORAL_TLS: 'true' });
    expect([code, document]).toEqual([1, failed(refused)]);
  }, 60_000);

  test('who does not trust its certificate does not speak to it', async () => {
    const { code, document } = await status({
      ...{ TEMPORAL_ADDRESS: gate.address, TEMPORAL_TLS: 'true' },
      ...credential(certificates),
    });
    expect([code, document]).toEqual([1, failed(/no TLS with temporal at .*TLS_SERVER_CA/)]);
  }, 60_000);

  test('who speaks no TLS is told to', async () => {
    const { code, document } = await status({ TEMPORAL_ADDRESS: gate.address });
    expect([code, document]).toEqual([1, failed(/TEMPORAL_TLS=true/)]);
  }, 60_000);
});
