import { summaryOf } from '../../../workflows/run/summary';

const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text));

test('a summary that Temporal takes stays as it is', () => {
  const text = `write /app as it was to /app-then${'-'.repeat(165)}`;
  expect(bytesOf(text)).toBe(200);
  expect(summaryOf(text)).toBe(text);
});

test.each(['a', 'ä', '€', '🙂', '"', '\\'])(
  'a longer one of %s is cut to the bytes it takes',
  (character) => {
    const cut = summaryOf(character.repeat(300));
    expect(cut).toMatch(/…$/);
    expect([...cut].slice(0, -1).every((one) => one === character)).toBe(true);
    expect(bytesOf(cut)).toBeLessThanOrEqual(200);
    expect(bytesOf(cut)).toBeGreaterThan(200 - 2 * bytesOf(character));
  },
);
