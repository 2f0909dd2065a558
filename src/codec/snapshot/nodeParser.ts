import type { AclEntry, SnapshotNode } from '../records';
import { corruptData } from '../txn/errors';
import { decodeJavaString } from '../txn/javaString';
import { NODE_TAIL_BYTES } from './format';
import { StoredStat } from './storedStat';

const SLASH = 0x2f;
const OPEN_ACL_ID = -1n;
const OPEN_ACL: AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];

/** Cuts whole nodes out of the bytes at hand, up to the path "/" that ends them. */
export class NodeParser {
  /** Bytes that must be at hand for the next call to get on. */
  wanted = 4;
  /** The "/" was read. */
  done = false;

  constructor(
    private readonly maxRecordBytes: number,
    private readonly aclOf: (id: bigint) => AclEntry[] | undefined,
  ) {}

  /** Appends the whole nodes of `view` and returns how many bytes they took. CorruptData; offsets from `view`. */
  parse(view: Buffer, nodes: SnapshotNode[]): number {
    const { length } = view;
    const numbers = new DataView(view.buffer, view.byteOffset, length);
    let at = 0;
    for (;;) {
      let end = at + 4;
      if (end > length) return this.pause(at, end);
      const pathLength = numbers.getInt32(at);
      if (pathLength < 0 || pathLength > this.maxRecordBytes) {
        throw corruptData(`a path of ${pathLength} bytes`, at);
      }
      const path = end;
      end += pathLength;
      if (pathLength === 1) {
        if (end > length) return this.pause(at, end);
        if (view[path] !== SLASH) throw corruptData('a path of one byte that is not "/"', at);
        this.done = true;
        return end;
      }
      if (end + 4 > length) return this.pause(at, end + 4);
      const dataLength = numbers.getInt32(end);
      if (dataLength < -1 || dataLength > this.maxRecordBytes) {
        throw corruptData(`data of ${dataLength} bytes`, end);
      }
      const data = end + 4;
      const tail = data + Math.max(0, dataLength);
      end = tail + NODE_TAIL_BYTES;
      if (end > length) return this.pause(at, end);
      const aclId = aclIdAt(numbers, tail);
      nodes.push({
        path: pathLength === 0 ? '/' : pathOf(view, path, pathLength),
        data: dataLength === -1 ? null : view.subarray(data, tail),
        aclId,
        acl: aclId === OPEN_ACL_ID ? OPEN_ACL : this.aclOf(aclId),
        stat: new StoredStat(numbers, tail + 8),
      });
      at = end;
    }
  }

  private pause(used: number, end: number): number {
    this.wanted = end - used;
    return used;
  }
}

/** Most nodes have the open ACL: no number is made for it. */
const aclIdAt = (numbers: DataView, at: number): bigint =>
  numbers.getInt32(at) === -1 && numbers.getInt32(at + 4) === -1
    ? OPEN_ACL_ID
    : numbers.getBigInt64(at);

function pathOf(view: Buffer, start: number, length: number): string {
  if (view[start] !== SLASH) throw corruptData('a path that does not begin with "/"', start);
  const path = decodeJavaString(view, start, start + length);
  if (path === undefined) throw corruptData('a path that is not as Java writes it', start);
  return path;
}
