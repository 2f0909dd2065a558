import { explainContents, explainFindings } from '../../../src/planning/backup/explain';
import { zxidText } from '../../../src/model/zxid';
import { baseOf, ensembleOf, objectOf, plainHistory, timelineOf } from './randomTimelines';

const history = plainHistory(30);
const zxid = (count: number) => zxidText(history.zxids[count] ?? 0n);

test('a backup is told as what can be restored of it, in zxids and times, and what cannot and why', () => {
  const timeline = timelineOf(1, {
    bases: [baseOf(history, 1, [0, 2], 1), baseOf(history, 1, [14, 14], 2)],
    segments: [objectOf(history, 1, [0, 10], 'log')],
    holes: [{ after: zxid(10), upTo: zxid(14), reason: 'leader died', at: '2026-02-01T00:15:00Z' }],
    findings: [{ code: 'IndexOlder', severity: 'warning', message: 'an index is older' }],
  });
  expect(explainContents(ensembleOf(timeline))).toEqual([
    `restorable: ${zxid(2)} (2026-02-01T00:02:00.000Z) to ${zxid(10)} (2026-02-01T00:10:00.000Z)`,
    `restorable: ${zxid(14)} (2026-02-01T00:14:00.000Z)`,
    'warning: an index is older',
    `warning: the transactions after ${zxid(10)} up to ${zxid(14)} are missing: leader died (found 2026-02-01T00:15:00Z)`,
  ]);
});

test('an empty timeline says what to do, and which one it is', () => {
  const told = explainContents(ensembleOf(timelineOf(1), timelineOf(2)));
  expect(told).toContain('restorable of timeline 2: nothing');
  expect(told).toContain(
    'error: timeline 2 has neither a base nor a log that can be read: take a new base',
  );
});

test('many findings are told as far as they can be read, each once', () => {
  const findings = Array.from({ length: 70 }, (_, number) => ({
    ...({ code: 'ObjectUnknown', severity: 'warning' } as const),
    message: `object ${number % 60}`,
  }));
  const told = explainFindings(findings, 5);
  expect(told).toHaveLength(6);
  expect(told.at(-1)).toBe('and 55 more');
});
