/** A tree, as it is read, becomes a snapshot file of the layout that every release reads. Holds one batch, and the ACLs. */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AclEntry } from '../../codec/records';
import { SnapshotWriter } from '../../codec/snapshot';
import type { SourceNode } from '../../tree/source';
import { whileRoom } from '../freeDisk';

/** The caller removes the file. `nodes`: parents before their children. NoDiskSpace before the disk is full. */
export async function writeTree(
  nodes: AsyncIterable<SourceNode[]>,
  directory: string,
  signal?: AbortSignal,
): Promise<{ file: string; bytes: number }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `tree-${randomBytes(6).toString('hex')}`);
  const part = `${file}.part`;
  const acls = new AclIds();
  try {
    // The table of ACLs comes first in a snapshot, and is known last.
    const body = whileRoom(nodeBytes(nodes, acls), directory);
    await pipeline(body, createWriteStream(part, { mode: 0o600, flags: 'wx' }), { signal });
    const output = createWriteStream(file, { mode: 0o600, flags: 'wx' });
    await pipeline(whileRoom(wholeFile(part, acls), directory), output, { signal });
    return { file, bytes: output.bytesWritten };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}

class AclIds {
  readonly table = new Map<bigint, AclEntry[]>();
  private readonly ids = new Map<string, bigint>();

  idOf(acl: AclEntry[]): bigint {
    const key = JSON.stringify(acl);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = BigInt(this.ids.size + 1);
      this.ids.set(key, id);
      this.table.set(id, acl);
    }
    return id;
  }
}

async function* nodeBytes(
  batches: AsyncIterable<SourceNode[]>,
  acls: AclIds,
): AsyncGenerator<Buffer> {
  const writer = new SnapshotWriter();
  for await (const nodes of batches)
    yield writer.nodes(
      nodes.map(({ path, data, acl, stat }) => ({ path, data, aclId: acls.idOf(acl), stat })),
    );
}

async function* wholeFile(part: string, acls: AclIds): AsyncGenerator<Buffer> {
  const writer = new SnapshotWriter();
  yield writer.head({ sessions: [], acls: acls.table });
  for await (const chunk of createReadStream(part)) yield writer.nodeBytes(chunk as Buffer);
  yield writer.end();
}
