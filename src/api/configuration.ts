/** What the server is told by its file and its environment, which wins. Everything that is wrong is said at once. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { identityProviderSchema } from '../adapters/identity/jwt';
import { ZkferryError } from '../model/errors';
import { absolutePath, port, secretReference } from '../model/fields';
import { parseOrThrow } from '../model/validation';

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

export const serverSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(253)
      .default('127.0.0.1')
      .describe('address to listen on; another than loopback needs tls, or behindProxy'),
    port: port.or(z.literal(0)).default(8420),
    tls: z
      .strictObject({ certificate: secretReference, key: secretReference })
      .optional()
      .describe('PEM of certificate and key'),
    behindProxy: z
      .boolean()
      .default(false)
      .describe('true: a proxy in front ends TLS; its X-Forwarded-For and -Proto count'),
    state: absolutePath
      .default(
        join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'zkferry', 'server'),
      )
      .describe('audit log, session key and, unless named, tokens'),
    tokens: absolutePath.optional().describe('file that zkferry token writes'),
    identityProvider: identityProviderSchema.optional(),
    signingKey: secretReference
      .optional()
      .describe(
        'Ed25519 private key in PEM: approvals through this server count where workers ask for signed ones',
      ),
    formerKeys: z
      .array(secretReference)
      .max(20)
      .optional()
      .describe('public keys in PEM of signing keys before: runs that they started are still ours'),
    sessionMs: z.int().min(60_000).max(86_400_000).default(43_200_000),
    requestsPerMinute: z.int().min(1).max(1_000_000).default(1_200).describe('by address'),
    maxWatchers: z.int().min(1).max(100_000).default(2_000).describe('of live events, at once'),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    tracesEndpoint: z
      .url({ protocol: /^https?$/, error: 'expected a URL such as http://127.0.0.1:4318' })
      .optional()
      .describe('where spans go, OTLP over HTTP; none: none are made'),
  })
  .refine(({ host, tls, behindProxy }) => LOOPBACK.test(host) || tls !== undefined || behindProxy, {
    path: ['host'],
    error:
      'tokens would travel in the clear: expected a loopback address, or tls, or behindProxy: true',
  });
export type ServerConfiguration = z.output<typeof serverSchema>;

/** Variables of the environment, and the fields they stand for. */
export const SERVER_VARIABLES = {
  ZKFERRY_SERVER_HOST: 'host',
  ZKFERRY_SERVER_PORT: 'port',
  ZKFERRY_SERVER_BEHIND_PROXY: 'behindProxy',
  ZKFERRY_SERVER_STATE: 'state',
  ZKFERRY_SERVER_TOKENS: 'tokens',
  ZKFERRY_SERVER_SIGNING_KEY: 'signingKey',
  ZKFERRY_SERVER_LOG_LEVEL: 'logLevel',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'tracesEndpoint',
} as const satisfies Record<string, keyof ServerConfiguration>;
export const SERVER_FILE_VARIABLE = 'ZKFERRY_SERVER_CONFIG';

const AS_JSON: readonly string[] = ['port', 'behindProxy'];

/** @throws InvalidInput with one line for everything that is wrong */
export async function readServerConfiguration(
  environment: NodeJS.ProcessEnv,
): Promise<ServerConfiguration> {
  const path = environment[SERVER_FILE_VARIABLE];
  const given = { ...(path ? await readFileOf(path) : {}), ...fromEnvironment(environment) };
  return parseOrThrow(serverSchema, given, `the server's configuration${path ? ` (${path})` : ''}`);
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(SERVER_VARIABLES).flatMap(([variable, field]) => {
      const text = environment[variable];
      if (text === undefined || text === '') return [];
      return [[field, AS_JSON.includes(field) ? asJson(text) : text]];
    }),
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function readFileOf(path: string): Promise<object> {
  try {
    return (parse(await readFile(path, 'utf8')) ?? {}) as object;
  } catch (error) {
    throw new ZkferryError(
      'InvalidInput',
      `${SERVER_FILE_VARIABLE} names ${path}, which is not usable: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

export const tokensFile = ({ tokens, state }: ServerConfiguration): string =>
  tokens ?? join(state, 'tokens.yaml');
