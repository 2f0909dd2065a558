import { isZkferryError, ZkferryError } from '../../model/errors';

interface CorruptDetails {
  code: 'CorruptData';
  what: string;
  offset: number;
}

/** Bytes that no server writes: damaged, or not a record of this kind at all. */
export function corruptData(what: string, offset: number): ZkferryError {
  return new ZkferryError(
    'ChecksumMismatch',
    `${what} at byte ${offset} of the record: it is damaged, or not ZooKeeper's; take the same transactions from another server`,
    { details: { code: 'CorruptData', what, offset } satisfies CorruptDetails },
  );
}

/** A record that may be sound, but cannot be carried over without changing it. */
export function unsupportedTxn(what: string): ZkferryError {
  return new ZkferryError(
    'Unsupported',
    `${what}: zkferry knows the transactions of ZooKeeper 3.4 to 3.9 and changes none silently; check which server wrote this`,
    { details: { code: 'UnsupportedTxn' } },
  );
}

/** What `corruptData` said, for readers that report an end state in place of an error; other errors are thrown on. */
export function corruptionOf(error: unknown): { what: string; offset: number } {
  const details = isZkferryError(error) ? error.options.details : undefined;
  const { code, what, offset } = (details ?? {}) as Partial<CorruptDetails>;
  if (code !== 'CorruptData') throw error;
  return { what: what!, offset: offset! };
}
