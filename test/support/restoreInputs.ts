/** What a restore starts from, made of the files that a real server left. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RestoreInput } from '../../src/adapters/restore';
import { SnapshotReader, SnapshotWriter } from '../../src/codec/snapshot';
import { decodeTxn } from '../../src/codec/txn';
import { LogScanner } from '../../src/codec/txnLog';
import type { Txn } from '../../src/codec/records';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab } from '../../src/lab/lab';

export interface LoggedTxn {
  zxid: bigint;
  bytes: Buffer;
  txn: Txn;
}

const zxidOf = (file: string): bigint => BigInt(`0x${basename(file).split('.')[1]}`);

export class ServerFiles {
  readonly snapshots: { file: string; zxid: bigint }[];
  readonly txns: LoggedTxn[];

  /** Of a server that is stopped; `data`: the directory with version-2 in it. */
  constructor(
    data: string,
    private readonly version: string,
  ) {
    const directory = join(data, 'version-2');
    const files = (kind: string) =>
      readdirSync(directory)
        .filter((name) => name.startsWith(`${kind}.`))
        .map((name) => ({ file: join(directory, name), zxid: zxidOf(name) }))
        .sort((one, other) => (one.zxid < other.zxid ? -1 : 1));
    this.snapshots = files('snapshot');
    this.txns = files('log').flatMap(({ file }) =>
      new LogScanner().push(readFileSync(file)).map(({ bytes }) => {
        const txn = decodeTxn(bytes);
        return { zxid: txn.header.zxid, bytes, txn };
      }),
    );
  }

  static of(lab: Lab): ServerFiles {
    return new ServerFiles(hostPaths(lab.members[0]!.directory).data, lab.version);
  }

  get last(): bigint {
    return this.txns.at(-1)!.zxid;
  }

  /** From this base on; whole from the next snapshot's zxid on, as a server takes one after the other. */
  from(base: number, zxid: bigint): RestoreInput {
    const { file, zxid: snapshotZxid } = this.snapshots[base]!;
    const txns = this.txns.filter((txn) => txn.zxid > snapshotZxid && txn.zxid <= zxid);
    return {
      snapshotFile: file,
      ...{ snapshotZxid, zxid },
      // eslint-disable-next-line @typescript-eslint/require-await
      txns: async function* () {
        yield* txns;
      },
      serverVersion: this.version,
    };
  }

  /** Index of the newest base that is whole at `zxid`. */
  newestBase(zxid: bigint): number {
    const next = this.snapshots.findLastIndex((snapshot) => snapshot.zxid <= zxid);
    return next - 1;
  }
}

/** Where the release of a lab's first server is unpacked. */
export const releaseOf = (lab: Lab): string => hostPaths(lab.members[0]!.directory).current;

/** The same base as the quorum port gives it: without anything after its first seal. */
export function asFromTheQuorumPort(input: RestoreInput, file: string): RestoreInput {
  const reader = new SnapshotReader();
  const nodes = reader.push(readFileSync(input.snapshotFile));
  const writer = new SnapshotWriter();
  writeFileSync(
    file,
    Buffer.concat([writer.head(reader.tables!), writer.nodes(nodes), writer.end()]),
  );
  return { ...input, snapshotFile: file };
}
