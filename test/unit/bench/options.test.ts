/** A bench's command line: short, and refused before anything starts. */
import { percentile } from '../../bench/figure';
import { benchOptions } from '../../bench/options';

const DEFAULTS = { nodes: 100_000, memoryNodes: 1_000_000, only: 'all' };
const options = (...args: string[]) => benchOptions(args, DEFAULTS, ['all', 'memory']);

test('what is not given is as it was', () => {
  expect(options()).toEqual(DEFAULTS);
  expect(options('--memory-nodes', '5', '--only=memory')).toEqual({
    nodes: 100_000,
    memoryNodes: 5,
    only: 'memory',
  });
});

test.each([
  [['--nodes', '0'], '--nodes: expected a whole number from 1 to 999999999; got 0'],
  [['--nodes', '1e5'], 'got 1e5'],
  [['--memory-nodes', '-3'], '--memory-nodes'],
  [['--only', 'left'], '--only: expected all, memory; got left'],
  [['--speed', '3'], 'options: --nodes, --memory-nodes, --only'],
  [['stray'], 'stray'],
])('%j is refused, naming what is accepted', (args, message) => {
  expect(() => options(...args)).toThrow(
    expect.objectContaining({
      type: 'BadUsage',
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});

test('a percentile is a value that was measured', () => {
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(percentile([7], 0)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});
