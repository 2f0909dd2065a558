/** What the codecs make of the files a real server left: decoded, encoded again, and compared byte for byte. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TxnBody } from '../../src/codec/records';
import { SnapshotReader, SnapshotWriter, type SnapshotEnd } from '../../src/codec/snapshot';
import { decodeTxn, encodeTxn } from '../../src/codec/txn';
import { encodeLogHeader, encodeLogRecord, LogScanner } from '../../src/codec/txnLog';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab, LabServer } from '../../src/lab/lab';

/** Odd and small, so that every record lies across chunks somewhere. */
const CHUNK_BYTES = 997;

export interface FilesSeen {
  logs: number;
  snapshots: number;
  transactions: number;
  nodes: number;
  /** Of the transactions and of parts of multis. */
  kinds: Set<TxnBody['kind']>;
  withDigest: number;
  snapshotsWithDigest: number;
  snapshotsWithLastZxid: number;
}

function* chunksOf(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; at += CHUNK_BYTES) yield file.subarray(at, at + CHUNK_BYTES);
}

function mustEqual(file: string, got: Buffer, wanted: Buffer): void {
  if (got.equals(wanted)) return;
  const length = Math.min(got.length, wanted.length);
  let at = 0;
  while (at < length && got[at] === wanted[at]) at += 1;
  throw new Error(
    `${file}: encoded again it has ${got.length} bytes for ${wanted.length} and differs from byte ${at} on`,
  );
}

function roundTripLog(name: string, file: Buffer, seen: FilesSeen): void {
  const scanner = new LogScanner();
  const parts: Buffer[] = [];
  for (const chunk of chunksOf(file)) {
    for (const { bytes } of scanner.push(chunk)) {
      const txn = decodeTxn(bytes);
      seen.transactions += 1;
      if (txn.digest) seen.withDigest += 1;
      seen.kinds.add(txn.body.kind);
      if (txn.body.kind === 'multi') txn.body.txns.forEach((part) => seen.kinds.add(part.kind));
      parts.push(encodeLogRecord(encodeTxn(txn)));
    }
  }
  const end = scanner.finish();
  if (end.kind !== 'complete') throw new Error(`${name} ends ${JSON.stringify(end)}`);
  const bytes = Buffer.concat([encodeLogHeader(scanner.header!.dbId), ...parts]);
  mustEqual(name, bytes, file.subarray(0, end.endOffset));
  mustEqual(name, Buffer.alloc(file.length - end.endOffset), file.subarray(end.endOffset));
  seen.logs += 1;
}

function roundTripSnapshot(name: string, file: Buffer, seen: FilesSeen): void {
  const reader = new SnapshotReader();
  const writer = new SnapshotWriter();
  const parts: Buffer[] = [];
  for (const chunk of chunksOf(file)) {
    const nodes = reader.push(chunk);
    if (nodes.length === 0) continue;
    if (parts.length === 0) parts.push(writer.head(reader.tables!));
    parts.push(writer.nodes(nodes));
    seen.nodes += nodes.length;
  }
  const end = reader.finish();
  if (end.kind !== 'complete') throw new Error(`${name} ends ${JSON.stringify(end)}`);
  mustEqual(name, Buffer.concat([...parts, writer.end(end.trailer)]), file);
  seen.snapshots += 1;
  if (end.trailer.digest) seen.snapshotsWithDigest += 1;
  if (end.trailer.lastZxid !== undefined) seen.snapshotsWithLastZxid += 1;
}

const directoryOf = (server: LabServer): string =>
  join(hostPaths(server.directory).data, 'version-2');

/** The snapshot files of a server, running or not: how each ends, and from which zxid on it was taken. */
export function snapshotsOf(server: LabServer): { zxid: bigint; end: SnapshotEnd }[] {
  const directory = directoryOf(server);
  const names = readdirSync(directory).filter((name) => /^snapshot\.[0-9a-f]+$/.test(name));
  return names.map((name) => {
    const reader = new SnapshotReader();
    reader.push(readFileSync(join(directory, name)));
    return { zxid: BigInt(`0x${name.slice('snapshot.'.length)}`), end: reader.finish() };
  });
}

/** Of every member, which must be stopped. Throws naming the file that does not come out as it went in. */
export function roundTripFiles(lab: Lab): FilesSeen {
  const seen: FilesSeen = {
    ...{ logs: 0, snapshots: 0, transactions: 0, nodes: 0, kinds: new Set() },
    ...{ withDigest: 0, snapshotsWithDigest: 0, snapshotsWithLastZxid: 0 },
  };
  for (const member of lab.members) {
    const directory = directoryOf(member);
    for (const name of readdirSync(directory).sort()) {
      const read = () => readFileSync(join(directory, name));
      if (name.startsWith('log.')) roundTripLog(name, read(), seen);
      else if (name.startsWith('snapshot.')) roundTripSnapshot(name, read(), seen);
    }
  }
  return seen;
}
