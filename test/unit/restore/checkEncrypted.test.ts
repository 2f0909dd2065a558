/** A check without the key that it takes says so, and nothing of the backup. */
import { createRepository, openRepository } from '../../../src/adapters/repository/openRepository';
import { checkEnsemble } from '../../../src/adapters/restore/checkEnsemble';
import { keys } from '../../../src/planning/backup/keys';
import { ageKey, OTHER_KEY } from '../../support/ageKeys';
import { E, putEnsemble } from '../../support/backedUp';
import { putLogObject, range } from '../../support/logObjects';
import { directoryPlace } from '../../support/stores';

const place = directoryPlace();
beforeAll(async () => {
  const made = await createRepository(place.store, { kind: 'age', recipients: [ageKey.recipient] });
  await putEnsemble(made);
  await putLogObject(made, keys.pieces(E, 1, 1), 0, range(1, 9));
});
afterAll(() => place.close());

const check = async (identities: string[]) =>
  checkEnsemble(await openRepository(place.store, { identities }), E);
const codes = async (identities: string[]) =>
  (await check(identities)).findings.map(({ code }) => code);

test.each([
  ['no identity', [], /no identity is known/],
  ['that of another', [OTHER_KEY.identity], /encrypted to others/],
])('with %s nothing is said to be damaged', async (_what, identities, why) => {
  await expect(check(identities)).rejects.toMatchObject({
    type: 'NotDecrypted',
    message: expect.stringMatching(why),
  });
});

test('one object that is encrypted to others is a finding beside those that are not', async () => {
  expect(await codes([ageKey.identity])).not.toContain('NotDecrypted');
  const others = { kind: 'age' as const, recipients: [OTHER_KEY.recipient] };
  const elsewhere = directoryPlace();
  const foreign = await putLogObject(
    await createRepository(elsewhere.store, others),
    keys.pieces(E, 1, 1),
    9,
    range(10, 12),
  );
  await place.store.put(foreign.key, await elsewhere.store.get(foreign.key, { maxBytes: 1 << 20 }));
  await elsewhere.close();
  const found = await codes([ageKey.identity]);
  expect(found).toContain('NotDecrypted');
  expect(found).not.toContain('ObjectDamaged');
});
