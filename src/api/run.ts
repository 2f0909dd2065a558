/** The server as a process: opens what it needs, listens, and ends in order. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import { createSigner } from '../adapters/approvals/signer';
import { publicKeysOf } from '../adapters/approvals/verifier';
import { openAuditLog } from '../adapters/audit/auditLog';
import { createHostAdapter } from '../adapters/host';
import { createIdentityProvider } from '../adapters/identity/jwt';
import { openRevokedSessions } from '../adapters/identity/revokedSessions';
import { secretFile } from '../adapters/identity/secretFile';
import { createTokenStore, readTokens } from '../adapters/identity/tokens';
import { createInventory } from '../adapters/inventory';
import { openNamedRepository } from '../adapters/repository/inventoryRepository';
import { createSecrets } from '../adapters/secrets';
import { sendSpans } from '../adapters/spans';
import { lockState } from '../adapters/stateLock';
import { SharedTaps } from '../adapters/tap';
import { connectTemporal, type TemporalOptions } from '../adapters/temporal/connect';
import { tracedCalls } from '../adapters/temporal/traced';
import { createWorkerPresence } from '../adapters/temporal/workerPresence';
import { createZooKeeperAdapter } from '../adapters/zookeeper';
import { ZkferryError } from '../model/errors';
import { tokensFile, type ServerConfiguration } from './configuration';
import { buildServer } from './server';
import { whileWaiting } from './waiting';

const SESSION_KEY_BYTES = 32;
const SERVICE = 'zkferry-server';
/** Where the build puts it: beside the compiled src. */
const CONSOLE = resolve(__dirname, '..', '..', 'console');

export interface RunServerOptions {
  configuration: ServerConfiguration;
  temporal: TemporalOptions;
  /** File or directory. */
  inventoryPath: string;
  version: string;
  /** Told where Temporal does not answer at once, and is waited for. */
  onWaiting?: (message: string) => void;
}

export interface RunningServer {
  url: string;
  /** Answers what is asked already, then ends; live events end at once. */
  close(): Promise<void>;
}

/**
 * What the configuration names, read and found usable; nothing of it is kept open.
 * @throws the first thing that is wrong
 */
export async function readNamed(configuration: ServerConfiguration, inventoryPath: string) {
  const { signingKey, identityProvider, tls } = configuration;
  const secrets = createSecrets();
  const inventory = createInventory({ path: inventoryPath });
  await inventory.names();
  const formerKeys = await Promise.all(
    (configuration.formerKeys ?? []).map(async (reference) =>
      publicKeysOf(await secrets.resolve(reference, { isPublic: true }), reference),
    ),
  );
  await readTokens(tokensFile(configuration));
  if (tls)
    await Promise.all([
      secrets.resolve(tls.certificate, { isPublic: true }),
      secrets.resolve(tls.key),
    ]);
  return {
    ...{ secrets, inventory },
    signer: signingKey && createSigner(await secrets.resolve(signingKey), formerKeys.flat()),
    provider: identityProvider && (await createIdentityProvider(identityProvider, secrets)),
  };
}

export async function startServer(options: RunServerOptions): Promise<RunningServer> {
  const { configuration, inventoryPath, version } = options;
  const { state, host, port, tls, tracesEndpoint } = configuration;
  const { secrets, inventory, signer, provider } = await readNamed(configuration, inventoryPath);
  const unlock = await lockState(state);
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
  const revoked = await openRevokedSessions(join(state, 'revoked-sessions.json'));
  const audit = await openAuditLog(join(state, 'audit.jsonl'));
  const { address, deadlineMs } = options.temporal;
  const spans = tracesEndpoint === undefined ? undefined : await sendSpans(tracesEndpoint, SERVICE);
  const interceptors = spans && (await tracedCalls());
  const temporal = await whileWaiting(
    {
      ...{ host, port, version },
      ...(tls && {
        tls: {
          cert: await secrets.resolve(tls.certificate, { isPublic: true }),
          key: await secrets.resolve(tls.key),
        },
      }),
      say: () =>
        options.onWaiting?.(
          `waits for Temporal at ${address}${deadlineMs === undefined ? '' : `, for ${Math.round(deadlineMs / 1_000)} s at most`}`,
        ),
    },
    () => connectTemporal({ ...options.temporal, interceptors }),
  ).catch(async (error: unknown) => {
    await audit.close();
    await unlock();
    throw error;
  });
  const hostAdapter = createHostAdapter({ secrets });
  const api = await buildServer({
    ...{ configuration, temporal, inventory, secrets, audit, sessionKey, version },
    ...(signer && { signer }),
    ...(provider && { identityProvider: provider }),
    workers: createWorkerPresence(temporal),
    revoked,
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
  if (!existsSync(join(CONSOLE, 'index.html')))
    api.log.warn(`there is no console in ${CONSOLE}: npm run build makes it`);
  await api.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    throw new ZkferryError('BadUsage', `can't listen on ${host}:${port} (${error.code})`, {
      cause: error,
    });
  });
  const { port: listening } = api.server.address() as AddressInfo;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls ? 'https' : 'http'}://${shownHost}:${listening}`,
    async close() {
      await api.close();
      await temporal.close();
      await hostAdapter.close();
      await audit.close();
      await spans?.end();
      await unlock();
    },
  };
}
