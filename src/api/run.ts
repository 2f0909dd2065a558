/** The server as a process: opens what it needs, listens, and ends in order. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import { createSigner } from '../adapters/approvals/signer';
import { openAuditLog } from '../adapters/audit/auditLog';
import { createHostAdapter } from '../adapters/host';
import { createIdentityProvider } from '../adapters/identity/jwt';
import { secretFile } from '../adapters/identity/secretFile';
import { createTokenStore } from '../adapters/identity/tokens';
import { createInventory } from '../adapters/inventory';
import { openNamedRepository } from '../adapters/repository/inventoryRepository';
import { createSecrets } from '../adapters/secrets';
import { SharedTaps } from '../adapters/tap';
import { connectTemporal, type TemporalOptions } from '../adapters/temporal/connect';
import { createZooKeeperAdapter } from '../adapters/zookeeper';
import { ZkferryError } from '../model/errors';
import { tokensFile, type ServerConfiguration } from './configuration';
import { buildServer } from './server';

const SESSION_KEY_BYTES = 32;
/** Where the build puts it: beside the compiled src. */
const CONSOLE = resolve(__dirname, '..', '..', 'console');

export interface RunServerOptions {
  configuration: ServerConfiguration;
  temporal: TemporalOptions;
  /** File or directory. */
  inventoryPath: string;
  version: string;
}

export interface RunningServer {
  url: string;
  /** Answers what is asked already, then ends; live events end at once. */
  close(): Promise<void>;
}

export async function startServer(options: RunServerOptions): Promise<RunningServer> {
  const { configuration, inventoryPath, version } = options;
  const { state, host, port, signingKey, identityProvider, tls } = configuration;
  const secrets = createSecrets();
  const sessionKey = Buffer.from(
    await secretFile(join(state, 'session-key'), () =>
      randomBytes(SESSION_KEY_BYTES).toString('base64'),
    ),
    'base64',
  );
  if (sessionKey.length !== SESSION_KEY_BYTES)
    throw new ZkferryError(
      'SecretMissing',
      `${join(state, 'session-key')} holds no key of ${SESSION_KEY_BYTES} bytes: remove it, and the next start makes one`,
    );
  const signer = signingKey && createSigner(await secrets.resolve(signingKey));
  const provider = identityProvider && (await createIdentityProvider(identityProvider));
  const audit = await openAuditLog(join(state, 'audit.jsonl'));
  const temporal = await connectTemporal(options.temporal);
  const hostAdapter = createHostAdapter({ secrets });
  const inventory = createInventory({ path: inventoryPath });
  const api = await buildServer({
    ...{ configuration, temporal, inventory, secrets, audit, sessionKey, version },
    ...(signer && { signer }),
    ...(provider && { identityProvider: provider }),
    zookeeper: createZooKeeperAdapter(),
    host: hostAdapter,
    tokens: createTokenStore(tokensFile(configuration)),
    backup: {
      openRepository: (name) => openNamedRepository({ inventory, secrets }, name),
      taps: new SharedTaps(),
      spoolDirectory: join(tmpdir(), 'zkferry', 'server'),
    },
    consoleDirectory: CONSOLE,
  });
  await api.listen({ host, port });
  const { port: listening } = api.server.address() as AddressInfo;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls ? 'https' : 'http'}://${shownHost}:${listening}`,
    async close() {
      await api.close();
      await temporal.close();
      await hostAdapter.close();
      await audit.close();
    },
  };
}
