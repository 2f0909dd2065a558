/** The base as it is, and its log: what the ensemble itself would have on disk. Holds one chunk and one transaction. */
import { join } from 'node:path';
import { expectedDigest } from '../../tree/digest';
import { Readability } from '../../tree/restore/readable';
import { encodeLogHeader, encodeLogRecord } from '../../codec/txnLog';
import { writeDurably, type DurableFile } from './durableFile';
import { restoreTxns, type RestoreInput, type RestoreTxn } from './input';
import { readBase } from './readBase';
import type { WrittenFiles } from './writeDataDirectory';
import { zxidText } from '../../model/zxid';

export interface ExactOptions {
  /** Sessions, ephemerals and every zxid stay as they were; the last transactions lie in a log. */
  way: 'exact';
  /** Of the servers that shall read it. */
  targetVersion?: string;
  signal?: AbortSignal;
}

export async function writeExact(
  input: RestoreInput,
  inner: string,
  { targetVersion, signal }: ExactOptions,
): Promise<WrittenFiles> {
  const readability = new Readability(targetVersion);
  const sessions = new Set<bigint>();
  const snapshot = await writeDurably(
    join(inner, `snapshot.${input.snapshotZxid.toString(16)}`),
    (file) => copyBase(input, file, readability, sessions, signal),
  );
  const txns = restoreTxns(input, signal);
  const first = await txns.next();
  let digest: WrittenFiles['digest'];
  const apply = ({ txn }: RestoreTxn) => {
    const { header, body } = txn;
    readability.txn(header.zxid, body);
    if (body.kind === 'createSession') sessions.add(header.clientId);
    else if (body.kind === 'closeSession') sessions.delete(header.clientId);
    const value = expectedDigest(txn);
    digest = value === undefined ? undefined : { zxid: zxidText(header.zxid), value: `${value}` };
  };
  const files = [snapshot];
  if (first.done !== true) {
    const name = `log.${first.value.txn.header.zxid.toString(16)}`;
    files.push(
      await writeDurably(join(inner, name), async (file) => {
        await file.write(encodeLogHeader());
        for (let next: IteratorResult<RestoreTxn> = first; next.done !== true;) {
          apply(next.value);
          await file.write(encodeLogRecord(next.value.bytes));
          next = await txns.next();
        }
      }),
    );
  }
  return {
    zxid: zxidText(input.zxid),
    ...{ files, sessions: sessions.size, sessionsDropped: 0, ephemeralsDropped: 0 },
    ...(digest !== undefined && { digest }),
    warnings: readability.warnings,
  };
}

async function copyBase(
  input: RestoreInput,
  file: DurableFile,
  readability: Readability,
  sessions: Set<bigint>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let tablesSeen = false;
  const chunks = readBase(input, signal);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return;
    const { bytes, tables, nodes } = next.value;
    if (!tablesSeen && tables !== undefined) {
      tablesSeen = true;
      for (const { sessionId } of tables.sessions) sessions.add(sessionId);
    }
    for (const { path, stat } of nodes) readability.node(path, stat.ephemeralOwner);
    await file.write(bytes);
  }
}
