/**
 * ZooKeeper's client protocol (zookeeper.jute), as far as zkferry speaks it. Pure: values in, frames out,
 * and the other way round. zxids and session ids are `0x…` strings outside.
 */
import { ZkferryError } from '../model/errors';
import type { ZkAcl, ZkStat } from '../model/ports';
import { JuteReader, JuteWriter } from './jute';

export const OPCODE = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  auth: 100,
  closeSession: -11,
} as const;

/** Reserved request numbers: replies to pings and auth packets, and watch events, carry these. */
export const XID = { watchEvent: -1, ping: -2, auth: -4 } as const;

const PASSWORD_BYTES = 16;
const AUTH_TYPE = 0;
const ACL_LEAST_BYTES = 12;
const STRING_LEAST_BYTES = 4;

/** What a server hands out for a session, and wants back to resume it. */
export interface SessionTicket {
  sessionId: bigint;
  password: Buffer;
}

export const NEW_SESSION: SessionTicket = { sessionId: 0n, password: Buffer.alloc(PASSWORD_BYTES) };

/** ConnectRequest. `lastZxid`: a server that has seen less refuses the connection. */
export function encodeConnect(
  sessionTimeoutMs: number,
  lastZxid: bigint,
  { sessionId, password }: SessionTicket,
): Buffer {
  return new JuteWriter()
    .int(0)
    .long(lastZxid)
    .int(sessionTimeoutMs)
    .long(sessionId)
    .buffer(password)
    .bool(false)
    .frame();
}

export interface ConnectReply extends SessionTicket {
  /** As negotiated; 0 where the session to resume has expired. */
  timeoutMs: number;
}

export function decodeConnect(frame: Buffer): ConnectReply {
  const reader = new JuteReader(frame);
  reader.int();
  const timeoutMs = reader.int();
  return {
    timeoutMs,
    sessionId: reader.long(),
    password: Buffer.from(reader.buffer() ?? Buffer.alloc(0)),
  };
}

export function encodeAuth(scheme: string, credential: string): Buffer {
  return new JuteWriter()
    .int(XID.auth)
    .int(OPCODE.auth)
    .int(AUTH_TYPE)
    .string(scheme)
    .string(credential)
    .frame();
}

/** A request without a body: ping, closeSession. */
export function encodeBare(xid: number, opcode: number): Buffer {
  return new JuteWriter().int(xid).int(opcode).frame();
}

const request = (xid: number, opcode: number, path: string): JuteWriter =>
  new JuteWriter().int(xid).int(opcode).string(path);

function withAcl(writer: JuteWriter, acl: readonly ZkAcl[]): JuteWriter {
  writer.int(acl.length);
  for (const { perms, scheme, id } of acl) writer.int(perms).string(scheme).string(id);
  return writer;
}

export const encodeCreate = (
  xid: number,
  path: string,
  data: Buffer,
  acl: readonly ZkAcl[],
  flags: number,
): Buffer =>
  withAcl(request(xid, OPCODE.create, path).buffer(data), acl)
    .int(flags)
    .frame();

export const encodeDelete = (xid: number, path: string, version: number): Buffer =>
  request(xid, OPCODE.delete, path).int(version).frame();

/** exists, getData, getChildren: a path and no watch. */
export const encodeRead = (xid: number, opcode: number, path: string): Buffer =>
  request(xid, opcode, path).bool(false).frame();

/** getACL and sync: a path alone. */
export const encodePath = (xid: number, opcode: number, path: string): Buffer =>
  request(xid, opcode, path).frame();

export const encodeSetData = (xid: number, path: string, data: Buffer, version: number): Buffer =>
  request(xid, OPCODE.setData, path).buffer(data).int(version).frame();

export const encodeSetAcl = (
  xid: number,
  path: string,
  acl: readonly ZkAcl[],
  version: number,
): Buffer =>
  withAcl(request(xid, OPCODE.setAcl, path), acl)
    .int(version)
    .frame();

export interface Reply {
  xid: number;
  zxid: bigint;
  /** 0, or a negative KeeperException code. */
  error: number;
  /** What follows the header. */
  body: Buffer;
}

export function decodeReply(frame: Buffer): Reply {
  const reader = new JuteReader(frame);
  return { xid: reader.int(), zxid: reader.long(), error: reader.int(), body: reader.rest() };
}

export const decodeString = (body: Buffer): string => new JuteReader(body).string();

export function decodeStrings(body: Buffer): string[] {
  const reader = new JuteReader(body);
  return reader.vector(STRING_LEAST_BYTES, () => reader.string());
}

export function decodeAclList(body: Buffer): ZkAcl[] {
  const reader = new JuteReader(body);
  return reader.vector(ACL_LEAST_BYTES, () => ({
    perms: reader.int(),
    scheme: reader.string(),
    id: reader.string(),
  }));
}

/** 64 bits as `0x…`, unsigned. */
export const hexOf = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

function readStat(reader: JuteReader): ZkStat {
  const [czxid, mzxid] = [hexOf(reader.long()), hexOf(reader.long())];
  const [ctimeMs, mtimeMs] = [Number(reader.long()), Number(reader.long())];
  const [version, cversion, aversion] = [reader.int(), reader.int(), reader.int()];
  const ephemeralOwner = hexOf(reader.long());
  const [dataLength, numChildren] = [reader.int(), reader.int()];
  return {
    ...{ czxid, mzxid, pzxid: hexOf(reader.long()), ctimeMs, mtimeMs },
    ...{ version, cversion, aversion, ephemeralOwner, dataLength, numChildren },
  };
}

export const decodeStat = (body: Buffer): ZkStat => readStat(new JuteReader(body));

export function decodeData(body: Buffer): { data: Buffer | null; stat: ZkStat } {
  const reader = new JuteReader(body);
  const data = reader.buffer();
  return { data: data && Buffer.from(data), stat: readStat(reader) };
}

/** Longest frame taken: a server sends a child list of any length, but data only up to jute.maxbuffer. */
export const MAX_FRAME_BYTES = 64 << 20;

/** Cuts what arrives into whole frames. Holds at most one unfinished frame. */
export class FrameSplitter {
  private chunks: Buffer[] = [];
  private length = 0;

  /** Frames completed by this chunk. ZooKeeperUnavailable where a frame claims more than `MAX_FRAME_BYTES`. */
  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.length += chunk.length;
    const frames: Buffer[] = [];
    for (let wanted = this.wanted(); wanted !== undefined; wanted = this.wanted()) {
      const bytes = this.joined();
      frames.push(bytes.subarray(4, wanted));
      this.chunks = [bytes.subarray(wanted)];
      this.length -= wanted;
    }
    return frames;
  }

  /** Length of the first frame with its prefix, if all of it is here. */
  private wanted(): number | undefined {
    if (this.length < 4) return undefined;
    if (this.chunks[0]!.length < 4) this.joined();
    const length = this.chunks[0]!.readInt32BE(0);
    if (length < 0 || length > MAX_FRAME_BYTES) {
      throw new ZkferryError(
        'ZooKeeperUnavailable',
        `a frame of ${length} bytes is no ZooKeeper client protocol: check that this is the plain client port`,
        { details: { code: 'MarshallingError' } },
      );
    }
    return this.length >= length + 4 ? length + 4 : undefined;
  }

  private joined(): Buffer {
    const bytes = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    this.chunks = [bytes];
    return bytes;
  }
}
