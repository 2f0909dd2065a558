/**
 * `node -r test/support/typescript.js awayServer.ts OPTIONS`: the server with Temporal and ensembles away, for all that is decided
 * before they are asked. A process of its own, since plugins load modules that jest's sandbox does not.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openAuditLog } from '../../src/adapters/audit/auditLog';
import { createHostAdapter } from '../../src/adapters/host';
import { createIdentityProvider } from '../../src/adapters/identity/jwt';
import { openRevokedSessions } from '../../src/adapters/identity/revokedSessions';
import { createTokenStore } from '../../src/adapters/identity/tokens';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { SharedTaps } from '../../src/adapters/tap';
import type { Temporal } from '../../src/adapters/temporal/connect';
import { createWorkerPresence } from '../../src/adapters/temporal/workerPresence';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { tokensFile, type ServerConfiguration } from '../../src/api/configuration';
import { buildServer } from '../../src/api/server';
import { ZkferryError } from '../../src/model/errors';

export interface AwayOptions {
  configuration: ServerConfiguration;
  inventoryPath: string;
  consoleDirectory: string;
  /** base64 */
  sessionKey: string;
}

const away: Temporal = {
  client: {} as Temporal['client'],
  ...{ address: '127.0.0.1:1', namespace: 'default', sealed: false },
  within: () =>
    Promise.reject(
      new ZkferryError('TemporalUnavailable', 'nothing listens at 127.0.0.1:1', {
        retryable: true,
      }),
    ),
  close: () => Promise.resolve(),
};

async function main(options: AwayOptions): Promise<void> {
  const { configuration, inventoryPath, consoleDirectory, sessionKey } = options;
  const secrets = createSecrets({ environment: {} });
  const { identityProvider } = configuration;
  const api = await buildServer({
    ...(identityProvider && {
      identityProvider: await createIdentityProvider(identityProvider, secrets),
    }),
    ...{ configuration, secrets, consoleDirectory, temporal: away, version: '0.0.0' },
    inventory: createInventory({ path: inventoryPath }),
    host: createHostAdapter({ secrets }),
    audit: await openAuditLog(join(configuration.state, 'audit.jsonl')),
    workers: createWorkerPresence(away),
    revoked: await openRevokedSessions(join(configuration.state, 'revoked-sessions.json')),
    sessionKey: Buffer.from(sessionKey, 'base64'),
    zookeeper: createZooKeeperAdapter(),
    tokens: createTokenStore(tokensFile(configuration)),
    backup: {
      openRepository: () => Promise.reject(new ZkferryError('UnknownRepository', 'there is none')),
      taps: new SharedTaps(),
      spoolDirectory: join(configuration.state, 'spool'),
    },
  });
  await api.listen({ host: configuration.host, port: configuration.port });
  process.stdout.write(`${(api.server.address() as AddressInfo).port}\n`);
}

const [path] = process.argv.slice(2);
if (path !== undefined && existsSync(path))
  void main(JSON.parse(readFileSync(path, 'utf8')) as AwayOptions);
