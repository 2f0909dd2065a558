/** Controls sent through the server: whose word it is, the token says. */
import { looksAtClients } from '../../../src/cli/commands/control';
import { EXIT } from '../../../src/cli/exitCodes';
import { statusFixture } from './statusFixture';
import { ran } from './testIo';

const env = { ZKFERRY_SERVER: 'http://127.0.0.1:1', ZKFERRY_TOKEN: 'zkf_x' };
const APPROVE = ['approve', 'CHG-1', 'start', '--plan-hash', '0123456789ab'];

test.each([
  ['--approver', APPROVE],
  ['--by', ['pause', 'CHG-1']],
])('%s is not left out in silence', async (option, words) => {
  const { code, err } = await ran([...words, option, 'ada'], { env });
  expect(err).toContain(`${option} ada does not count`);
  expect(code).toBe(1);
});

test('who gives no name is not warned', async () => {
  const { err } = await ran(APPROVE, { env });
  expect(err).not.toContain('does not count');
});

const SECRET = 'zkf_0123456789ab_s3cret';

test.each([
  ['ZKFERRY_TOKEN', 'a line too many', `${SECRET}\nx`],
  ['ZKFERRY_TOKEN', 'a letter that no header takes', `${SECRET}\u0436`],
  ['ZKFERRY_TOKEN', 'two words', `${SECRET} ${SECRET}`],
  ['ZKFERRY_SERVER', 'a token in its place', SECRET],
  ['ZKFERRY_SERVER', 'a password', `http://ada:${SECRET}@127.0.0.1:1`],
  ['ZKFERRY_SERVER', 'a password and no such port', `http://ada:${SECRET}@127.0.0.1:99999`],
])('%s with %s is wrong usage, and is not printed', async (variable, _what, value) => {
  const { code, out, err } = await ran(APPROVE, { env: { ...env, [variable]: value } });
  expect(code).toBe(EXIT.badUsage);
  expect(err).toContain(`${variable} `);
  expect(out + err).not.toContain(SECRET);
});

test('a line break at the end of a token, as a file has it, is no part of it', async () => {
  const { err } = await ran(APPROVE, { env: { ...env, ZKFERRY_TOKEN: `${SECRET}\n` } });
  expect(err).toContain('does not answer');
  expect(err).not.toContain(SECRET);
});

test('whether clients are looked at once more after a gate was passed, its step tells', () => {
  const plan = statusFixture().plan!;
  const [first] = plan.steps;
  const withStep = (more: object) => ({ plan: { ...plan, steps: [{ ...first!, ...more }] } });
  const cutover = withStep({ gate: 'cutover', checksClients: true });
  expect(looksAtClients(cutover, 'cutover')).toBe(true);
  expect(looksAtClients(cutover, 'complete')).toBe(false);
  expect(looksAtClients(withStep({ gate: 'cutover' }), 'cutover')).toBe(false);
});
