import { createLab, type Lab } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import { roundTripFiles, type FilesSeen } from '../support/dataFiles';
import { everyTransactionLab, kindsOf, leaveEveryTransaction } from '../support/everyTransaction';

describe.each([
  ['codec34', '3.4.14'],
  ['codec39', '3.9.6'],
])('the files that %s, a %s server, left after every kind of transaction', (name, version) => {
  let lab: Lab;
  let seen: FilesSeen;

  beforeAll(async () => {
    lab = await createLab(everyTransactionLab(name, version));
    await leaveEveryTransaction(lab);
    seen = roundTripFiles(lab);
  });
  afterAll(async () => {
    await lab?.destroy();
  });

  test('decode and encode again byte for byte', () => {
    expect(seen.logs).toBeGreaterThan(1);
    expect(seen.snapshots).toBeGreaterThan(1);
    expect(seen.nodes).toBeGreaterThan(200);
  });

  test('hold every kind of transaction the version has', () => {
    expect([...seen.kinds].sort()).toEqual(kindsOf(version).sort());
  });

  test('carry digests and the last zxid exactly where the version writes them', () => {
    const errors = seen.transactions - seen.withDigest;
    if (atLeast(version, '3.6.0')) expect(errors).toBeLessThan(seen.transactions / 10);
    else expect(seen.withDigest).toBe(0);
    expect(seen.snapshotsWithDigest).toBe(atLeast(version, '3.6.0') ? seen.snapshots : 0);
    expect(seen.snapshotsWithLastZxid).toBe(atLeast(version, '3.9.0') ? seen.snapshots : 0);
  });
});
