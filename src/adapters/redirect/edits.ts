/** What a client's file says, and what it is to be instead: bytes to bytes. */
import { editConnection, readConnection } from '../../codec/clientFile/connection';
import { formatOf, locatorOf, type Client, type ClientFileSpec } from '../../model/client';
import type { ClientFile } from '../../model/clientFile';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { FileLook, FileStanding, RedirectOrder, Sides } from '../../model/redirect';
import { changeBack, changeThere, type Change } from '../../planning/redirect/changes';
import { connectStringOf, standingOf } from '../../planning/redirect/sides';

/** One file, and all that is edited in it. */
export interface Edited {
  path: string;
  keys: ClientFileSpec[];
}

export function filesOf({ files = [] }: Client): Edited[] {
  const paths = [...new Set(files.map(({ path }) => path))];
  return paths.map((path) => ({ path, keys: files.filter((file) => file.path === path) }));
}

/** What a file says: of several keys all must lead to one side for it to be on that. */
export function judged(client: Client, file: Edited, bytes: Buffer, sides: Sides): FileLook {
  const standings = new Set<FileStanding>();
  const connections: Record<string, string> = {};
  for (const key of file.keys) {
    const connection = readConnection(clientFile(client, key, bytes), locatorOf(key));
    standings.add(standingOf(connection, sides));
    connections[keyText(key)] = connection.text;
  }
  const [only = 'other', ...others] = standings;
  const standing = standings.has('other') ? 'other' : others.length > 0 ? 'mixed' : only;
  return { path: file.path, standing, connections };
}

/**
 * The file leading to the new side.
 * @throws ZkferryError Unsupported where it can't be edited, FileChanged where a key says what was not planned
 */
export function ledBytes(
  client: Client,
  file: Edited,
  bytes: Buffer,
  order: Sides & Pick<RedirectOrder, 'planned'>,
): Buffer {
  const planned = order.planned?.[file.path];
  return edited(client, file, bytes, (connection, key) => {
    const said = planned?.[keyText(key)];
    const change = changeThere(connection, order, said);
    if (change.kind !== 'refuse') return change;
    throw new ZkferryError(
      'FileChanged',
      said === undefined
        ? `${nameOf(client, key)}: ${connection.text} is neither ${connectStringOf(order.from)} nor ${connectStringOf(order.to)}: correct the file, or the client in the inventory; nothing was changed`
        : `${nameOf(client, key)}: ${keyText(key)} is ${connection.text} now; expected ${said}, which it was when the plan was made: let it be that again, or make it ${change.wanted} by hand; nothing was changed`,
    );
  });
}

/**
 * A file that somebody has changed since it was edited, leading to the old side again; what they changed stays.
 * @param before the file before it was edited
 * @param kept where that lies, for messages
 * @throws ZkferryError FileChanged saying what to do by hand
 */
export function returnedBytes(
  client: Client,
  file: Edited,
  { present, before, kept }: { present: Buffer; before: Buffer; kept: string },
  order: Sides,
): Buffer {
  const refused = (key: ClientFileSpec, why: string, wanted?: string): ZkferryError =>
    new ZkferryError(
      'FileChanged',
      `${nameOf(client, key)}: ${why}; somebody else has changed it since it was edited, and theirs was kept (what it was before is in ${kept}): make it ${wanted ?? connectStringOf(order.from)} by hand, then resume`,
    );
  return edited(
    client,
    file,
    present,
    (connection, key) => {
      const change = changeBack(connection, order, textIn(client, key, before));
      if (change.kind !== 'refuse') return change;
      const { expected, wanted } = change;
      throw refused(key, `${keyText(key)} is ${connection.text} now; expected ${expected}`, wanted);
    },
    refused,
  );
}

/** Undefined where it can't be read. */
function textIn(client: Client, key: ClientFileSpec, bytes: Buffer): string | undefined {
  try {
    return readConnection(clientFile(client, key, bytes), locatorOf(key)).text;
  } catch (error) {
    if (isZkferryError(error)) return undefined;
    throw error;
  }
}

type Decide = (
  connection: ReturnType<typeof readConnection>,
  key: ClientFileSpec,
) => Exclude<Change, { kind: 'refuse' }>;

function edited(
  client: Client,
  file: Edited,
  bytes: Buffer,
  decide: Decide,
  refused?: (key: ClientFileSpec, why: string) => ZkferryError,
): Buffer {
  let result = bytes;
  for (const key of file.keys)
    try {
      const source = clientFile(client, key, result);
      const connection = readConnection(source, locatorOf(key));
      const change = decide(connection, key);
      if (change.kind === 'none') continue;
      const { servers: wanted, chroot } = change;
      const how = chroot === connection.chroot ? ('keep' as const) : { set: chroot };
      result = Buffer.from(editConnection(source, locatorOf(key), { wanted, chroot: how }).bytes);
    } catch (error) {
      if (refused === undefined || !isZkferryError(error) || error.type === 'FileChanged')
        throw error;
      throw refused(key, error.message);
    }
  return result;
}

const clientFile = (client: Client, key: ClientFileSpec, bytes: Buffer): ClientFile => ({
  name: nameOf(client, key),
  format: formatOf(key),
  bytes,
});

/** Names one of a file's connection strings. */
function keyText({ key, document }: ClientFileSpec): string {
  const text = typeof key === 'string' ? key : key.join('.');
  return document === undefined ? text : `${text} (document ${document})`;
}

export const nameOf = (client: Client, { path }: { path: string }): string =>
  `${path} on ${client.ssh?.host ?? client.name}`;
