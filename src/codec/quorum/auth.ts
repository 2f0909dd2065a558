/** The dialogue a secured quorum port begins with (ZooKeeper: QuorumAuth, SaslQuorumAuthLearner). */
import { createHash } from 'node:crypto';
import { ZkferryError } from '../../model/errors';
import { JuteWriter } from '../jute';

/** In Java the literal itself overflows, so this is positive. */
const MAGIC = BigInt.asIntN(64, -0xa0db_cafe_cafe_1234n);
const HEAD_BYTES = 16;
/** A challenge has about 100 bytes, RFC 2831 allows 2048. */
const MAX_TOKEN_BYTES = 64 * 1024;
const SERVICE = 'zookeeper-quorum';
const HOST = 'zk-quorum-sasl-md5';

export const AUTH_STATUS = { inProgress: 0, success: 1, error: -1 } as const;

export interface AuthPacket {
  status: number;
  token: Buffer;
}

/** `token` is empty in the first packet, never null: DIGEST-MD5 has no initial response. */
export const encodeAuthPacket = (token: Buffer): Buffer =>
  new JuteWriter().long(MAGIC).int(AUTH_STATUS.inProgress).buffer(token).bytes();

/** The packet at the beginning of `bytes` and its length; undefined while it is not all there. ZooKeeperUnavailable where it is no such packet. */
export function decodeAuthPacket(
  bytes: Buffer,
): { packet: AuthPacket; length: number } | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const tokenBytes = Math.max(0, bytes.readInt32BE(12));
  if (bytes.readBigInt64BE(0) !== MAGIC || tokenBytes > MAX_TOKEN_BYTES) {
    throw new ZkferryError(
      'ZooKeeperUnavailable',
      'malformed authentication packet: this quorum port does not speak SASL',
      { details: { code: 'MarshallingError' } },
    );
  }
  const length = HEAD_BYTES + tokenBytes;
  if (bytes.length < length) return undefined;
  const packet = { status: bytes.readInt32BE(8), token: bytes.subarray(HEAD_BYTES, length) };
  return { packet, length };
}

export interface DigestCredential {
  user: string;
  password: string;
}

/**
 * The answer of DIGEST-MD5 (RFC 2831, qop=auth) to a quorum member's challenge. `cnonce`: at least 16
 * random characters. ZooKeeperAuthFailed where the challenge is none.
 */
export function digestResponse(
  challenge: Buffer,
  { user, password }: DigestCredential,
  cnonce: string,
): Buffer {
  const fields = parseChallenge(challenge.toString('utf8'));
  const nonce = fields.get('nonce');
  if (nonce === undefined || (fields.get('algorithm') ?? '') !== 'md5-sess') {
    throw new ZkferryError(
      'ZooKeeperAuthFailed',
      'the quorum port asks for another mechanism than DIGEST-MD5 (Kerberos?), the only one supported',
    );
  }
  const realm = fields.get('realm') ?? HOST;
  const uri = `${SERVICE}/${HOST}`;
  const count = '00000001';
  const secret = md5(Buffer.from(`${user}:${realm}:${password}`, 'utf8'));
  const a1 = md5(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}`, 'utf8')]));
  const a2 = md5(Buffer.from(`AUTHENTICATE:${uri}`, 'utf8'));
  const proof = [a1.toString('hex'), nonce, count, cnonce, 'auth', a2.toString('hex')].join(':');
  const response = md5(Buffer.from(proof, 'utf8')).toString('hex');
  const answer = [
    'charset=utf-8',
    `username="${quoted(user)}"`,
    `realm="${quoted(realm)}"`,
    `nonce="${quoted(nonce)}"`,
    `nc=${count}`,
    `cnonce="${cnonce}"`,
    `digest-uri="${uri}"`,
    `response=${response}`,
    'qop=auth',
  ];
  return Buffer.from(answer.join(','), 'utf8');
}

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();

const quoted = (text: string): string => text.replace(/["\\]/g, '\\$&');

/** `name=value` or `name="value"`, separated by commas. The first of a name counts. */
function parseChallenge(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const match of text.matchAll(/([a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^,]*))/gi)) {
    const name = match[1]!.toLowerCase();
    const value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3]!.trim();
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}
