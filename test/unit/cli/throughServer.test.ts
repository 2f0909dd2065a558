/** Controls sent through the server: whose word it is, the token says. */
import { looksAtClients } from '../../../src/cli/commands/control';
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

test('whether clients are looked at once more after a gate was passed, its step tells', () => {
  const plan = statusFixture().plan!;
  const [first] = plan.steps;
  const withStep = (more: object) => ({ plan: { ...plan, steps: [{ ...first!, ...more }] } });
  const cutover = withStep({ gate: 'cutover', checksClients: true });
  expect(looksAtClients(cutover, 'cutover')).toBe(true);
  expect(looksAtClients(cutover, 'complete')).toBe(false);
  expect(looksAtClients(withStep({ gate: 'cutover' }), 'cutover')).toBe(false);
});
