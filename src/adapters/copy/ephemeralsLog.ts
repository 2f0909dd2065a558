/**
 * What a follower knows of its source's ephemerals, on local disk: one that was killed can go on after the last
 * transaction its marker names only if it knows which paths were ephemerals then.
 *
 * A line is written before any write of its transaction is sent, so the file is never behind the marker while the
 * machine runs. It is not synced: after a restart of the machine it is not used.
 */
import { createReadStream } from 'node:fs';
import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { EphemeralChange, Ephemerals } from '../../tree/follow/ephemerals';
import { zxidText } from '../../model/zxid';

const FORMAT = 1;
/** Linux gives each start of a machine a name. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';
/** Of changes, before the file is begun anew. */
const LONG_BYTES = 16 << 20;
const BLOCK_CHARS = 1 << 20;

type Line = [zxid: string, kind: EphemeralChange['kind'], path: string, owner: string];

export class EphemeralsLog {
  private bytes = 0;
  private pending = '';

  private constructor(private readonly handle: FileHandle) {}

  /** A file that holds what `ephemerals` are after the transaction `zxid`, in place of the one before. */
  static async begin(file: string, zxid: bigint, ephemerals: Ephemerals): Promise<EphemeralsLog> {
    ephemerals.takeChanges();
    const scratch = `${file}.new`;
    const handle = await open(scratch, 'w', 0o600);
    try {
      let text = `${JSON.stringify({ format: FORMAT, boot: await bootId(), zxid: zxidText(zxid) })}\n`;
      for (const [path, owner] of ephemerals.entries()) {
        text += lineOf(zxid, { kind: 'created', path, owner });
        if (text.length < BLOCK_CHARS) continue;
        await handle.writeFile(text);
        text = '';
      }
      await handle.writeFile(text);
      await rename(scratch, file);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new EphemeralsLog(handle);
  }

  /** Fills `ephemerals` as they were after the transaction `zxid`; false where that is not known for certain. */
  static async read(file: string, zxid: bigint, ephemerals: Ephemerals): Promise<boolean> {
    const boot = await bootId();
    if (boot === undefined) return false;
    ephemerals.clear();
    let began = false;
    try {
      for await (const text of createInterface(createReadStream(file))) {
        if (!began) {
          const head = JSON.parse(text) as { format?: unknown; boot?: unknown; zxid: string };
          if (head.format !== FORMAT || head.boot !== boot || BigInt(head.zxid) > zxid)
            return false;
          began = true;
          continue;
        }
        const [at, change] = changeOf(text) ?? [];
        // Cut off where the process was killed: nothing after it was sent.
        if (at === undefined || change === undefined) break;
        if (at <= zxid) ephemerals.apply(change);
      }
    } catch {
      return false;
    }
    ephemerals.takeChanges();
    return began;
  }

  /** To be begun anew once everything that was sent is acknowledged. */
  get isLong(): boolean {
    return this.bytes > LONG_BYTES;
  }

  add(zxid: bigint, changes: readonly EphemeralChange[]): void {
    for (const change of changes) this.pending += lineOf(zxid, change);
  }

  /** Resolves once what was added is with the operating system. */
  async write(): Promise<void> {
    if (this.pending === '') return;
    const text = this.pending;
    this.pending = '';
    this.bytes += text.length;
    await this.handle.writeFile(text);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function lineOf(zxid: bigint, change: EphemeralChange): string {
  const path = 'path' in change ? change.path : '';
  const owner = 'owner' in change ? change.owner.toString() : '';
  return `${JSON.stringify([zxidText(zxid), change.kind, path, owner] satisfies Line)}\n`;
}

function changeOf(text: string): [bigint, EphemeralChange] | undefined {
  let line: Line;
  try {
    line = JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
  const [zxid, kind, path, owner] = line;
  const at = BigInt(zxid);
  if (kind === 'created') return [at, { kind, path, owner: BigInt(owner) }];
  return [at, kind === 'deleted' ? { kind, path } : { kind, owner: BigInt(owner) }];
}

const bootId = (): Promise<string | undefined> =>
  readFile(BOOT_ID_FILE, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
