/** A client in the inventory: where its connection strings stand, how it is told of them, how it is proven. */
import { z } from 'zod';
import { CLIENT_FILE_FORMATS, type ClientFileFormat, type ClientFileLocator } from './clientFile';
import { absolutePath, host, name } from './fields';
import { signingSecret, webhookUrl } from './webhooks';
import { sshSchema } from './sshSpec';

const MAX_FILES = 32;

const keySchema = z.union([
  z.string().min(1).max(512),
  z
    .array(z.union([z.string().max(512), z.int().min(0).max(100_000)]))
    .min(1)
    .max(64),
]);

const command = z
  .string()
  .min(1)
  .max(4096)
  .describe(
    'a shell command, run as the SSH user; {client} and {connectString} are replaced by quoted values',
  );

/** By the file's name, where that is plain. */
export function formatByName(path: string): ClientFileFormat | undefined {
  const base = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (base.endsWith('.properties')) return 'properties';
  if (/\.ya?ml$/.test(base)) return 'yaml';
  if (base.endsWith('.json')) return 'json';
  if (/(?:^|\.)env$|\.sh$/.test(base)) return 'env';
  return base.endsWith('-site.xml') ? 'hadoopXml' : undefined;
}

const clientFileSchema = z
  .strictObject({
    path: absolutePath,
    format: z
      .enum(CLIENT_FILE_FORMATS)
      .optional()
      .describe('needed where the name does not say it; clickhouseXml always'),
    key: keySchema.describe(
      'where the connection string stands: the key, or in yaml, json and clickhouseXml the names on the way to it, joined by dots or as a list',
    ),
    portKey: keySchema
      .optional()
      .describe('as key: the port of hosts without one, as HBase has it beside its quorum'),
    document: z
      .int()
      .min(0)
      .optional()
      .describe('of a YAML file of several documents, from 0, where more than one has the key'),
  })
  .superRefine((file, context) => {
    const format = file.format ?? formatByName(file.path);
    const refuse = (field: string, message: string): void =>
      void context.addIssue({ code: 'custom', path: [field], message });
    if (format === undefined)
      return refuse(
        'format',
        `not to be told from the name ${file.path}; expected one of ${CLIENT_FILE_FORMATS.join(', ')}`,
      );
    if (file.document !== undefined && format !== 'yaml')
      refuse('document', `is of yaml only; the format is ${format}; expected to be left out`);
    if (file.portKey !== undefined && format === 'clickhouseXml')
      refuse('portKey', 'clickhouseXml has its ports beside its hosts; expected to be left out');
    for (const field of ['key', 'portKey'] as const)
      if (Array.isArray(file[field]) && !hasPaths(format))
        refuse(field, `${JSON.stringify(file[field])} is a path; ${format} takes a key, as text`);
  });
export type ClientFileSpec = z.output<typeof clientFileSchema>;

const hasPaths = (format: ClientFileFormat): boolean =>
  format === 'yaml' || format === 'json' || format === 'clickhouseXml';

/** The format is known of any file that fits the schema. */
export const formatOf = ({ path, format }: ClientFileSpec): ClientFileFormat =>
  format ?? formatByName(path)!;

/** As `readConnection` and `editConnection` take it. */
export function locatorOf(file: ClientFileSpec): ClientFileLocator {
  const { key, portKey, document } = file;
  if (!hasPaths(formatOf(file)))
    return { key: String(key), ...(portKey !== undefined && { portKey: String(portKey) }) };
  return {
    path: pathOf(key),
    ...(portKey !== undefined && { portPath: pathOf(portKey) }),
    ...(document !== undefined && { document }),
  };
}

const pathOf = (key: ClientFileSpec['key']): (string | number)[] =>
  typeof key === 'string'
    ? key.split('.').map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : part))
    : key;

const webhookSchema = z.strictObject({
  url: webhookUrl.describe(
    'gets {client, connectString, direction, run} by POST, maybe more than once; 2xx: done',
  ),
  secret: signingSecret,
});
export type WebhookSpec = z.output<typeof webhookSchema>;

export const clientSchema = z
  .strictObject({
    ssh: sshSchema.extend({ host }).optional().describe('where its files are and its commands run'),
    files: z
      .array(clientFileSchema)
      .min(1)
      .max(MAX_FILES)
      .optional()
      .describe('edited where the connection string stands, nothing else; an old copy is kept'),
    reload: command.optional().describe('makes it read its files again, or restarts it'),
    redirect: command.optional().describe('instead of files: leads it to {connectString}'),
    back: command.optional().describe('undoes redirect; the same command without it'),
    webhook: webhookSchema.optional().describe('instead of files and commands'),
    health: command.optional().describe('exit 0: healthy; asked until it is, or the deadline'),
    addresses: z
      .array(host)
      .min(1)
      .max(256)
      .optional()
      .describe('where its sessions come from, as the servers see it; default ssh.host'),
    proof: z
      .enum(['session', 'health', 'none'])
      .default('session')
      .describe(
        'session: one of its sessions is on a new server, none on an old one; health: only the command',
      ),
    timeoutMs: z
      .int()
      .min(1000)
      .max(3_600_000)
      .default(60_000)
      .describe('most that one command or the webhook may take'),
    state: absolutePath
      .default('/var/lib/zkferry')
      .describe('on its host: lock, fence token and old copies of its files'),
  })
  .superRefine((client, context) => {
    const refuse = (field: string, message: string): void =>
      void context.addIssue({ code: 'custom', path: [field], message });
    const ways = (['files', 'redirect', 'webhook'] as const).filter(
      (way) => client[way] !== undefined,
    );
    if (ways.length !== 1)
      refuse(
        ways[1] ?? 'files',
        `${ways.length === 0 ? 'nothing says' : `${ways.join(' and ')} say`} how it is redirected; expected one of files, redirect, webhook`,
      );
    const { ssh, files, reload, redirect, back, health, addresses, proof } = client;
    if (ssh === undefined && (files ?? redirect ?? health ?? reload) !== undefined)
      refuse(
        'ssh',
        'files and commands are of a host; expected ssh with host, hostKey, privateKey',
      );
    if (back !== undefined && redirect === undefined)
      refuse('back', 'is the way back of redirect; expected redirect beside it');
    if (reload !== undefined && files === undefined)
      refuse('reload', 'makes files be read again; expected files beside it');
    if (proof === 'health' && health === undefined)
      refuse('proof', '"health" needs the command; expected health beside it, or proof: none');
    if (proof === 'session' && (addresses ?? ssh) === undefined)
      refuse('addresses', 'proof "session" needs them; expected addresses, or proof: none');
    for (const [index, file] of (files ?? []).entries()) {
      const same = files!.slice(0, index).find(({ path }) => path === file.path);
      if (same !== undefined && formatOf(same) !== formatOf(file))
        refuse('files', `${file.path} is given two formats; expected one`);
    }
  });
export type ClientSpec = z.output<typeof clientSchema>;
export type ClientSpecInput = z.input<typeof clientSchema>;

export const clientName = name;

/** One client by its name. Holds secret references, never secrets. */
export interface Client extends ClientSpec {
  name: string;
}

/** Where its sessions come from: addresses, or names that are yet to be resolved. */
export const addressesOf = ({ addresses, ssh }: Client): string[] =>
  addresses ?? (ssh === undefined ? [] : [ssh.host]);
