/** Reads the JSON or YAML object that a command is given. */
import { open } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { ZkferryError } from '../model/errors';
import type { Io } from './io';

const MAX_INPUT_BYTES = 1_048_576;

/**
 * @param path a file, or `-` for standard input
 * @throws BadUsage when there is nothing to read; InvalidInput when it is neither JSON nor YAML
 */
export async function readInput(io: Io, path: string): Promise<unknown> {
  const where = path === '-' ? 'standard input' : path;
  const text = path === '-' ? await readStream(io) : await readFile(path);
  if (text.trim() === '')
    throw new ZkferryError('InvalidInput', `${where} is empty; expected a JSON or YAML object`);
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error)
    throw new ZkferryError(
      'InvalidInput',
      `${where} is neither JSON nor YAML: ${error.message.trim()}`,
    );
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

async function readStream(io: Io): Promise<string> {
  if (io.stdin.isTTY)
    throw new ZkferryError(
      'BadUsage',
      'standard input is a terminal; pipe the JSON object in, or name a file with -f FILE',
    );
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of io.stdin) {
    const buffer = Buffer.from(chunk as Buffer | string);
    bytes += buffer.length;
    if (bytes > MAX_INPUT_BYTES) throw tooLarge('standard input');
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readFile(path: string): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
    if ((await file.stat()).size > MAX_INPUT_BYTES) throw tooLarge(path);
    return await file.readFile('utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'permission denied',
      EISDIR: 'it is a directory',
    };
    throw new ZkferryError('BadUsage', `can't read ${path}: ${reason[code] ?? message}`, {
      cause: error,
    });
  } finally {
    await file?.close();
  }
}

const tooLarge = (where: string): ZkferryError =>
  new ZkferryError(
    'InvalidInput',
    `${where} is larger than ${MAX_INPUT_BYTES} bytes; an input is small`,
  );
