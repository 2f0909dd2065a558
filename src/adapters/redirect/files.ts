/** A client's files: read, edited where their connection strings stand, put back. */
import { editConnection, readConnection } from '../../codec/clientFile/connection';
import { formatOf, locatorOf, type Client, type ClientFileSpec } from '../../model/client';
import type { ClientFile } from '../../model/clientFile';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { FenceToken, OperationContext } from '../../model/ports';
import type {
  ClientLook,
  FileLook,
  FileStanding,
  RedirectOrder,
  RedirectPort,
  Sides,
} from '../../model/redirect';
import { connectStringOf, movedChroot, standingOf } from '../../planning/redirect/sides';
import type { HostRunner } from '../host/runner';
import { sha256Of } from '../sha256';
import { reachableHostOf } from './host';
import { EDIT_FILE_MAIN, READ_FILE_MAIN, RESTORE_FILE_MAIN } from './scripts';

const TIMEOUT_MS = 60_000;
/** Far above any configuration, and still fit to travel inside a script. */
const MAX_FILE_BYTES = 1024 * 1024;

/** One file, and all that is edited in it. */
interface Edited {
  path: string;
  keys: ClientFileSpec[];
}

export function filesOf({ files = [] }: Client): Edited[] {
  const paths = [...new Set(files.map(({ path }) => path))];
  return paths.map((path) => ({ path, keys: files.filter((file) => file.path === path) }));
}

/** Any failure but an abort is a problem of the look. */
export async function lookAtFiles(
  runner: HostRunner,
  client: Client,
  order: Parameters<RedirectPort['look']>[1],
  context: OperationContext,
): Promise<ClientLook> {
  const look: ClientLook = { files: [], begun: false, problems: [] };
  const files = filesOf(client);
  try {
    for (const file of files.length > 0 ? files : [undefined]) {
      const read = await readFile(runner, client, file?.path ?? '', order, context);
      look.begun ||= read.begun;
      if (file === undefined) continue;
      if (read.unwritable !== undefined)
        look.problems.push({ type: 'RedirectFailed', message: where(client, read.unwritable) });
      look.files.push(judged(client, file, read.bytes, order));
      editedBytes(client, file, read.bytes, order);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    look.problems.push({ type: error.type, message: error.message });
  }
  return look;
}

/** Paths of what was changed; a file that leads to the new side already is left as it is. */
export async function editFiles(
  runner: HostRunner,
  client: Client,
  order: RedirectOrder,
  token: FenceToken,
  context: OperationContext,
): Promise<string[]> {
  const planned: { file: Edited; index: number; before: Buffer; after: Buffer }[] = [];
  // All are read and tried before the first is touched.
  for (const [index, file] of filesOf(client).entries()) {
    const { bytes } = await readFile(runner, client, file.path, order, context);
    const { standing, sha256 } = judged(client, file, bytes, order);
    if (standing === 'new') continue;
    const seen = order.seen?.[file.path];
    if (seen !== undefined && seen !== sha256)
      throw new ZkferryError(
        'FileChanged',
        `${nameOf(client, file)} has changed since it was looked at (SHA-256 ${sha256}, then ${seen}): somebody else edits it; nothing was changed, look at the client again`,
      );
    planned.push({ file, index, before: bytes, after: editedBytes(client, file, bytes, order) });
  }
  const edited: string[] = [];
  for (const { file, index, before, after } of planned) {
    const result = await runner.run(
      reachableHostOf(client, order.ensemble),
      {
        what: `edit ${file.path}`,
        parts: [],
        main: EDIT_FILE_MAIN,
        values: {
          label: order.label,
          index: String(index),
          path: file.path,
          expected: sha256Of(before),
          wanted: sha256Of(after),
          payload: after.toString('base64'),
        },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    if (result.get('edited') === 'yes') edited.push(file.path);
  }
  return edited;
}

/** `begun: false`: this run has touched nothing there. The last first, as they were edited. */
export async function restoreFiles(
  runner: HostRunner,
  client: Client,
  { ensemble, label }: RedirectOrder,
  token: FenceToken,
  context: OperationContext,
): Promise<{ begun: boolean; restored: string[] }> {
  const restored: string[] = [];
  let begun = false;
  for (const [index, { path }] of [...filesOf(client).entries()].reverse()) {
    const result = await runner.run(
      reachableHostOf(client, ensemble),
      {
        what: `put back ${path}`,
        parts: [],
        main: RESTORE_FILE_MAIN,
        values: { label, index: String(index), path },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    begun ||= result.get('begun') === 'yes';
    if (result.get('restored') === 'yes') restored.push(path);
  }
  return { begun, restored };
}

async function readFile(
  runner: HostRunner,
  client: Client,
  path: string,
  { ensemble = '', label = '' }: Partial<Pick<RedirectOrder, 'ensemble' | 'label'>>,
  context: OperationContext,
): Promise<{ bytes: Buffer; begun: boolean; unwritable?: string }> {
  const result = await runner.run(
    reachableHostOf(client, ensemble),
    {
      what: path === '' ? 'look at the client' : `read ${path}`,
      parts: [],
      main: READ_FILE_MAIN,
      values: { path, label, max_bytes: String(MAX_FILE_BYTES) },
      timeoutMs: TIMEOUT_MS,
    },
    context,
  );
  return {
    bytes: Buffer.from(result.get('content') ?? '', 'base64'),
    begun: result.get('begun') === 'yes',
    unwritable: result.get('unwritable'),
  };
}

/** What a file says: of several keys all must lead to one side for it to be on that. */
function judged(client: Client, file: Edited, bytes: Buffer, sides: Sides): FileLook {
  const found = file.keys.map((key) => {
    const connection = readConnection(clientFile(client, key, bytes), locatorOf(key));
    return { text: connection.text, standing: standingOf(connection, sides) };
  });
  const standings = new Set(found.map(({ standing }) => standing));
  const standing: FileStanding = standings.has('other')
    ? 'other'
    : standings.size > 1
      ? 'mixed'
      : found[0]!.standing;
  return { path: file.path, sha256: sha256Of(bytes), standing, connection: found[0]!.text };
}

/**
 * @throws ZkferryError Unsupported where it can't be edited, FileChanged where a key leads to servers of neither side
 */
function editedBytes(client: Client, file: Edited, bytes: Buffer, sides: Sides): Buffer {
  let edited = bytes;
  for (const key of file.keys) {
    const source = clientFile(client, key, edited);
    const connection = readConnection(source, locatorOf(key));
    const standing = standingOf(connection, sides);
    if (standing === 'new') continue;
    const chroot = movedChroot(connection.chroot, sides);
    if (standing === 'other' || chroot === undefined)
      throw new ZkferryError(
        'FileChanged',
        `${source.name}: ${connection.text} is neither ${connectStringOf(sides.from)} nor ${connectStringOf(sides.to)}: correct the file, or the client in the inventory; nothing was changed`,
      );
    const wanted = connectStringOf({ servers: sides.to.servers });
    const change = chroot === connection.chroot ? ('keep' as const) : { set: chroot };
    edited = Buffer.from(editConnection(source, locatorOf(key), { wanted, chroot: change }).bytes);
  }
  return edited;
}

const clientFile = (client: Client, key: ClientFileSpec, bytes: Buffer): ClientFile => ({
  name: nameOf(client, key),
  format: formatOf(key),
  bytes,
});

const nameOf = (client: Client, { path }: { path: string }): string =>
  `${path} on ${client.ssh?.host ?? client.name}`;

const where = (client: Client, text: string): string =>
  `${client.ssh?.host ?? client.name}: ${text}`;
