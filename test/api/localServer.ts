/** The server in a process of its own, with Temporal and ensembles away; and bytes as no HTTP client would send them. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mintToken, writeTokens, type TokenRecord } from '../../src/adapters/identity/tokens';
import { serverSchema, tokensFile, type ServerConfiguration } from '../../src/api/configuration';
import { projectRoot } from '../../src/lab/projectRoot';
import { parseGrant } from '../../src/model/identity';
import type { AwayOptions } from './awayServer';
import { Caller } from './support';

const DAY_MS = 86_400_000;

export interface LocalServer {
  url: string;
  port: number;
  tokensPath: string;
  sessionKey: Uint8Array;
  records: Record<string, TokenRecord>;
  /** Lines of the log so far. */
  log(): string;
  as(name: string): Caller;
  close(): Promise<void>;
}

/** @param builtConsole where its files are; else there is a page that stands for it */
export async function startLocalServer(
  who: Record<string, string[]>,
  given: Partial<ServerConfiguration> = {},
  builtConsole?: string,
): Promise<LocalServer> {
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-local-'));
  const inventoryPath = join(directory, 'inventory.yaml');
  const servers = '{ servers: [{ name: zk1, id: 1, host: 127.0.0.1, clientPort: 1 }] }';
  writeFileSync(inventoryPath, `ensembles:\n  orders: ${servers}\n  billing: ${servers}\n`);
  const standing = join(directory, 'console');
  mkdirSync(standing);
  writeFileSync(join(standing, 'index.html'), '<p>console</p>');
  writeFileSync(join(directory, 'beside.txt'), 'beside the console');
  const configuration = serverSchema.parse({
    ...{ port: 0, state: join(directory, 'state'), logLevel: 'info', ...given },
  });
  const people = Object.fromEntries(
    Object.entries(who).map(([name, grants]) => [
      name,
      mintToken(
        { name, grants: grants.map((grant) => parseGrant(grant)!) },
        { now: new Date(), validMs: DAY_MS },
      ),
    ]),
  );
  const tokensPath = tokensFile(configuration);
  const records = Object.fromEntries(
    Object.entries(people).map(([name, { record }]) => [name, record]),
  );
  await writeTokens(tokensPath, Object.values(records));

  const sessionKey = randomBytes(32);
  const optionsFile = join(directory, 'options.json');
  const options: AwayOptions = {
    ...{ configuration, inventoryPath, consoleDirectory: builtConsole ?? standing },
    sessionKey: sessionKey.toString('base64'),
  };
  writeFileSync(optionsFile, JSON.stringify(options));
  const logFile = join(directory, 'server.log');
  const log = openSync(logFile, 'a');
  const root = projectRoot();
  const child = spawn(
    process.execPath,
    [
      ...['-r', join(root, 'test', 'support', 'typescript.js')],
      ...[join(root, 'test', 'api', 'awayServer.ts'), optionsFile],
    ],
    { stdio: ['ignore', 'pipe', log] },
  );
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', (line) => resolve(Number(line)));
    void exited.then(() => reject(new Error(readFileSync(logFile, 'utf8'))));
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...{ url, port, tokensPath, sessionKey, records },
    log: () => readFileSync(logFile, 'utf8'),
    as: (name) => new Caller(url, people[name]!.token),
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Bytes as they are, which no HTTP client would send; what came back until the other side closed, or for a second. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(answer);
      else reject(error);
    });
  });
}
