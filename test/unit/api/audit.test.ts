import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstBroken, openAuditLog, type AuditLog } from '../../../src/adapters/audit/auditLog';

let directory: string;
let path: string;
let log: AuditLog;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-audit-'));
  path = join(directory, 'audit.jsonl');
  log = await openAuditLog(path);
});

afterEach(async () => {
  await log.close().catch(() => undefined);
  rmSync(directory, { recursive: true });
});

const entry = (target: string) =>
  ({ actor: 'ada', action: 'pause', target, outcome: 'done', request: 'r1' }) as const;
const lines = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

test('pages go back from the newest, each line once', async () => {
  for (let number = 1; number <= 7; number += 1) await log.append(entry(`run ${number}`));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await log.page({ limit: 3, cursor });
    seen.push(...page.items.map(({ target }) => target));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((number) => `run ${number}`));
});

test('lines longer than what is read at once are paged as well', async () => {
  const long = 'x'.repeat(100_000);
  for (const name of ['a', 'b', 'c']) await log.append(entry(`${name}${long}`));
  const { items } = await log.page({ limit: 2 });
  expect(items.map(({ target }) => target[0])).toEqual(['c', 'b']);
});

test('the chain goes on over a restart, and shows what was altered or taken out', async () => {
  await Promise.all(['one', 'two'].map((target) => log.append(entry(target))));
  await log.close();
  log = await openAuditLog(path);
  await log.append(entry('three'));
  expect(firstBroken(lines())).toBeUndefined();
  const [one, two, three] = lines() as [string, string, string];
  expect(firstBroken([one, two.replace('ada', 'bob'), three])).toBe(3);
  expect(firstBroken([one, three])).toBe(2);
  expect(firstBroken([two, three])).toBe(1);
});

test.each(['{"half', '{"half\n'])(
  'a torn last line %j is set aside, and the chain goes on',
  async (torn) => {
    await log.append(entry('one'));
    await log.close();
    appendFileSync(path, torn);
    log = await openAuditLog(path);
    await log.append(entry('two'));
    expect(firstBroken(lines())).toBeUndefined();
    expect(lines()).toHaveLength(2);
    const [aside] = readdirSync(directory).filter((name) => name.includes('.torn-'));
    expect(readFileSync(join(directory, aside!), 'utf8')).toBe(torn);
  },
);

test('a file with nothing but a torn line begins anew', async () => {
  await log.close();
  appendFileSync(path, 'half');
  log = await openAuditLog(path);
  await log.append(entry('one'));
  expect(firstBroken(lines())).toBeUndefined();
});
