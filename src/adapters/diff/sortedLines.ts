/**
 * Lines in any order to lines in order, with bounded memory: what does not fit is sorted in runs, each a
 * file, and merged from there.
 */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** In memory before a run is written. */
const RUN_CHARS = 32 << 20;
const READ_BYTES = 256 << 10;
const WRITE_LINES = 4_096;

export class SortedLines {
  private lines: string[] = [];
  private chars = 0;
  private readonly runs: string[] = [];
  private directory: string | undefined;

  constructor(private readonly parent: string) {}

  /** Resolves once there is room for more. */
  add(line: string): Promise<void> | undefined {
    this.lines.push(line);
    this.chars += line.length;
    return this.chars < RUN_CHARS ? undefined : this.spill();
  }

  /** To be asked for once, after the last line. */
  async sorted(): Promise<AsyncIterator<string> | Iterator<string>> {
    if (this.runs.length === 0) {
      this.lines.sort(byCodeUnits);
      return this.lines.values();
    }
    if (this.lines.length > 0) await this.spill();
    return merge(this.runs.map(readLines));
  }

  async remove(): Promise<void> {
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true });
  }

  private async spill(): Promise<void> {
    if (this.directory === undefined) {
      await mkdir(this.parent, { recursive: true, mode: 0o700 });
      this.directory = await mkdtemp(join(this.parent, 'diff-'));
    }
    const file = join(this.directory, `run-${this.runs.length}`);
    this.lines.sort(byCodeUnits);
    const handle = await open(file, 'wx', 0o600);
    try {
      for (let from = 0; from < this.lines.length; from += WRITE_LINES)
        await handle.write(`${this.lines.slice(from, from + WRITE_LINES).join('\n')}\n`);
    } finally {
      await handle.close();
    }
    this.runs.push(file);
    this.lines = [];
    this.chars = 0;
  }
}

const byCodeUnits = (one: string, other: string): number =>
  one < other ? -1 : one > other ? 1 : 0;

async function* readLines(file: string): AsyncGenerator<string[]> {
  let rest = '';
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: READ_BYTES });
  for await (const chunk of stream) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop()!;
    if (lines.length > 0) yield lines;
  }
}

interface Head {
  lines: string[];
  at: number;
  more: AsyncGenerator<string[]>;
}

/** Few runs: the smallest head is looked for each time. */
async function* merge(runs: AsyncGenerator<string[]>[]): AsyncGenerator<string> {
  const heads: Head[] = [];
  for (const more of runs) {
    const first = await more.next();
    if (first.done !== true) heads.push({ lines: first.value, at: 0, more });
  }
  while (heads.length > 0) {
    let least = heads[0]!;
    for (const head of heads) if (head.lines[head.at]! < least.lines[least.at]!) least = head;
    yield least.lines[least.at]!;
    least.at += 1;
    if (least.at < least.lines.length) continue;
    const next = await least.more.next();
    if (next.done === true) heads.splice(heads.indexOf(least), 1);
    else Object.assign(least, { lines: next.value, at: 0 });
  }
}
