/** Two ensembles, a host with sshd, and real clients that are led from the one to the other. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { stringify } from 'yaml';
import { redirectActivities, type RedirectActivities } from '../../activities/migrate/redirect';
import { createInventory } from '../../src/adapters/inventory';
import { createRedirectAdapter, sourceOf, type RedirectAdapter } from '../../src/adapters/redirect';
import { createSecrets } from '../../src/adapters/secrets';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { createLab, type Lab } from '../../src/lab/lab';
import type { ClientSpecInput } from '../../src/model/client';
import type { ClientSide, RedirectArgs, Sides } from '../../src/model/redirect';
import { until } from './until';

const VERSION = '3.9.4';
const PROGRAM = join(__dirname, 'redirectableClient.js');
/** Machines are slow: claims are about order, not about speed. */
export const DEADLINE_MS = 60_000;

export type FileKind = 'properties' | 'yaml' | 'json' | 'env' | 'hadoopXml';

/** One small file of each kind, with its name and where the connection string stands in it. */
export const KINDS: Record<
  FileKind,
  { name: string; key: string; text: (servers: string) => string }
> = {
  properties: {
    name: 'server.properties',
    key: 'zookeeper.connect',
    text: (servers) => `# café\nbroker.id=0\nzookeeper.connect=${servers}\nnum.partitions=3\n`,
  },
  yaml: {
    name: 'application.yml',
    key: 'app.zookeeper.connect',
    text: (servers) => `app:\n  zookeeper:\n    connect: ${servers} # main\n    retries: 3\n`,
  },
  json: {
    name: 'config.json',
    key: 'zookeeper.connect',
    text: (servers) => `{ "zookeeper":  {"connect":"${servers}"},\t"retries": 1e3 }\n`,
  },
  env: {
    name: 'solr.in.sh',
    key: 'ZK_HOST',
    text: (servers) => `#ZK_HOST=""\nZK_HOST="${servers}" # ours\nSOLR_PID_DIR=/var/solr\n`,
  },
  hadoopXml: {
    name: 'core-site.xml',
    key: 'ha.zookeeper.quorum',
    text: (servers) =>
      `<?xml version="1.0"?>\n<configuration>\n  <property>\n    <name>ha.zookeeper.quorum</name>\n    <value>${servers}</value>\n  </property>\n</configuration>\n`,
  },
};

export interface TestClient {
  name: string;
  path: string;
  address: string;
  directory: string;
  /** What its file is to be, byte for byte, and with which rights. */
  original: string;
}

export class RedirectLab {
  readonly clients = new Map<string, TestClient>();
  readonly zookeeper = createZooKeeperAdapter();
  private readonly specs: Record<string, ClientSpecInput> = {};
  private readonly processes: ChildProcess[] = [];
  private sequence = 0;
  readonly activities: RedirectActivities;

  private constructor(
    readonly old: Lab,
    readonly fresh: Lab,
    readonly adapter: RedirectAdapter,
  ) {
    const secrets = createSecrets();
    writeFileSync(this.inventoryFile, stringify({ clients: {} }), { mode: 0o600 });
    this.activities = redirectActivities({
      secrets,
      inventory: createInventory({ path: this.inventoryFile }),
      zookeeper: this.zookeeper,
      host: undefined as never,
      redirect: adapter,
      ownerCredential: '',
      searchAttributes: false,
    });
  }

  static async start(): Promise<RedirectLab> {
    const [old, fresh] = await Promise.all(
      ['redirect-old', 'redirect-new'].map((name) =>
        createLab({ name, version: VERSION, servers: 1, settings: { maxClientCnxns: '0' } }),
      ),
    );
    await Promise.all([old!.start(), fresh!.start()]);
    const adapter = createRedirectAdapter({ secrets: createSecrets(), lockWaitMs: DEADLINE_MS });
    return new RedirectLab(old!, fresh!, adapter);
  }

  get sides(): Sides {
    return { from: sideOf(this.old), to: sideOf(this.fresh) };
  }

  /** A client process with its file on the old side; `manner` deaf: it does not hear SIGHUP. */
  async addClient(
    name: string,
    kind: FileKind,
    { manner = 'obeys', more = {} }: { manner?: 'obeys' | 'deaf'; more?: ClientSpecInput } = {},
  ): Promise<TestClient> {
    const client = this.addFile(name, kind, more);
    const pidFile = join(client.directory, 'pid');
    const child = spawn(
      process.execPath,
      [PROGRAM, kind, client.path, KINDS[kind].key, client.address, pidFile, manner],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    );
    this.processes.push(child);
    await until(
      `client ${name} is on the old side`,
      () => this.isOn(this.old, client),
      DEADLINE_MS,
    );
    return client;
  }

  /** Its file and its entry in the inventory, without a process. */
  addFile(name: string, kind: FileKind, more: ClientSpecInput = {}): TestClient {
    const server = this.old.servers[0]!;
    const directory = join(this.old.directory, 'clients', name);
    mkdirSync(directory, { recursive: true });
    const { name: file, key, text } = KINDS[kind];
    const path = join(directory, file);
    const original = text(this.old.connectString);
    writeFileSync(path, original);
    chmodSync(path, 0o640);
    const block = server.host.split('.').slice(0, 3).join('.');
    const address = `${block}.${100 + this.clients.size}`;
    this.specs[name] = {
      ssh: {
        host: server.host,
        port: server.sshPort,
        user: userInfo().username,
        hostKey: this.old.hostKeyFingerprint,
        privateKey: `file:${this.old.privateKeyPath}`,
      },
      files: [{ path, key }],
      reload: `kill -HUP "$(cat ${join(directory, 'pid')})"`,
      addresses: [address],
      state: join(this.old.directory, 'client-state'),
      ...more,
    };
    this.writeInventory();
    const client = { name, path, address, directory, original };
    this.clients.set(name, client);
    return client;
  }

  change(name: string, more: Partial<ClientSpecInput>): void {
    this.specs[name] = { ...this.specs[name], ...more };
    this.writeInventory();
  }

  replace(name: string, spec: ClientSpecInput): void {
    this.specs[name] = spec;
    this.writeInventory();
  }

  async isOn(lab: Lab, { address }: TestClient): Promise<boolean> {
    const sessions = await this.zookeeper.clients(sideOf(lab).servers[0]!);
    return sessions.some((session) => sourceOf(session.address) === address);
  }

  look(...clients: string[]): ReturnType<RedirectActivities['lookAtClients']> {
    return this.run(this.activities.lookAtClients, { clients, ...this.sides });
  }

  redirect(
    clients: string[],
    { run = 'redirect run/1', proofTimeoutMs = DEADLINE_MS, planned }: RedirectOptions = {},
  ): ReturnType<RedirectActivities['redirectBatch']> {
    const fence = this.nextFence();
    const ensemble = this.old.name;
    const args = {
      clients,
      run,
      ensemble,
      fence,
      proofTimeoutMs,
      ...this.sides,
      ...(planned && { planned }),
    };
    return this.run(this.activities.redirectBatch, args);
  }

  back(
    clients: string[],
    { run = 'redirect run/1', proofTimeoutMs = DEADLINE_MS }: RedirectOptions = {},
  ): ReturnType<RedirectActivities['returnClients']> {
    const fence = this.nextFence();
    const args = { clients, run, ensemble: this.old.name, fence, proofTimeoutMs, ...this.sides };
    return this.run(this.activities.returnClients, args);
  }

  readiness(...clients: string[]): ReturnType<RedirectActivities['readiness']> {
    return this.run(this.activities.readiness, { clients, ...this.sides });
  }

  /** On the client's host, held by whatever acts there. */
  lockOf(name: string): string {
    return join(this.old.directory, 'client-state', 'clients', this.old.name, name, 'lock');
  }

  nextFence(): { generation: string; sequence: number } {
    this.sequence += 1;
    return { generation: '0000000100000001', sequence: this.sequence };
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map(ended));
    await this.adapter.close();
    await Promise.all([this.old.destroy(), this.fresh.destroy()]);
    if (existsSync(this.inventoryFile)) rmSync(this.inventoryFile);
  }

  private run<A, R>(activity: (args: A) => Promise<R>, args: A): Promise<R> {
    return new MockActivityEnvironment().run<[A], R, (args: A) => Promise<R>>(activity, args);
  }

  private get inventoryFile(): string {
    return join(this.old.directory, 'clients.yaml');
  }

  private writeInventory(): void {
    writeFileSync(this.inventoryFile, stringify({ clients: this.specs }), { mode: 0o600 });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

interface RedirectOptions {
  run?: string;
  proofTimeoutMs?: number;
  /** As the look has told. */
  planned?: RedirectArgs['planned'];
}

const sideOf = (lab: Lab): ClientSide => ({
  servers: lab.members.map(({ host, clientPort }) => ({ host, clientPort })),
});

/** Bytes, mode and owner. */
export function pictureOf(path: string): string {
  const { mode, uid, gid } = statSync(path);
  return `${mode.toString(8)} ${uid}:${gid} ${readFileSync(path).toString('hex')}`;
}
