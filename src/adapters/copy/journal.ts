/**
 * What a copy needs to go on after its process was killed: kept on local disk from its first write to its
 * last, readable by its owner only. One directory for each pair of source and target.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Txn } from '../../codec/records';
import { decodeTxn, encodeTxn } from '../../codec/txn';
import { encodeLogHeader, encodeLogRecord, LogScanner } from '../../codec/txnLog';
import { ZkferryError } from '../../model/errors';
import { CONFLICT_POLICIES } from '../../tree/copy/merge';
import type { Raise } from '../../tree/copy/operations';
import type { KeptTree } from '../../tree/source';
import { OverlaidSnapshot } from '../source/overlaidSnapshot';
import { takeLock } from './journalLock';
import { sha256Of } from '../sha256';

const FORMAT = 1;

const recordSchema = z.object({
  format: z.literal(FORMAT),
  startedAt: z.string(),
  /** What was left out and taken in: whoever goes on must mean the same. */
  patterns: z.string(),
  policy: z.enum(CONFLICT_POLICIES),
  follows: z.boolean(),
  /** `user:password` of the digest identity that owns the marker, and nodes that are not finished. */
  credential: z.string(),
  /** No ACL of the target keeps the copy out. */
  isSuper: z.boolean(),
  /** `follow`: the copy is made, and transactions are applied to it; `done`: only the marker may be left. */
  phase: z.enum(['copy', 'follow', 'done']),
  /** A follower's next process compares both sides: what comes next of the source the target does not take. */
  mustCompare: z.boolean().optional(),
  markerPath: z.string(),
  /** Nodes of the target may hold an entry of ours in their ACLs. */
  ownEntries: z.boolean(),
  source: z.object({ shown: z.string(), zxid: z.string().optional() }),
  /** What is done to a root that exists already, where nothing is below it. */
  rootAction: z.number(),
  /** Whether the plan holds an action for each node; otherwise each is created. */
  hasActions: z.boolean(),
  counts: z.object({
    created: z.number(),
    changed: z.number(),
    deleted: z.number(),
    skipped: z.number(),
    counterPairs: z.number(),
    rootAhead: z.boolean(),
  }),
  /** Of the source's tree. */
  copied: z.object({
    nodes: z.number(),
    bytes: z.number(),
    containers: z.number(),
    ttls: z.number(),
  }),
});

export type JournalRecord = z.infer<typeof recordSchema>;

/** What the steps of a copy are made from, beside the source. */
export interface SavedPlan {
  /** By the node's place in the source's order; absent: every node is created. */
  actions?: Uint8Array;
  /** Relative to the root; children before their parents. */
  deletions: readonly string[];
  raises: readonly Raise[];
}

const FILES = {
  record: 'copy.json',
  snapshot: 'snapshot',
  window: 'window',
  actions: 'actions',
  deletions: 'deletions',
  raises: 'raises',
  ephemerals: 'ephemerals',
} as const;

export class CopyJournal {
  private constructor(private readonly directory: string) {}

  /** `pair`: names source and target, the paths included. */
  static async at(parent: string, pair: string): Promise<CopyJournal> {
    const id = sha256Of(pair).slice(0, 16);
    const directory = join(parent, id);
    const there = await stat(directory).catch(() => undefined);
    const isOthers = process.getuid !== undefined && there?.uid !== process.getuid();
    if (there !== undefined && (isOthers || (there.mode & 0o077) !== 0))
      throw new ZkferryError(
        'Refused',
        `${directory} must belong to the user who copies, and be closed to others (mode 0700): it holds a credential; name another place in ZKFERRY_STATE`,
      );
    return new CopyJournal(directory);
  }

  get shown(): string {
    return this.directory;
  }

  /** Keeps other processes off it while `act` goes on. @throws EnsembleHeld where one is at it */
  async alone<T>(act: () => Promise<T>): Promise<T> {
    const release = await takeLock(`${this.directory}.lock`);
    try {
      return await act();
    } finally {
      await release();
    }
  }

  /** What a copy that did not end has left; undefined where there is none. */
  async read(): Promise<JournalRecord | undefined> {
    let text: string;
    try {
      text = await readFile(this.path('record'), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const parsed = recordSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new ZkferryError(
      'BackupInvalid',
      `${this.path('record')} is not what a copy of this version leaves: remove the directory, and give --conflict to go on over what was copied`,
    );
  }

  /** The record is written last: without it nothing was begun. */
  async begin(record: JournalRecord, plan: SavedPlan, source: KeptTree): Promise<void> {
    await this.clear();
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await linkOrCopy(source.file, this.path('snapshot'));
    await this.writeWindow(source.txns);
    if (plan.actions !== undefined)
      await writeFile(this.path('actions'), plan.actions, { mode: 0o600 });
    await this.writeLines('deletions', plan.deletions);
    await this.writeLines(
      'raises',
      plan.raises.map(({ path, pairs }) => `${pairs} ${path}`),
    );
    await this.write(record);
  }

  async write(record: JournalRecord): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const scratch = join(this.directory, `.${randomBytes(6).toString('hex')}`);
    await writeFile(scratch, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    await rename(scratch, this.path('record'));
  }

  async plan(record: JournalRecord): Promise<SavedPlan> {
    const raises = (await this.readLines('raises')).map((line) => {
      const space = line.indexOf(' ');
      return { pairs: Number(line.slice(0, space)), path: line.slice(space + 1) };
    });
    return {
      ...(record.hasActions && { actions: await readFile(this.path('actions')) }),
      deletions: await this.readLines('deletions'),
      raises,
    };
  }

  /** The source as it was when the copy began. */
  async source(): Promise<OverlaidSnapshot> {
    return new OverlaidSnapshot(this.path('snapshot'), await this.readWindow());
  }

  /** What was kept of the source is needed no more. */
  async forgetSource(): Promise<void> {
    for (const name of ['snapshot', 'window', 'actions', 'deletions', 'raises'] as const)
      await rm(this.path(name), { force: true });
  }

  /** Where a follower keeps what it knows of its source's ephemerals. */
  get ephemerals(): string {
    return this.path('ephemerals');
  }

  /** The copy has ended, or is given up. */
  async clear(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private path(name: keyof typeof FILES): string {
    return join(this.directory, FILES[name]);
  }

  private writeLines(name: keyof typeof FILES, lines: readonly string[]): Promise<void> {
    return pipeline(
      function* () {
        for (const line of lines) yield `${line}\n`;
      },
      createWriteStream(this.path(name), { mode: 0o600 }),
    );
  }

  private async readLines(name: keyof typeof FILES): Promise<string[]> {
    const lines = (await readFile(this.path(name), 'utf8')).split('\n');
    lines.pop();
    return lines;
  }

  private writeWindow(txns: readonly Txn[]): Promise<void> {
    return pipeline(
      function* () {
        yield encodeLogHeader();
        for (const txn of txns) yield encodeLogRecord(encodeTxn(txn));
      },
      createWriteStream(this.path('window'), { mode: 0o600 }),
    );
  }

  private async readWindow(): Promise<Txn[]> {
    const scanner = new LogScanner();
    const txns: Txn[] = [];
    for await (const chunk of createReadStream(this.path('window')))
      for (const { bytes } of scanner.push(chunk as Buffer)) txns.push(decodeTxn(bytes));
    const end = scanner.finish();
    if (end.kind !== 'complete')
      throw new ZkferryError(
        'BackupInvalid',
        `${this.path('window')} is ${end.kind} at offset ${end.offset}: start the copy over with --start-over`,
      );
    return txns;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}
