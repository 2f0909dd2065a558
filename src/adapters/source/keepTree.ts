/** A tree that was read once, kept as a snapshot file: what moves, or is slow to read, is not read twice. */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AclEntry } from '../../codec/records';
import { SnapshotWriter } from '../../codec/snapshot';
import type { SourceNode, TreeSource } from '../../tree/source';
import { OverlaidSnapshot } from './overlaidSnapshot';

/** Reads the whole source. The caller removes the file. `onNodes` is told how many came so far. */
export async function keepTree(
  source: TreeSource,
  directory: string,
  onNodes?: (nodes: number) => void,
): Promise<OverlaidSnapshot> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `tree-${randomBytes(6).toString('hex')}`);
  const part = `${file}.part`;
  const acls = new AclIds();
  try {
    // The table of ACLs comes first in a snapshot, and is known last.
    await pipeline(nodeBytes(source, acls, onNodes), createWriteStream(part, { mode: 0o600 }));
    await pipeline(wholeFile(part, acls), createWriteStream(file, { mode: 0o600 }));
    return new OverlaidSnapshot(file, [], { isOurs: true });
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
  source: TreeSource,
  acls: AclIds,
  onNodes: ((nodes: number) => void) | undefined,
): AsyncGenerator<Buffer> {
  const writer = new SnapshotWriter();
  let count = 0;
  for await (const nodes of source.nodes()) {
    yield writer.nodes(
      nodes.map(({ path, data, acl, stat }: SourceNode) => ({
        path,
        data,
        aclId: acls.idOf(acl),
        stat,
      })),
    );
    count += nodes.length;
    onNodes?.(count);
  }
}

async function* wholeFile(part: string, acls: AclIds): AsyncGenerator<Buffer> {
  const writer = new SnapshotWriter();
  yield writer.head({ sessions: [], acls: acls.table });
  for await (const chunk of createReadStream(part)) yield writer.nodeBytes(chunk as Buffer);
  yield writer.end();
}
