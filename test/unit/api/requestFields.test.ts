/** What fields of requests say of what does not fit. */
import { comment } from '../../../src/model/inputs';
import { pageQuery } from '../../../src/api/schemas';

test.each(['abc', '-1', '1.5', '0', '101', ''])(
  'limit=%s is no whole number of its range',
  (limit) => {
    const { error } = pageQuery(100, 20).safeParse({ limit });
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'expected a whole number from 1 to 100',
    ]);
  },
);

test('a limit is a number, and need not be given', () => {
  expect(pageQuery(100, 20).parse({ limit: '100' })).toEqual({ limit: 100 });
  expect(pageQuery(100, 20).parse({})).toEqual({ limit: 20 });
});

test('a comment holds whole characters', () => {
  expect(comment.parse('gelesen 👍')).toBe('gelesen 👍');
  for (const text of ['\ud83d', 'a \udc4d b', '\udc4d\ud83d'])
    expect(comment.safeParse(text).error?.issues[0]?.message).toContain('whole characters');
});
