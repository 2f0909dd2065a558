import {
  approvalPolicySchema,
  includesRole,
  tally,
  type Approval,
} from '../../../src/model/approval';

const NOW_MS = Date.parse('2026-01-02T03:04:05Z');
const ago = (by: string, ms: number): Approval => ({ by, at: new Date(NOW_MS - ms).toISOString() });
const policy = approvalPolicySchema.parse({ count: 2, expireMs: 60_000 });

test('people count, not approvals; and none for longer than it holds', () => {
  const approvals = [ago('ada', 10), ago('ada', 5), ago('grace', 60_000), ago('joan', 59_999)];
  const { counted, needed } = tally(approvals, policy, { nowMs: NOW_MS, mode: 'open' });
  expect(counted.map(({ by }) => by)).toEqual(['ada', 'joan']);
  expect(needed).toBe(2);
});

test.each([
  ['signed', undefined, 3],
  ['signed', 'olga', 2],
  ['open', undefined, 2],
] as const)('in mode %s with requester %s it takes %d', (mode, requester, expected) => {
  expect(tally([], policy, { nowMs: NOW_MS, mode, requester }).needed).toBe(expected);
});

test('who asked for it may count where the policy says so', () => {
  const lax = approvalPolicySchema.parse({ excludeRequester: false });
  expect(tally([], lax, { nowMs: NOW_MS, mode: 'signed' }).needed).toBe(1);
});

test('an approver is no operator, and the other way round', () => {
  expect(includesRole('operator', 'approver')).toBe(false);
  expect(includesRole('approver', 'operator')).toBe(false);
  expect(includesRole('viewer', 'operator')).toBe(false);
  expect(includesRole('admin', 'operator')).toBe(true);
});
