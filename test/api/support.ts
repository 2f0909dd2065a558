/** A server of the HTTP API on a whole installation, and people who ask it. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { mintToken, writeTokens, type TokenRecord } from '../../src/adapters/identity/tokens';
import { serverSchema, tokensFile, type ServerConfiguration } from '../../src/api/configuration';
import type { ApprovalPolicy } from '../../src/model/approval';
import { parseGrant } from '../../src/model/identity';
import type { runWebhookSchema } from '../../src/model/webhooks';
import { Harness, type HarnessOptions } from '../support/harness';
import { startServerProcess, type ServerProcess } from '../support/serverProcess';

const DAY_MS = 86_400_000;

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Somebody with a token. */
export class Caller {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
  }

  get = (path: string): Promise<Answer> => this.ask('GET', path);
  post = (path: string, body: unknown = {}): Promise<Answer> => this.ask('POST', path, body);
}

export interface ApiOptions extends HarnessOptions {
  /** Who: `operator:*` and the like, by name. */
  people: Record<string, string[]>;
  /** Workers take signed controls only. */
  signed?: boolean;
  /** By gate, of the lab's ensemble. */
  approvals?: Record<string, Partial<ApprovalPolicy>>;
  server?: Partial<ServerConfiguration>;
  /** By name, told of every run of the lab's ensemble. */
  webhooks?: Record<string, z.input<typeof runWebhookSchema>>;
}

export class ApiInstallation {
  private constructor(
    readonly harness: Harness,
    readonly configuration: ServerConfiguration,
    /** PEM of the key that signs approvals. */
    readonly privateKey: string,
    readonly people: Record<string, { token: string; record: TokenRecord }>,
    public server: ServerProcess,
  ) {}

  static async create(options: ApiOptions): Promise<ApiInstallation> {
    const { people: who, signed, approvals, webhooks, server, ...rest } = options;
    const harness = await Harness.create({ ...rest, withoutWorker: true });
    try {
      changeInventory(harness.lab.inventoryPath, (inventory) => {
        const ensemble = inventory.ensembles![harness.lab.name]!;
        if (approvals) ensemble.approvals = approvals;
        if (webhooks) Object.assign(inventory, { webhooks });
        if (webhooks) ensemble.webhooks = Object.keys(webhooks);
      });
      const keys = generateKeyPairSync('ed25519', {
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      });
      const [secret, open] = ['approvals.key', 'approvals.pub'].map((name) =>
        join(harness.directory, name),
      ) as [string, string];
      writeFileSync(secret, keys.privateKey, { mode: 0o600 });
      writeFileSync(open, keys.publicKey);
      await harness.startWorker(
        signed ? { ZKFERRY_APPROVALS: 'signed', ZKFERRY_APPROVAL_KEYS: open } : {},
      );
      const configuration = serverSchema.parse({
        ...{ port: 0, state: join(harness.directory, 'server'), logLevel: 'error' },
        ...(signed && { signingKey: `file:${secret}` }),
        ...server,
      });
      const people = await register(tokensFile(configuration), who);
      const running = await start(harness, configuration);
      return new ApiInstallation(harness, configuration, keys.privateKey, people, running);
    } catch (error) {
      await harness.destroy();
      throw error;
    }
  }

  /** SIGKILL of the server, and another one in its place, at the same address. */
  async replaceServer(): Promise<void> {
    const port = Number(new URL(this.url).port);
    await this.server.end('SIGKILL');
    this.server = await start(this.harness, { ...this.configuration, port });
  }

  get url(): string {
    return this.server.url;
  }

  as(name: string): Caller {
    return new Caller(this.url, this.people[name]!.token);
  }

  async destroy(): Promise<void> {
    await this.server.end();
    await this.harness.destroy();
  }
}

const start = (harness: Harness, configuration: ServerConfiguration): Promise<ServerProcess> => {
  const configurationFile = join(harness.directory, 'server.yaml');
  writeFileSync(configurationFile, stringify(configuration));
  return startServerProcess({
    ...{ address: harness.temporal.address, inventory: harness.lab.inventoryPath },
    ...{ configurationFile, logFile: join(harness.directory, 'server.log') },
  });
};

async function register(path: string, who: Record<string, string[]>) {
  const people = Object.fromEntries(
    Object.entries(who).map(([name, grants]) => [
      name,
      mintToken(
        { name, grants: grants.map((grant) => parseGrant(grant)!) },
        { now: new Date(), validMs: DAY_MS },
      ),
    ]),
  );
  await writeTokens(
    path,
    Object.values(people).map(({ record }) => record),
  );
  return people;
}

function changeInventory(
  path: string,
  change: (inventory: Record<string, Record<string, Record<string, unknown>>>) => void,
): void {
  const inventory = parse(readFileSync(path, 'utf8')) as Parameters<typeof change>[0];
  change(inventory);
  writeFileSync(path, stringify(inventory), { mode: 0o600 });
}
