/**
 * The few records of ZooKeeper's client protocol that zkferry speaks itself (zookeeper.jute): connect,
 * auth, getACL, closeSession. Pure: frames in, frames out.
 */
import { ZkferryError } from '../model/errors';
import type { ZkAcl } from '../model/ports';

const PASSWORD_BYTES = 16;
const AUTH_XID = -4;
const OPCODE = { auth: 100, getAcl: 6, closeSession: -11 } as const;

/** Longest frame a reply may have: an ACL list is small, jute.maxbuffer's default is 1 MiB. */
export const MAX_FRAME_BYTES = 1 << 20;

class Writer {
  private readonly parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    this.parts.push(part);
    return this;
  }

  long(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(value);
    this.parts.push(part);
    return this;
  }

  bool(value: boolean): this {
    this.parts.push(Buffer.from([value ? 1 : 0]));
    return this;
  }

  buffer(value: Buffer): this {
    this.int(value.length);
    this.parts.push(value);
    return this;
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value, 'utf8'));
  }

  /** With the length prefix the wire wants. */
  frame(): Buffer {
    const body = Buffer.concat(this.parts);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length);
    return Buffer.concat([length, body]);
  }
}

class Reader {
  private offset = 0;

  constructor(private readonly bytes: Buffer) {}

  private take(length: number): Buffer {
    if (length < 0 || this.offset + length > this.bytes.length) {
      throw malformed(`${length} bytes wanted at ${this.offset} of ${this.bytes.length}`);
    }
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  int(): number {
    return this.take(4).readInt32BE();
  }

  long(): bigint {
    return this.take(8).readBigInt64BE();
  }

  buffer(): Buffer {
    const length = this.int();
    return length === -1 ? Buffer.alloc(0) : this.take(length);
  }

  string(): string {
    return this.buffer().toString('utf8');
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }
}

function malformed(detail: string): ZkferryError {
  return new ZkferryError(
    'ZooKeeperUnavailable',
    `the answer is no ZooKeeper client protocol (${detail}): check that this is the plain client port`,
    { details: { code: 'Malformed' } },
  );
}

/** Cuts whole frames off the front of what was received; `rest` waits for more. Refuses frames above `MAX_FRAME_BYTES`. */
export function takeFrames(received: Buffer): { frames: Buffer[]; rest: Buffer } {
  const frames: Buffer[] = [];
  let offset = 0;
  while (received.length - offset >= 4) {
    const length = received.readInt32BE(offset);
    if (length < 0 || length > MAX_FRAME_BYTES) throw malformed(`frame of ${length} bytes`);
    if (received.length - offset - 4 < length) break;
    frames.push(received.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return { frames, rest: received.subarray(offset) };
}

export function encodeConnect(sessionTimeoutMs: number): Buffer {
  return new Writer()
    .int(0)
    .long(0n)
    .int(sessionTimeoutMs)
    .long(0n)
    .buffer(Buffer.alloc(PASSWORD_BYTES))
    .bool(false)
    .frame();
}

/** `sessionId` 0n: the server refused the session. */
export function decodeConnect(frame: Buffer): { timeoutMs: number; sessionId: bigint } {
  const reader = new Reader(frame);
  reader.int();
  return { timeoutMs: reader.int(), sessionId: reader.long() };
}

export function encodeAuth(scheme: string, credential: string): Buffer {
  return new Writer()
    .int(AUTH_XID)
    .int(OPCODE.auth)
    .int(0)
    .string(scheme)
    .string(credential)
    .frame();
}

export function encodeGetAcl(xid: number, path: string): Buffer {
  return new Writer().int(xid).int(OPCODE.getAcl).string(path).frame();
}

export function encodeCloseSession(xid: number): Buffer {
  return new Writer().int(xid).int(OPCODE.closeSession).frame();
}

export interface Reply {
  xid: number;
  zxid: bigint;
  /** 0, or a negative KeeperException code. */
  error: number;
  /** What follows the header. */
  body: Buffer;
}

export function decodeReply(frame: Buffer): Reply {
  const reader = new Reader(frame);
  const header = { xid: reader.int(), zxid: reader.long(), error: reader.int() };
  return { ...header, body: frame.subarray(frame.length - reader.remaining) };
}

/** The ACL list at the head of a GetACLResponse. */
export function decodeAclList(body: Buffer): ZkAcl[] {
  const reader = new Reader(body);
  const length = reader.int();
  // An entry takes at least 12 bytes: a longer claim is refused before anything is allocated for it.
  if (length > reader.remaining / 12) throw malformed(`a list of ${length} ACLs`);
  return Array.from({ length: Math.max(0, length) }, () => ({
    perms: reader.int(),
    scheme: reader.string(),
    id: reader.string(),
  }));
}
