/**
 * Requests of ZooKeeper's client protocol beyond those of clientProtocol.ts: writes one by one or as `multi`,
 * reconfig, and reads that came later. Pure: values in, frames out, and the other way round.
 */
import { ZkferryError } from '../model/errors';
import type { ZkAcl, ZkStat } from '../model/ports';
import { decodeStat, OPCODE } from './clientProtocol';
import { JuteWriter, JuteReader } from './jute';

export const REQUEST = {
  ...OPCODE,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  createContainer: 19,
  createTtl: 21,
  getEphemerals: 103,
} as const;

/** CreateMode.java. Container and TTL nodes have requests of their own, which set these themselves. */
export const CREATE_FLAGS = {
  persistent: 0,
  ephemeral: 1,
  sequential: 2,
  ephemeralSequential: 3,
  container: 4,
  ttl: 5,
  ttlSequential: 6,
} as const;

const ERROR_TYPE = -1;
const NO_ERROR = -1;
const END_TYPE = -1;
/** MultiHeader. */
const HEADER_BYTES = 9;
const STAT_BYTES = 68;
const STRING_LEAST_BYTES = 4;
/** Any version of a node will do. */
export const ANY_VERSION = -1;

interface NewNode {
  path: string;
  /** null and empty are different to a server. */
  data: Buffer | null;
  acl: readonly ZkAcl[];
}

/** A write, as a request of its own or as a part of a `multi`. */
export type WriteOp =
  /** `flags`: of CREATE_FLAGS, 0 … 3; default persistent. create2 replies with the Stat, from 3.5 on. */
  | (NewNode & { kind: 'create' | 'create2'; flags?: number })
  /** From 3.5.1 on. */
  | (NewNode & { kind: 'createContainer' })
  /** `ttlMs`: 1 … 0xffffffffff. From 3.5.3 on, where extendedTypesEnabled is set. */
  | (NewNode & { kind: 'createTtl'; ttlMs: number; sequential?: boolean })
  /** `mayBeGone`: for whoever sends it; the server is not told. */
  | { kind: 'delete'; path: string; version?: number; mayBeGone?: true }
  | { kind: 'setData'; path: string; data: Buffer | null; version?: number }
  /** Only inside a `multi`. */
  | { kind: 'check'; path: string; version: number };

function writeAcl(writer: JuteWriter, acl: readonly ZkAcl[]): JuteWriter {
  writer.int(acl.length);
  for (const { perms, scheme, id } of acl) writer.int(perms).string(scheme).string(id);
  return writer;
}

function writeOp(writer: JuteWriter, op: WriteOp): void {
  writer.string(op.path);
  switch (op.kind) {
    case 'create':
    case 'create2':
      writeAcl(writer.buffer(op.data), op.acl).int(op.flags ?? CREATE_FLAGS.persistent);
      return;
    case 'createContainer':
      writeAcl(writer.buffer(op.data), op.acl).int(CREATE_FLAGS.container);
      return;
    case 'createTtl':
      writeAcl(writer.buffer(op.data), op.acl)
        .int(op.sequential ? CREATE_FLAGS.ttlSequential : CREATE_FLAGS.ttl)
        .long(BigInt(op.ttlMs));
      return;
    case 'setData':
      writer.buffer(op.data).int(op.version ?? ANY_VERSION);
      return;
    case 'delete':
    case 'check':
      writer.int(op.version ?? ANY_VERSION);
  }
}

/** One write as a request of its own. */
export function encodeWrite(xid: number, op: Exclude<WriteOp, { kind: 'check' }>): Buffer {
  const writer = new JuteWriter().int(xid).int(REQUEST[op.kind]);
  writeOp(writer, op);
  return writer.frame();
}

function writePart(writer: JuteWriter, op: WriteOp): void {
  writer.int(REQUEST[op.kind]).bool(false).int(NO_ERROR);
  writeOp(writer, op);
}

/** All of `ops` or none of them, after `first`. `sizeHintBytes`: the expected length, to save copying. */
export function encodeMulti(
  xid: number,
  ops: readonly WriteOp[],
  sizeHintBytes = 0,
  first?: WriteOp,
): Buffer {
  const writer = new JuteWriter(sizeHintBytes).int(xid).int(REQUEST.multi);
  if (first !== undefined) writePart(writer, first);
  for (const op of ops) writePart(writer, op);
  return writer.int(END_TYPE).bool(true).int(NO_ERROR).frame();
}

/** Bytes `op` takes in a `multi`, its header included. A whole multi has 8 + 9 more, and 4 of the frame. */
export function sizeInMulti(op: WriteOp): number {
  let bytes = HEADER_BYTES + 4 + Buffer.byteLength(op.path);
  if ('data' in op) bytes += 4 + (op.data?.length ?? 0);
  if ('acl' in op) {
    bytes += 4;
    for (const { scheme, id } of op.acl) {
      bytes += 12 + Buffer.byteLength(scheme) + Buffer.byteLength(id);
    }
  }
  return bytes + (op.kind === 'createTtl' ? 12 : 4);
}

export interface ReconfigRequest {
  /** `server.N=…` lines, comma separated; null where not given. */
  joining: string | null;
  /** Server ids, comma separated. */
  leaving: string | null;
  /** Non-incremental: the whole new membership. */
  newMembers: string | null;
  /** -1: whatever the configuration is now. */
  fromConfig: bigint;
}

/** Replies with the new configuration as node data: `decodeData` of clientProtocol. From 3.5 on. */
export function encodeReconfig(xid: number, request: ReconfigRequest): Buffer {
  const writer = new JuteWriter().int(xid).int(REQUEST.reconfig);
  for (const text of [request.joining, request.leaving, request.newMembers]) {
    if (text === null) writer.buffer(null);
    else writer.string(text);
  }
  return writer.long(request.fromConfig).frame();
}

/** Children with the node's Stat; no watch. */
export const encodeGetChildren2 = (xid: number, path: string): Buffer =>
  new JuteWriter().int(xid).int(REQUEST.getChildren2).string(path).bool(false).frame();

/** This session's ephemerals whose paths begin so: reply by `decodeStrings`. From 3.6 on. */
export const encodeGetEphemerals = (xid: number, prefix: string): Buffer =>
  new JuteWriter().int(xid).int(REQUEST.getEphemerals).string(prefix).frame();

export function decodeChildren2(body: Buffer): { children: string[]; stat: ZkStat } {
  const reader = new JuteReader(body);
  const children = reader.vector(STRING_LEAST_BYTES, () => reader.string());
  return { children, stat: decodeStat(reader.rest()) };
}

/** Reply to create2, createContainer and createTtl; that to create is a path alone. */
export function decodeCreate2(body: Buffer): { path: string; stat: ZkStat } {
  const reader = new JuteReader(body);
  return { path: reader.string(), stat: decodeStat(reader.rest()) };
}

export type OpResult =
  | { kind: 'create'; path: string }
  /** Container and TTL nodes too. */
  | { kind: 'create2'; path: string; stat: ZkStat }
  | { kind: 'setData'; stat: ZkStat }
  | { kind: 'delete' | 'check' }
  /**
   * Nothing of the multi was done. Code 0: this operation would have passed, one after it failed; -2
   * (RuntimeInconsistency): one before it failed. Otherwise the reason.
   */
  | { kind: 'error'; code: number };

/** Whether all of a multi was done: each operation has a result of its own kind then, and an error otherwise. */
export function isDone(body: Buffer): boolean {
  return new JuteReader(body).int() !== ERROR_TYPE;
}

/** One result an operation, in their order. Unsupported where a reply is of no known kind. */
export function decodeMulti(body: Buffer): OpResult[] {
  const reader = new JuteReader(body);
  const results: OpResult[] = [];
  for (;;) {
    const type = reader.int();
    const done = reader.bool();
    reader.int();
    if (done) return results;
    results.push(readResult(type, reader));
  }
}

function readResult(type: number, reader: JuteReader): OpResult {
  switch (type) {
    case REQUEST.create:
      return { kind: 'create', path: reader.string() };
    case REQUEST.create2:
    case REQUEST.createContainer:
    case REQUEST.createTtl:
      return {
        kind: 'create2',
        path: reader.string(),
        stat: decodeStat(reader.fixed(STAT_BYTES)),
      };
    case REQUEST.setData:
      return { kind: 'setData', stat: decodeStat(reader.fixed(STAT_BYTES)) };
    case REQUEST.delete:
      return { kind: 'delete' };
    case REQUEST.check:
      return { kind: 'check' };
    case ERROR_TYPE:
      return { kind: 'error', code: reader.int() };
    default:
      throw new ZkferryError(
        'Unsupported',
        `a multi reply holds a result of type ${type}, which no ZooKeeper up to 3.9 sends for a write: check what server this is`,
      );
  }
}
