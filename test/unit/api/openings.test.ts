/** Of runs that are opened at once on one ensemble each sees those before it. */
import { createOpenings } from '../../../src/api/openings';

const held = () => {
  let end = (): void => undefined;
  const until = new Promise<void>((resolve) => (end = resolve));
  return { until, end };
};

test('one after another where they share an ensemble, at once where they do not', async () => {
  const openings = createOpenings();
  const order: string[] = [];
  const first = held();
  const open = (name: string, ensembles: string[], until?: Promise<void>) =>
    openings.inTurn(ensembles, async () => {
      order.push(`${name} begins`);
      await until;
      order.push(`${name} ends`);
    });
  const all = [
    open('a', ['orders'], first.until),
    open('b', ['billing', 'orders']),
    open('c', ['billing']),
  ];
  await open('other', ['search']);
  first.end();
  await Promise.all(all);
  expect(order).toEqual([
    ...['a begins', 'other begins', 'other ends', 'a ends'],
    ...['b begins', 'b ends', 'c begins', 'c ends'],
  ]);
});

test('one that fails lets the next in; the newest is known', async () => {
  const openings = createOpenings();
  const failing = openings.inTurn(['orders'], () => Promise.reject(new Error('no')));
  const next = openings.inTurn(['orders'], () => {
    openings.opened(['orders'], 'CHG-2');
    return Promise.resolve();
  });
  await expect(failing).rejects.toThrow('no');
  await next;
  expect(openings.newestOn('orders')).toBe('CHG-2');
  expect(openings.newestOn('billing')).toBeUndefined();
});

test('whoever waits too long is refused, not let in beside the one at work; the next still waits for it', async () => {
  const openings = createOpenings(20);
  const first = held();
  let isOver = false;
  const working = openings
    .inTurn(['orders'], () => first.until)
    .then(() => {
      isOver = true;
    });
  const late = jest.fn(() => Promise.resolve());
  await expect(openings.inTurn(['orders'], late)).rejects.toMatchObject({ type: 'EnsembleHeld' });
  expect(late).not.toHaveBeenCalled();
  const next = openings.inTurn(['orders'], () => Promise.resolve(isOver));
  first.end();
  await working;
  expect(await next).toBe(true);
});
