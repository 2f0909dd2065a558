/** The transaction logs of a server, file by file, from wherever one begins. */
import { decodeTxnHeader } from '../../codec/txn';
import { encodeLogHeader, LOG_HEADER_BYTES, LogScanner } from '../../codec/txnLog';
import { ZkferryError } from '../../model/errors';
import type { DataFile, HostDataPort } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { OperationContext } from '../../model/ports';

/** Logs are preallocated: behind so many zeros a server looks for no record, and what is left is not read. */
const ZEROS_BYTES = 256 << 10;

export interface LogPlace {
  file: DataFile;
  /** Of a record in it. */
  offset: number;
}

export interface LoggedTxn extends LogPlace {
  zxid: bigint;
  /** Header, body and digest, as the server logged them. */
  bytes: Buffer;
}

/**
 * Every whole record of one file, from `offset` on. A torn end is an end: what was being written when the server died was
 * never acknowledged by it. BackupInvalid for damage before the end.
 */
export async function* scanLog(
  host: HostDataPort,
  server: ResolvedServer,
  { file, offset = LOG_HEADER_BYTES }: { file: DataFile; offset?: number },
  context: OperationContext,
): AsyncGenerator<LoggedTxn> {
  const { name, directory, bytes: size } = file;
  if (size <= offset) return;
  const scanner = new LogScanner();
  const shift = offset - LOG_HEADER_BYTES;
  // What is read from the middle lacks the header that a scanner begins with.
  if (offset > LOG_HEADER_BYTES) scanner.push(encodeLogHeader());
  const fromOffset = offset > LOG_HEADER_BYTES ? offset : 0;
  /** As the scanner counts. */
  let seenBytes = fromOffset > 0 ? LOG_HEADER_BYTES : 0;
  const range = { directory, fromOffset, maxBytes: size - fromOffset };
  const stream = await host.readDataFile(server, name, range, context);
  try {
    for await (const chunk of stream) {
      seenBytes += (chunk as Buffer).length;
      for (const { offset: at, bytes } of scanner.push(chunk as Buffer))
        yield { file, offset: at + shift, zxid: decodeTxnHeader(bytes).zxid, bytes };
      const { zerosFrom } = scanner;
      if (zerosFrom !== undefined && seenBytes - zerosFrom >= ZEROS_BYTES) return;
    }
  } finally {
    stream.destroy();
  }
  const end = scanner.finish();
  if (end.kind === 'corrupt')
    throw new ZkferryError(
      'BackupInvalid',
      `${name} of ${server.name} is damaged at offset ${end.offset + shift} (${end.reason})`,
    );
}

/** By the first zxid in them. */
export const logsIn = (files: readonly DataFile[]): DataFile[] =>
  files
    .filter(({ name }) => name.startsWith('log.'))
    .sort((one, other) => (BigInt(one.zxid) < BigInt(other.zxid) ? -1 : 1));
