import { TXN_TYPE, type Txn, type TxnBody, type TxnDigest, type TxnHeader } from '../records';
import { corruptData, unsupportedTxn } from './errors';
import { RecordReader } from './recordReader';

export const HEADER_BYTES = 32;
/** int version, long digest. */
const DIGEST_BYTES = 12;
/** DigestCalculator.DIGEST_VERSION of 3.6 to 3.9. */
const DIGEST_VERSION = 2;
/** int type, int length. */
const PART_LEAST_BYTES = 8;

/**
 * One transaction as logs and the quorum port have it: header, body, and the digest 3.6+ appends. Buffers in the
 * result are views of `bytes`. `encodeTxn` gives exactly `bytes` back: what could not be is refused, as
 * CorruptData or UnsupportedTxn (`details.code`).
 */
export function decodeTxn(bytes: Buffer): Txn {
  const reader = new RecordReader(bytes);
  const header = readHeader(reader);
  const body = readBody(header.type, reader);
  if (reader.remaining === 0) return { header, body };
  if (reader.remaining !== DIGEST_BYTES) {
    throw corruptData(`${reader.remaining} bytes after a ${body.kind} body`, reader.position);
  }
  return { header, body, digest: readDigest(reader) };
}

/** The header alone, of a transaction whose body is not wanted. */
export function decodeTxnHeader(bytes: Buffer): TxnHeader {
  return readHeader(new RecordReader(bytes));
}

function readHeader(reader: RecordReader): TxnHeader {
  return {
    clientId: reader.long(),
    cxid: reader.int(),
    zxid: reader.long(),
    time: reader.long(),
    type: reader.int(),
  };
}

const readDigest = (reader: RecordReader): TxnDigest => ({
  version: reader.int(),
  treeDigest: reader.long(),
});

function readBody(type: number, reader: RecordReader): TxnBody {
  switch (type) {
    case TXN_TYPE.createSession:
      return { kind: 'createSession', timeoutMs: reader.int() };
    case TXN_TYPE.closeSession:
      return readCloseSession(reader);
    case TXN_TYPE.multi:
      return readMulti(reader);
    default:
      return readPart(type, reader);
  }
}

/** What may stand alone and in a multi. */
function readPart(type: number, reader: RecordReader): TxnBody {
  switch (type) {
    case TXN_TYPE.create:
    case TXN_TYPE.create2:
      return readCreate(type, reader);
    case TXN_TYPE.createContainer:
      return {
        kind: 'createContainer',
        path: reader.string(),
        data: reader.buffer(),
        acl: reader.acl(),
        parentCversion: reader.int(),
      };
    case TXN_TYPE.createTtl:
      return {
        kind: 'createTtl',
        path: reader.string(),
        data: reader.buffer(),
        acl: reader.acl(),
        parentCversion: reader.int(),
        ttl: reader.long(),
      };
    case TXN_TYPE.delete:
      return { kind: 'delete', path: reader.string() };
    case TXN_TYPE.deleteContainer:
      return { kind: 'deleteContainer', path: reader.string() };
    case TXN_TYPE.setData:
    case TXN_TYPE.reconfig:
      return {
        kind: type === TXN_TYPE.setData ? 'setData' : 'reconfig',
        path: reader.string(),
        data: reader.buffer(),
        version: reader.int(),
      };
    case TXN_TYPE.setAcl:
      return {
        kind: 'setAcl',
        path: reader.string(),
        acl: reader.acl(),
        version: reader.int(),
      };
    case TXN_TYPE.check:
      return { kind: 'check', path: reader.string(), version: reader.int() };
    case TXN_TYPE.error:
      return { kind: 'error', code: reader.int() };
    default:
      throw unsupportedTxn(`a transaction of type ${type}`);
  }
}

/** As the server does, takes a record that ends after `ephemeral` for one of 3.3 and before. */
function readCreate(type: number, reader: RecordReader): TxnBody {
  const kind = type === TXN_TYPE.create ? 'create' : 'create2';
  const path = reader.string();
  const data = reader.buffer();
  const acl = reader.acl();
  const ephemeral = reader.bool();
  if (kind === 'create' && reader.remaining === 0) {
    return { kind, path, data, acl, ephemeral, parentCversion: -1, old: true };
  }
  return { kind, path, data, acl, ephemeral, parentCversion: reader.int() };
}

/**
 * Without a body up to 3.5, and later where `zookeeper.closeSessionTxn.enabled` is false: then a digest may
 * follow the header at once. Twelve bytes that begin with the digest's version cannot be two paths.
 */
function readCloseSession(reader: RecordReader): TxnBody {
  const { remaining } = reader;
  if (remaining === 0 || (remaining === DIGEST_BYTES && reader.peekInt() === DIGEST_VERSION)) {
    return { kind: 'closeSession', paths: null };
  }
  return { kind: 'closeSession', paths: reader.strings() };
}

function readMulti(reader: RecordReader): TxnBody {
  const count = reader.count(PART_LEAST_BYTES);
  if (count === -1) throw unsupportedTxn('a multi with a null list');
  const txns: TxnBody[] = [];
  for (let index = 0; index < count; index += 1) {
    const type = reader.int();
    const part = reader.part(reader.int());
    const body = readPart(type, part);
    const { remaining } = part;
    if (remaining > 0 && body.kind === 'error') body.rest = part.rest();
    else if (remaining > 0) {
      throw corruptData(`${remaining} bytes after a part of a multi`, part.position);
    }
    txns.push(body);
  }
  return { kind: 'multi', txns };
}
