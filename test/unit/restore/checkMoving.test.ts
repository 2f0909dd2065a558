/** A check beside a writer that seals whatever was listed before it can be read. */
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository, openRepository } from '../../../src/adapters/repository/openRepository';
import { checkEnsemble } from '../../../src/adapters/restore/checkEnsemble';
import { keys } from '../../../src/planning/backup/keys';
import { E, putEnsemble } from '../../support/backedUp';
import { putLogObject, range } from '../../support/logObjects';
import { directoryPlace } from '../../support/stores';

const PIECES = keys.pieces(E, 1, 1);
const place = directoryPlace();
afterAll(() => place.close());

/** Before a piece is read it becomes a segment, and the next piece follows it. */
class AlwaysAhead extends DirectoryStore {
  override async get(...[key, options]: Parameters<DirectoryStore['get']>): Promise<Buffer> {
    const writer = await openRepository(place.store);
    const piece = (await writer.contents(E)).timelines[0]!.pieces.find((one) => one.key === key);
    if (piece !== undefined) {
      const [after, last] = [Number(piece.after), Number(piece.last)];
      await putLogObject(writer, keys.log(E, 1), after, range(after + 1, last));
      await putLogObject(writer, PIECES, last, range(last + 1, last + 9));
      await writer.store.delete([key]);
    }
    return super.get(key, options);
  }
}

test('loses nothing, and ends where the first listing did', async () => {
  const made = await createRepository(place.store, { kind: 'none' });
  await putEnsemble(made);
  await putLogObject(made, PIECES, 0, range(1, 9));
  const { contents, findings } = await checkEnsemble(
    await openRepository(new AlwaysAhead(place.root)),
    E,
  );
  expect(findings.map(({ code }) => code)).toEqual(['NoBase']);
  const [timeline] = contents.timelines;
  expect(timeline!.pieces).toEqual([]);
  expect(timeline!.unindexed).toMatchObject([{ after: '0x0', last: '0x9' }]);
});
