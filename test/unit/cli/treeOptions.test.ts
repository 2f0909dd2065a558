/** Options of copy and diff that can't be meant so are refused with exit 2 before anything is contacted. */
import { NOBODY, ran } from './testIo';

const refused = async (words: string[], expected: RegExp, not?: RegExp) => {
  const { code, err } = await ran(words);
  expect(err).toMatch(expected);
  if (not !== undefined) expect(err).not.toMatch(not);
  expect(code).toBe(2);
};

describe.each(['copy', 'diff'])('%s', (command) => {
  const words = [command, `${NOBODY}/a`, `${NOBODY}/b`];

  it.each(['--read-by', '--target-read-by'])('%s: neither of the two ways', (option) =>
    refused([...words, option, 'magic'], new RegExp(`^error: ${option}: expected tap or client`)),
  );
  it('--source-path with addresses, which would not count', () =>
    refused([...words, '--source-path', '/app'], /--source-path: only where SOURCE is a file/));
  it('--source-log-dir with addresses', () =>
    refused([...words, '--source-log-dir', '/logs'], /--source-log-dir: only where SOURCE is/));
});

describe('credentials', () => {
  const words = ['diff', `${NOBODY}/a`, `${NOBODY}/b`];
  const options = ['--source-auth', '--target-auth', '--quorum-sasl'];

  it.each(options)('%s: a password in place of a reference is not repeated', (option) =>
    refused([...words, option, 'joe:secret'], /expected env:NAME .*got neither/, /secret/),
  );
  it.each(options)('%s: a variable that is not set, by its name', (option) =>
    refused([...words, option, 'env:NOT_THERE'], new RegExp(`${option}: .*got env:NOT_THERE`)),
  );
  it.each(options)('%s: without a user', async (option) => {
    process.env.ZKFERRY_TEST_NO_USER = 'nothing';
    await refused([...words, option, 'env:ZKFERRY_TEST_NO_USER'], /user:password/, /nothing/);
  });
});
