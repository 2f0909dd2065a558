/** Whoever has ended is given a moment to let go of its ensemble. */
import { heldBy } from '../../../src/model/strategies';
import { heldStill, type Held } from '../../../src/api/refuseHeld';

const held = (by: string): Held => ({ held: 'orders', by, detail: 'rollingUpgrade' });

test('a hold of a run that has ended is waited for', async () => {
  const looks = [held('a'), undefined];
  const look = () => Promise.resolve(looks.shift());
  expect(await heldStill(held('a'), look, () => Promise.resolve(true))).toBeUndefined();
});

test('one that has not ended is told at once', async () => {
  const look = jest.fn(() => Promise.resolve(undefined));
  expect(await heldStill(held('a'), look, () => Promise.resolve(false))).toEqual(held('a'));
  expect(look).not.toHaveBeenCalled();
});

test('whoever comes after it counts, and the wait has an end', async () => {
  const isA = (by: string) => Promise.resolve(by === 'a');
  expect(await heldStill(held('a'), () => Promise.resolve(held('b')), isA)).toEqual(held('b'));
  expect(await heldStill(held('a'), () => Promise.resolve(held('a')), isA, 300)).toEqual(held('a'));
});

test('a hot backup holds its capture only, and refuses another one of the same', () => {
  const backup = { ensemble: 'orders', repository: 'main' };
  expect(heldBy('hotBackup', backup)).toEqual(['orders for backups into main']);
  expect(heldBy('rollingUpgrade', backup)).toEqual(['orders']);
  expect(heldBy('migrateDataCenter', { source: 'a', target: 'b' })).toEqual(['a', 'b']);
});
