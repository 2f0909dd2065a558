/** `zkferry codec-server`: decrypts payloads for the Temporal UI, in the foreground until Ctrl-C. */
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';

interface CodecServerOptions {
  listen: string;
  origin?: string;
  token?: string;
}

const DEFAULT_LISTEN = '127.0.0.1:8421';
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

export function registerCodecServer(program: Command, runner: Runner): void {
  withCommonOptions(program.command('codec-server'))
    .description(
      'encrypt and decrypt payloads for the Temporal UI, with the keys of ZKFERRY_CODEC_KEYS',
    )
    .option('--listen <host:port>', 'where', DEFAULT_LISTEN)
    .option('--origin <url>', 'of the Temporal UI, the only one that browsers are served for')
    .option(
      '--token <reference>',
      'bearer token callers must send: env:NAME or file:/absolute/path',
    )
    .action(
      action<[], CodecServerOptions>(runner, (context, _args, options) => serve(context, options)),
    );
}

async function serve(context: CommandContext, options: CodecServerOptions): Promise<Outcome> {
  const { host, port } = placeOf(options.listen);
  const origin = options.origin === undefined ? undefined : originOf(options.origin);
  if (options.token === undefined && !LOOPBACK.test(host))
    throw new ZkferryError(
      'BadUsage',
      `--listen ${options.listen} is not loopback: whoever reaches it could decrypt all payloads; give --token`,
    );
  const { createSecrets } = await import('../../adapters/secrets');
  const { readCodecKeys } = await import('../../adapters/temporal/codecKeys');
  const { createPayloadCodec } = await import('../../adapters/temporal/payloadCodec');
  const { startCodecServer } = await import('../../adapters/temporal/codecServer');
  const environment = context.childEnvironment();
  const secrets = createSecrets({ environment });
  const keys = await readCodecKeys(environment, secrets);
  if (keys.length === 0)
    throw new ZkferryError(
      'BadUsage',
      'there are no keys to decrypt with: set ZKFERRY_CODEC_KEYS to env:NAME or file:/absolute/path',
    );
  const token = options.token === undefined ? undefined : await secrets.resolve(options.token);
  const server = await startCodecServer({
    ...{ host, port, origin, token },
    codec: createPayloadCodec(keys),
  });
  context.output.note(
    `decoding at ${server.url} with key(s) ${keys.map(({ id }) => id).join(', ')}; Ctrl-C ends it`,
  );
  if (token === undefined)
    context.output.note('without --token every user of this machine can decrypt by it');
  let stopListening = (): void => undefined;
  await new Promise<void>((resolve) => {
    stopListening = context.io.onInterrupt(resolve);
  });
  stopListening();
  await server.close();
  return { text: '', document: { ok: true } };
}

function placeOf(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535)
    throw new ZkferryError('BadUsage', `--listen: expected host:port, such as ${DEFAULT_LISTEN}`);
  return { host, port };
}

function originOf(text: string): string {
  if (URL.canParse(text)) {
    const { origin, protocol } = new URL(text);
    if (/^https?:$/.test(protocol)) return origin;
  }
  throw new ZkferryError('BadUsage', '--origin: expected a URL such as http://127.0.0.1:8233');
}
