/**
 * What a capture leaves in a repository, held against what an ensemble committed, where something goes wrong. Each claim
 * in each kind of place, and those of a capture that nothing happens to: `npm run proof -- backup`.
 */
import { checkEnsemble } from '../../src/adapters/restore/checkEnsemble';
import { createLab, type Lab } from '../../src/lab/lab';
import { OTHER_KEY } from '../support/ageKeys';
import { captureClaims } from '../support/captureClaims';
import { PLACES, type CapturePlace, type OpenPlace } from '../support/capturePlace';
import { ENSEMBLE } from '../support/runningCapture';
import { LONG_MEMORY } from '../support/smallRepository';

jest.setTimeout(240_000);

const [, DIES, TAKEN_OVER, UNWRITABLE, LEADER_DIES, END_IS_MISSED] = Object.keys(captureClaims);

let lab: Lab;

beforeAll(async () => {
  lab = await createLab({
    name: 'capture',
    version: '3.9.6',
    servers: 3,
    settings: { tickTime: '500', initLimit: '20', syncLimit: '6' },
    // Nothing waits for disks. Who takes over on a busy machine may come later than a leader remembers: that is another test's matter.
    javaOptions: [LONG_MEMORY, '-Dzookeeper.forceSync=no'],
  });
  await lab.start();
});
afterAll(() => lab.destroy());

async function inPlace(open: OpenPlace, work: (place: CapturePlace) => Promise<void>) {
  const place = await open();
  try {
    await work(place);
  } finally {
    await place.close();
  }
}

test.each([DIES, UNWRITABLE, LEADER_DIES, END_IS_MISSED])('%s', (claim) =>
  inPlace(PLACES['a directory']!, (place) => captureClaims[claim!]!({ lab, place })),
);

test(`in S3, encrypted, by writers that cannot read it: ${TAKEN_OVER}; another identity reads nothing of it`, () =>
  inPlace(PLACES['encrypted S3']!, async (place) => {
    expect(place.writing.readable).toBe(false);
    await captureClaims[TAKEN_OVER!]!({ lab, place });
    const other = await place.reading(OTHER_KEY.identity);
    const notForIt = { type: 'NotDecrypted' };
    await expect(checkEnsemble(other, ENSEMBLE)).rejects.toMatchObject(notForIt);
    const { bases, segments } = (await place.writing.contents(ENSEMBLE)).timelines[0]!;
    for (const object of [...bases.map(({ snapshot }) => snapshot), ...segments])
      await expect(other.unseal(object)).rejects.toMatchObject(notForIt);
  }));
