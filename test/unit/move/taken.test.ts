/** What is said of a place that is not empty. */
import { takenFinding } from '../../../src/planning/move/takenTarget';

const PATHS = ['/app/a', '/app/b', '/app/a/1', '/app/a/2', '/app/b/1', '/app/b/2'];

test('names how many znodes are there, the first of them, and what to do', () => {
  const { severity, code, message, hint } = takenFinding({
    ...{ ensemble: 'dc2', root: '/app', count: 6, more: false, paths: PATHS },
  });
  expect({ severity, code }).toEqual({ severity: 'error', code: 'TargetNotEmpty' });
  expect(message).toContain(
    '/app of dc2 has 6 znode(s) already (/app/a, /app/b, /app/a/1, /app/a/2, /app/b/1, …)',
  );
  expect(hint).toMatch(/trees.*delete \/app itself/);
});

test('a whole tree is told that it may go below a path', () => {
  const one = { ensemble: 'dc2', root: '/', count: 1, more: false, paths: ['/x'] };
  expect(takenFinding(one).message).toContain('/ of dc2 has 1 znode(s) already (/x):');
  expect(takenFinding(one).hint).toContain('{"from": "/", "to": "/moved"} in trees');
});

test('more than were counted are said to be more', () => {
  const many = { ensemble: 'dc2', root: '/', count: 1_000, more: true, paths: PATHS };
  expect(takenFinding(many).message).toContain('more than 1000 znode(s)');
});
