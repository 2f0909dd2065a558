/** A client's files: read, edited where their connection strings stand, put back. */
import type { Client } from '../../model/client';
import { isZkferryError } from '../../model/errors';
import type { FenceToken, OperationContext } from '../../model/ports';
import type { ClientLook, RedirectOrder, RedirectPort } from '../../model/redirect';
import type { HostRunner } from '../host/runner';
import { sha256Of } from '../sha256';
import { filesOf, judged, ledBytes, returnedBytes } from './edits';
import { reachableHostOf } from './host';
import { EDIT_FILE_MAIN, READ_FILE_MAIN, RESTORE_FILE_MAIN } from './scripts';

const TIMEOUT_MS = 60_000;
/** Far above any configuration, and still fit to travel inside a script. */
const MAX_FILE_BYTES = 1024 * 1024;

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
      ledBytes(client, file, read.bytes, order);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    look.problems.push({ type: error.type, message: error.message });
  }
  return look;
}

/**
 * Paths of what was changed; a file that leads to the new side already is left as it is. What else somebody has changed
 * in a file since it was planned stays, since it is the file as it is now that is edited.
 */
export async function editFiles(
  runner: HostRunner,
  client: Client,
  order: RedirectOrder,
  token: FenceToken,
  context: OperationContext,
): Promise<string[]> {
  const planned: Replacement[] = [];
  // All are read and tried before the first is touched.
  for (const [index, file] of filesOf(client).entries()) {
    const { bytes } = await readFile(runner, client, file.path, order, context);
    const after = ledBytes(client, file, bytes, order);
    if (!after.equals(bytes)) planned.push({ path: file.path, index, before: bytes, after });
  }
  const edited: string[] = [];
  for (const one of planned)
    if (await replace(runner, client, one, order, token, context)) edited.push(one.path);
  return edited;
}

interface Replacement {
  path: string;
  /** Where under the run's record what was there is kept. */
  index: number | string;
  before: Buffer;
  after: Buffer;
}

/** Whether it had to be; refused where the file is not `before` any more at the moment it is replaced. */
async function replace(
  runner: HostRunner,
  client: Client,
  { path, index, before, after }: Replacement,
  { ensemble, label }: Pick<RedirectOrder, 'ensemble' | 'label'>,
  token: FenceToken,
  context: OperationContext,
): Promise<boolean> {
  const result = await runner.run(
    reachableHostOf(client, ensemble),
    {
      what: `edit ${path}`,
      parts: [],
      main: EDIT_FILE_MAIN,
      values: {
        label,
        index: String(index),
        path,
        expected: sha256Of(before),
        wanted: sha256Of(after),
        payload: after.toString('base64'),
      },
      token,
      timeoutMs: TIMEOUT_MS,
    },
    context,
  );
  return result.get('edited') === 'yes';
}

/**
 * `begun: false`: this run has touched nothing there. The last first, as they were edited. Byte for byte where nobody else
 * has changed them; else their connection strings alone, and what was there is kept beside the old copy.
 */
export async function restoreFiles(
  runner: HostRunner,
  client: Client,
  order: RedirectOrder,
  token: FenceToken,
  context: OperationContext,
): Promise<{ begun: boolean; restored: string[] }> {
  const { ensemble, label } = order;
  const restored: string[] = [];
  let begun = false;
  for (const [index, file] of [...filesOf(client).entries()].reverse()) {
    const { path } = file;
    const result = await runner.run(
      reachableHostOf(client, ensemble),
      {
        what: `put back ${path}`,
        parts: [],
        main: RESTORE_FILE_MAIN,
        values: { label, index: String(index), path, max_bytes: String(MAX_FILE_BYTES) },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    begun ||= result.get('begun') === 'yes';
    let isRestored = result.get('restored') === 'yes';
    if (result.get('changed') === 'yes') {
      const [present, before] = [bytesOf(result, 'present'), bytesOf(result, 'old')];
      const kept = result.get('kept') ?? '';
      const after = returnedBytes(client, file, { present, before, kept }, order);
      const one = { path, index: `${index}.back`, before: present, after };
      isRestored =
        !after.equals(present) && (await replace(runner, client, one, order, token, context));
    }
    if (isRestored) restored.push(path);
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
    bytes: bytesOf(result, 'content'),
    begun: result.get('begun') === 'yes',
    unwritable: result.get('unwritable'),
  };
}

const bytesOf = (result: ReadonlyMap<string, string>, name: string): Buffer =>
  Buffer.from(result.get(name) ?? '', 'base64');

const where = (client: Client, text: string): string =>
  `${client.ssh?.host ?? client.name}: ${text}`;
