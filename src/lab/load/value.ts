/** A register's or append's data: its value in decimal, padded with spaces to `dataBytes`. */
export function encodeValue(value: number, dataBytes: number): Buffer {
  return Buffer.from(String(value).padEnd(dataBytes, ' '));
}

/** NaN where the data is not one of ours. */
export function decodeValue(data: Buffer | null): number {
  const text = data?.toString('latin1').trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
