/** What ZooKeeper calls its data files: the only names that are listed, read or sent. */

export const MAX_DATA_FILES = 10_000;

const NAME = /^(snapshot|log)\.([0-9a-f]{1,16})(\.gz|\.snappy)?$/;

export const isDataFileName = (name: string): boolean => NAME.test(name);

export function dataFileOf(name: string): { kind: 'snapshot' | 'log'; zxid: bigint } | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  return { kind: match[1] as 'snapshot' | 'log', zxid: BigInt(`0x${match[2]}`) };
}
