import { JuteWriter } from '../jute';
import { TXN_TYPE, type AclEntry, type Txn, type TxnBody } from '../records';
import { unsupportedTxn } from './errors';
import { writeJavaString } from './javaString';

/** The bytes of one transaction, without the log's checksum and length. UnsupportedTxn where type and body differ. */
export function encodeTxn(txn: Txn): Buffer {
  const writer = new JuteWriter();
  const { header, body, digest } = txn;
  if (header.type !== TXN_TYPE[body.kind]) {
    throw unsupportedTxn(`a header of type ${header.type} over a ${body.kind} body`);
  }
  writer
    .long(header.clientId)
    .int(header.cxid)
    .long(header.zxid)
    .long(header.time)
    .int(header.type);
  writeBody(writer, body);
  if (digest) writer.int(digest.version).long(digest.treeDigest);
  return writer.bytes();
}

function writeBody(writer: JuteWriter, body: TxnBody): void {
  switch (body.kind) {
    case 'createSession':
      writer.int(body.timeoutMs);
      return;
    case 'closeSession':
      if (body.paths === null) return;
      writer.int(body.paths.length);
      for (const path of body.paths) writeJavaString(writer, path);
      return;
    case 'multi':
      writer.int(body.txns.length);
      for (const part of body.txns) {
        const start = writer.int(TXN_TYPE[part.kind]).length;
        writePart(writer.int(0), part);
        if (part.kind === 'error' && part.rest) writer.raw(part.rest);
        writer.patchInt(start, writer.length - start - 4);
      }
      return;
    default:
      writePart(writer, body);
  }
}

function writePart(writer: JuteWriter, body: TxnBody): void {
  switch (body.kind) {
    case 'create':
    case 'create2':
      writeNode(writer, body).bool(body.ephemeral);
      if (!body.old) writer.int(body.parentCversion);
      return;
    case 'createContainer':
      writeNode(writer, body).int(body.parentCversion);
      return;
    case 'createTtl':
      writeNode(writer, body).int(body.parentCversion).long(body.ttl);
      return;
    case 'delete':
    case 'deleteContainer':
      writeJavaString(writer, body.path);
      return;
    case 'setData':
    case 'reconfig':
      writeJavaString(writer, body.path);
      writer.buffer(body.data).int(body.version);
      return;
    case 'setAcl':
      writeJavaString(writer, body.path);
      writeAcl(writer, body.acl).int(body.version);
      return;
    case 'check':
      writeJavaString(writer, body.path);
      writer.int(body.version);
      return;
    case 'error':
      writer.int(body.code);
      return;
    default:
      throw unsupportedTxn(`a ${body.kind} inside a multi`);
  }
}

function writeNode(
  writer: JuteWriter,
  node: { path: string; data: Buffer | null; acl: AclEntry[] | null },
): JuteWriter {
  writeJavaString(writer, node.path);
  return writeAcl(writer.buffer(node.data), node.acl);
}

export function writeAcl(writer: JuteWriter, acl: readonly AclEntry[] | null): JuteWriter {
  if (acl === null) return writer.int(-1);
  writer.int(acl.length);
  for (const { perms, scheme, id } of acl) {
    writer.int(perms);
    writeJavaString(writer, scheme);
    writeJavaString(writer, id);
  }
  return writer;
}
