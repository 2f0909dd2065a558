/**
 * Who asked for what, and what came of it: a file of JSON lines that is only ever appended to. Each line holds the hash of the
 * one before it, so that a line which was altered or taken out shows.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface AuditEntry {
  at: string;
  actor: string;
  action: string;
  /** Run, ensemble, znode: what it was done to. */
  target: string;
  planHash?: string;
  /** `asked` stands before it is done, so that nothing is done unseen. */
  outcome: 'asked' | 'done' | 'refused' | 'failed' | 'unknown';
  detail?: string;
  /** Ties the two lines of one request together. */
  request: string;
}

export interface AuditPage {
  items: (AuditEntry & { seq: number })[];
  nextCursor?: string;
}

export interface AuditLog {
  /** Resolves once it is on disk. */
  append(entry: Omit<AuditEntry, 'at'>): Promise<void>;
  /** Newest first. `cursor`: of the page before. */
  page(options: { limit: number; cursor?: string }): Promise<AuditPage>;
  close(): Promise<void>;
}

interface Line extends AuditEntry {
  seq: number;
  previous: string;
}

const GENESIS = '0'.repeat(64);
const CHUNK_BYTES = 64 * 1024;
const hashOf = (line: string): string => createHash('sha256').update(line).digest('hex');

/** What a machine that lost its power left of a last line is set aside, beside the file: the chain goes on without it. */
export async function openAuditLog(path: string): Promise<AuditLog> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a+', 0o600);
  await setTornLineAside(file, path);
  let last = await lastLine(file);
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = queue.then(work, work);
    queue = mine.catch(() => undefined);
    return mine;
  };
  return {
    append: (entry) =>
      inTurn(async () => {
        const line: Line = {
          seq: (last?.seq ?? 0) + 1,
          at: new Date().toISOString(),
          ...entry,
          previous: last?.hash ?? GENESIS,
        };
        const text = JSON.stringify(line);
        await file.appendFile(`${text}\n`);
        await file.datasync();
        last = { seq: line.seq, hash: hashOf(text) };
      }),
    page: ({ limit, cursor }) => readPage(file, limit, cursor),
    async close() {
      await queue;
      await file.close();
    },
  };
}

/** Whether each line holds the hash of the one before; the number of the first that does not. */
export function firstBroken(lines: readonly string[]): number | undefined {
  let previous = GENESIS;
  for (const [index, text] of lines.entries()) {
    const line = parsed(text);
    if (line?.previous !== previous || line.seq !== index + 1) return index + 1;
    previous = hashOf(text);
  }
  return undefined;
}

async function setTornLineAside(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat();
  const { lines, wholeBytes } = await readBack(file, size, 1);
  const isTorn =
    wholeBytes < size || (lines[0] !== undefined && parsed(lines[0].text) === undefined);
  if (!isTorn) return;
  const from = wholeBytes < size ? wholeBytes : lines[0]!.offset;
  const torn = Buffer.alloc(size - from);
  await file.read(torn, 0, torn.length, from);
  await writeFile(`${path}.torn-${Date.now()}`, torn, { mode: 0o600 });
  await file.truncate(from);
}

async function lastLine(file: FileHandle): Promise<{ seq: number; hash: string } | undefined> {
  const { size } = await file.stat();
  const [newest] = (await readBack(file, size, 1)).lines;
  const line = newest && parsed(newest.text);
  return line && { seq: line.seq, hash: hashOf(newest.text) };
}

async function readPage(
  file: FileHandle,
  limit: number,
  cursor: string | undefined,
): Promise<AuditPage> {
  const { size } = await file.stat();
  const end = cursor === undefined ? size : Math.min(Number(cursor), size);
  const { lines } = await readBack(file, end, limit);
  const items = lines.flatMap(({ text }) => {
    const line = parsed(text);
    if (!line) return [];
    const { previous: _previous, ...entry } = line;
    return [entry];
  });
  const from = lines.at(-1)?.offset ?? 0;
  return { items, ...(from > 0 && { nextCursor: String(from) }) };
}

function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

/** Whole lines that end at or before `end`, newest first, each with where it begins; `wholeBytes`: where the newest ends. */
async function readBack(file: FileHandle, end: number, limit: number) {
  let from = end;
  let bytes = Buffer.alloc(0);
  const newlines = () => bytes.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
  while (from > 0 && newlines() <= limit + 1) {
    const length = Math.min(CHUNK_BYTES, from);
    from -= length;
    const chunk = Buffer.alloc(length);
    await file.read(chunk, 0, length, from);
    bytes = Buffer.concat([chunk, bytes]);
  }
  const lines: { text: string; offset: number }[] = [];
  let at = bytes.lastIndexOf(10);
  const wholeBytes = at < 0 ? from : from + at + 1;
  while (at > 0 && lines.length < limit) {
    const begin = bytes.lastIndexOf(10, at - 1) + 1;
    if (begin === 0 && from > 0) break;
    lines.push({ text: bytes.subarray(begin, at).toString('utf8'), offset: from + begin });
    at = begin - 1;
  }
  return { lines, wholeBytes };
}
