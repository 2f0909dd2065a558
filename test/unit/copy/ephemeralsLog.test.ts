/** What a follower knows of its source's ephemerals, read back as of any transaction. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EphemeralsLog } from '../../../src/adapters/copy/ephemeralsLog';
import { Ephemerals } from '../../../src/tree/follow/ephemerals';

const ODD = '/line\u2028"quoted"';

describe('the log of a source’s ephemerals', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-ephemerals-'));
  const file = join(directory, 'ephemerals');
  let log: EphemeralsLog;

  beforeEach(async () => {
    const ephemerals = new Ephemerals();
    ephemerals.add('/first', 1n);
    log = await EphemeralsLog.begin(file, 10n, ephemerals);
    const change = async (zxid: bigint, make: () => void) => {
      make();
      log.add(zxid, ephemerals.takeChanges());
      await log.write();
    };
    await change(11n, () => ephemerals.add(ODD, 0x100_0000_0000_0001n));
    await change(12n, () => ephemerals.delete('/first'));
    await change(13n, () => ephemerals.closeSession(0x100_0000_0000_0001n));
  });
  afterEach(() => log.close());
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const asOf = async (zxid: bigint) => {
    const read = new Ephemerals();
    return (await EphemeralsLog.read(file, zxid, read)) ? [...read.entries()] : undefined;
  };

  it('holds what they were after each transaction', async () => {
    expect(await asOf(10n)).toEqual([['/first', 1n]]);
    expect(await asOf(11n)).toEqual([
      ['/first', 1n],
      [ODD, 0x100_0000_0000_0001n],
    ]);
    expect(await asOf(12n)).toEqual([[ODD, 0x100_0000_0000_0001n]]);
    expect(await asOf(99n)).toEqual([]);
  });

  it('passes over a line that the process was killed in', async () => {
    appendFileSync(file, '["0xe","created","/to');
    expect(await asOf(14n)).toEqual([]);
  });

  it('is not used for what was before it, nor after another start of the machine, nor where it is none', async () => {
    expect(await asOf(9n)).toBeUndefined();
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"another"'));
    expect(await asOf(12n)).toBeUndefined();
    writeFileSync(file, 'something else\n');
    expect(await asOf(12n)).toBeUndefined();
    rmSync(file);
    expect(await asOf(12n)).toBeUndefined();
  });
});
