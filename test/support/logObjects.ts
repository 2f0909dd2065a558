/** Log objects of a repository as a writer makes them. */
import type { Repository } from '../../src/adapters/repository/repository';
import { encodeTxn } from '../../src/codec/txn';
import { TXN_TYPE } from '../../src/codec/records';
import { encodeLogHeader, encodeLogRecord } from '../../src/codec/txnLog';
import type { LogObject } from '../../src/model/repository';
import { logObjectName } from '../../src/planning/backup/keys';
import { zxidText } from '../../src/model/zxid';

export const START_MS = 1_700_000_000_000;

/** Each transaction writes its zxid; its time is START_MS + its zxid. */
export function txnBytes(zxid: bigint, data = Buffer.from(String(zxid))): Buffer {
  return encodeTxn({
    header: {
      clientId: 1n,
      cxid: 1,
      zxid,
      time: BigInt(START_MS) + zxid,
      type: TXN_TYPE.setData,
    },
    body: { kind: 'setData', path: '/a', data, version: 1 },
  });
}

export const logOf = (zxids: readonly bigint[]): Buffer =>
  Buffer.concat([encodeLogHeader(), ...zxids.map((zxid) => encodeLogRecord(txnBytes(zxid)))]);

export const range = (from: number, to: number): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, index) => BigInt(from + index));

/** Below `prefix`, of the transactions of these zxids; `claims`: what its name says other than is so. */
export async function putLogObject(
  repository: Repository,
  prefix: string,
  after: number,
  zxids: readonly bigint[],
  claims: Partial<LogObject> = {},
): Promise<LogObject> {
  const plain = logOf(zxids);
  const { bytes, sha256 } = await repository.seal(plain);
  const first = zxids[0]!;
  const last = zxids[zxids.length - 1]!;
  const facts = {
    after: zxidText(BigInt(after)),
    last: zxidText(last),
    txns: zxids.length,
    fromMs: START_MS + Number(first),
    toMs: START_MS + Number(last),
    plainBytes: plain.length,
    sha256,
    ...claims,
  };
  const isEncrypted = repository.document.encryption.kind !== 'none';
  const key = `${prefix}${logObjectName(facts, isEncrypted)}`;
  await repository.store.put(key, bytes);
  return { key, ...facts, bytes: bytes.length };
}
