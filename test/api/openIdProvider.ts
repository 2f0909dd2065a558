/** The provider of openIdProviderProcess.mjs as a process, and a server that people log in to by it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { identityProviderSchema } from '../../src/adapters/identity/jwt';
import { projectRoot } from '../../src/lab/projectRoot';

export const CLIENT_ID = 'zkferry-console';
export const CLIENT_SECRET = 'secret: of /this+client%';

export interface OpenIdProvider {
  issuer: string;
  end(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @param url of the server that is its client */
export async function startOpenIdProvider(url: string): Promise<OpenIdProvider> {
  const clients = [
    {
      ...{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET },
      redirect_uris: [`${url}/v1/session/oidc/callback`],
    },
  ];
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'test', 'api', 'openIdProviderProcess.mjs'), JSON.stringify(clients)],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const exited = once(child, 'exit');
  const issuer = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) resolve((JSON.parse(line) as { issuer: string }).issuer);
    });
    void exited.then(() => reject(new Error('the OpenID provider did not start')));
  });
  return {
    issuer,
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** `secret`: reference of the client's. */
export const loginBy = (issuer: string, url: string, secret: string) =>
  identityProviderSchema.parse({
    ...{ issuer, audience: 'zkferry', jwks: { url: `${issuer}/jwks` } },
    login: { clientId: CLIENT_ID, clientSecret: secret, url, name: 'Example <Login>' },
    grants: { board: [{ role: 'approver', ensembles: ['orders'] }] },
  });
