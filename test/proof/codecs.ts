/**
 * The files of every line of ZooKeeper, after every kind of transaction, decode and encode again byte for byte; and what
 * holds for any content and any damage.
 */
import { createLab } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import { roundTripFiles } from '../support/dataFiles';
import { everyTransactionLab, kindsOf, leaveEveryTransaction } from '../support/everyTransaction';
import { propertyCases } from './properties';
import type { Case } from '../upgrade/cases/types';

const VERSIONS = ['3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.6', '3.9.6'];

async function proveFiles(version: string): Promise<void> {
  const lab = await createLab(everyTransactionLab(`codecs${version.replaceAll('.', '')}`, version));
  try {
    await leaveEveryTransaction(lab);
    const seen = roundTripFiles(lab);
    const missing = kindsOf(version).filter((kind) => !seen.kinds.has(kind));
    if (missing.length > 0) throw new Error(`the logs hold no ${missing.join(', ')}`);
    if (seen.logs < 2 || seen.snapshots < 2 || seen.nodes < 200) {
      throw new Error(
        `only ${seen.logs} logs and ${seen.snapshots} snapshots of ${seen.nodes} nodes were left`,
      );
    }
    const wanted = {
      snapshotsWithDigest: atLeast(version, '3.6.0') ? seen.snapshots : 0,
      snapshotsWithLastZxid: atLeast(version, '3.9.0') ? seen.snapshots : 0,
    };
    for (const [what, count] of Object.entries(wanted)) {
      const got = seen[what as keyof typeof wanted];
      if (got !== count) throw new Error(`${what}: ${got} of ${seen.snapshots}, expected ${count}`);
    }
    if (seen.withDigest > 0 !== atLeast(version, '3.6.0')) {
      throw new Error(`${seen.withDigest} of ${seen.transactions} transactions carry a digest`);
    }
  } finally {
    await lab.destroy();
  }
}

export const cases: Case[] = [
  ...propertyCases({
    'codec/txn': 10_000,
    'codec/txnLog': 10_000,
    'codec/txnRequests': 10_000,
    'codec/snapshot': 10_000,
    'codec/quorum': 10_000,
    'codec/clientFile/anyEdit': 2_000,
  }),
  ...VERSIONS.map((version) => ({
    name: `files of ${version}`,
    run: () => proveFiles(version),
  })),
];
