/** The transactions that log objects hold. An object is checked as a whole before anything of it is given. */
import { decodeTxnHeader } from '../../codec/txn';
import { LogScanner } from '../../codec/txnLog';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { LogObject } from '../../model/repository';
import { zxidText, zxidValue } from '../../model/zxid';
import type { Repository } from './repository';
import { MAX_BUFFER_BYTES } from './sealing';

export interface RawTxn {
  zxid: bigint;
  /** As ZooKeeper wrote it, for `decodeTxn`; a view of the whole object. */
  bytes: Buffer;
}

export interface ReadTxnsOptions {
  /** Transactions up to this one are left out. */
  after: bigint;
  /** The last one given; without it, all. */
  upTo?: bigint;
  /** Go on behind ranges that no object holds; without it BackupInvalid names the first. */
  acrossHoles?: boolean;
  signal?: AbortSignal;
}

/**
 * In the order of their zxids, each once, of objects in the order of their ranges, which may overlap. BackupInvalid,
 * naming key and offset, for an object that is missing, altered, or holds other than its name says.
 */
export async function* readTxns(
  repository: Pick<Repository, 'unseal'>,
  objects: readonly LogObject[],
  { after, upTo, acrossHoles = false, signal }: ReadTxnsOptions,
): AsyncGenerator<RawTxn> {
  let last = after;
  for (const object of objects) {
    signal?.throwIfAborted();
    const from = zxidValue(object.after);
    if (zxidValue(object.last) <= last) continue;
    if (upTo !== undefined && (last >= upTo || from >= upTo)) break;
    if (from > last && !acrossHoles) throw hole(last, object);
    for (const txn of await readLogObject(repository, object, signal)) {
      if (txn.zxid <= last) continue;
      if (upTo !== undefined && txn.zxid > upTo) return;
      yield txn;
    }
    last = zxidValue(object.last);
  }
}

/** All of one object, at most 64 MiB, checked against what its name says. */
export async function readLogObject(
  repository: Pick<Repository, 'unseal'>,
  object: LogObject,
  signal?: AbortSignal,
): Promise<RawTxn[]> {
  if (object.plainBytes > MAX_BUFFER_BYTES) {
    throw unfit(
      object,
      0,
      `says that it holds ${object.plainBytes} bytes, more than any log object`,
    );
  }
  const plain = await repository.unseal(object, signal);
  const scanner = new LogScanner();
  const records = scanner.push(plain);
  const end = scanner.finish();
  if (end.kind !== 'complete')
    throw unfit(object, end.offset, `is a ${end.kind} log (${end.reason})`);
  const txns: RawTxn[] = [];
  let last = zxidValue(object.after);
  let [fromMs, toMs] = [Infinity, -Infinity];
  for (const { offset, bytes } of records) {
    const { zxid, timeMs } = headerOf(object, offset, bytes);
    if (zxid <= last) {
      throw unfit(
        object,
        offset,
        `holds ${zxidText(zxid)} where one above ${zxidText(last)} is due`,
      );
    }
    fromMs = Math.min(fromMs, timeMs);
    toMs = Math.max(toMs, timeMs);
    last = zxid;
    txns.push({ zxid, bytes });
  }
  const { endOffset } = end;
  if (txns.length !== object.txns || last !== zxidValue(object.last)) {
    const held = `${txns.length} transactions up to ${zxidText(last)}`;
    throw unfit(object, endOffset, `holds ${held}, and should ${object.txns} up to ${object.last}`);
  }
  if (fromMs !== object.fromMs || toMs !== object.toMs) {
    const due = `${object.fromMs} to ${object.toMs}`;
    throw unfit(object, endOffset, `holds times from ${fromMs} to ${toMs} ms, and should ${due}`);
  }
  return txns;
}

function headerOf(
  object: LogObject,
  offset: number,
  bytes: Buffer,
): { zxid: bigint; timeMs: number } {
  try {
    const { zxid, time } = decodeTxnHeader(bytes);
    return { zxid, timeMs: Number(time) };
  } catch (error) {
    if (!isZkferryError(error)) throw error;
    throw unfit(object, offset, `holds what is no transaction (${error.message})`);
  }
}

const unfit = (object: LogObject, offset: number, what: string): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `${object.key} ${what}, at byte ${offset} of the plain log: restore to before ${object.after}, or from a base after ${object.last}`,
    { details: { key: object.key, offset } },
  );

const hole = (last: bigint, object: LogObject): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `nothing holds the transactions after ${zxidText(last)} up to ${object.after}, before ${object.key}: restore to ${zxidText(last)}, or from a base after ${object.after}`,
    { details: { key: object.key } },
  );
