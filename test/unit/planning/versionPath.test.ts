import { needsHop, planVersionPath } from '../../../src/planning/versionPath';
import { RELEASE_LINES } from '../../../src/planning/releases';
import { codesOf, errorsOf } from './ensembles';

const stops = (from: string[], target: string, options = {}) =>
  planVersionPath(from, target, options).hops.map(({ from: a, to }) => `${a}→${to}`);
const errors = (from: string[], target: string) => errorsOf(planVersionPath(from, target));
const codes = (from: string[], target: string, options = {}) =>
  codesOf(planVersionPath(from, target, options).findings);

describe('the path', () => {
  test('goes one release line at a time, through the last good release of each', () => {
    expect(stops(['3.4.14'], '3.9.6')).toEqual([
      '3.4.14→3.5.10',
      '3.5.10→3.6.4',
      '3.6.4→3.7.2',
      '3.7.2→3.8.6',
      '3.8.6→3.9.6',
    ]);
  });

  test('within one line is a single hop', () => {
    expect(stops(['3.9.1', '3.9.1'], '3.9.6')).toEqual(['3.9.1→3.9.6']);
  });

  test('of a half-done upgrade goes on from the oldest line', () => {
    expect(stops(['3.6.4', '3.5.10', '3.6.4'], '3.7.2')).toEqual(['3.5.10→3.6.4', '3.6.4→3.7.2']);
    expect(codes(['3.6.4', '3.5.10'], '3.8.6')).toContain('VersionsMixed');
  });

  test('leaves 3.4 only from 3.4.6 on', () => {
    expect(stops(['3.4.5'], '3.5.10')).toEqual(['3.4.5→3.4.14', '3.4.14→3.5.10']);
    expect(stops(['3.4.6'], '3.5.10')).toEqual(['3.4.6→3.5.10']);
  });

  test('may pass through other releases where people choose so', () => {
    expect(stops(['3.7.2'], '3.9.6', { hopVersions: { '3.8': '3.8.5' } })).toEqual([
      '3.7.2→3.8.5',
      '3.8.5→3.9.6',
    ]);
    expect(codes(['3.7.2'], '3.9.6', { hopVersions: { '3.8': '3.8.4' } })).toContain('HopKnownBad');
    expect(codes(['3.7.2'], '3.9.6', { hopVersions: { '3.8': '3.7.2' } })).toContain(
      'HopVersionInvalid',
    );
  });

  test('says on each hop what bites there', () => {
    const [first, second] = planVersionPath(['3.4.14'], '3.6.4').hops;
    expect(first?.cautions.join()).toMatch(/snapshot.trust.empty.*4lw.*AdminServer.*no way back/s);
    expect(second?.cautions.join()).toMatch(/multiAddress/);
    expect(planVersionPath(['3.9.4'], '3.9.6').hops[0]?.cautions).toEqual([]);
  });

  test('takes each server along only where it must', () => {
    const [first, second] = planVersionPath(['3.5.5', '3.6.0'], '3.7.2').hops;
    expect(needsHop('3.5.5', first!, '3.7.2')).toBe(true);
    expect(needsHop('3.6.0', first!, '3.7.2')).toBe(false);
    expect(needsHop('3.6.0', second!, '3.7.2')).toBe(true);
    expect(needsHop('3.7.2', second!, '3.7.2')).toBe(false);
  });
});

describe('a target is refused', () => {
  test.each(['3.5.6', '3.9.3', '3.8.0', '3.8.4', '3.9.0', '3.9.1'])('%s: data loss', (target) => {
    const { findings, hops } = planVersionPath(['3.4.14'], target);
    expect(errorsOf({ findings })).toEqual(['TargetKnownBad']);
    expect(findings[0]?.message).toMatch(/ZOOKEEPER-\d+/);
    expect(hops).toEqual([]);
  });

  test.each(['3.8.5', '3.9.2', '3.5.7'])('%s is not: the fault is mended there', (target) => {
    expect(errors(['3.4.14'], target)).toEqual([]);
  });

  test('when it was an alpha or beta', () =>
    expect(errors(['3.4.14'], '3.5.4')).toEqual(['TargetPrerelease']));

  test('when its line is not known; a newer release of a known line is only noted', () => {
    expect(errors(['3.9.6'], '3.10.0')).toEqual(['UnknownLine']);
    expect(planVersionPath(['3.8.6'], '3.9.7').findings).toMatchObject([
      { severity: 'info', code: 'TargetNewerThanKnown' },
    ]);
  });

  test('when it is older than any server, with the way to go back', () => {
    const { findings } = planVersionPath(['3.8.6', '3.9.6'], '3.9.4');
    expect(errorsOf({ findings })).toEqual(['TargetOlder']);
    expect(findings.find(({ code }) => code === 'TargetOlder')?.hint).toMatch(/rollback/);
  });

  test('no newest release of a line is a bad target', () => {
    for (const { newest } of RELEASE_LINES) expect(errors([newest], newest)).toEqual([]);
  });
});

describe('the start is refused', () => {
  test('with three lines at once', () =>
    expect(errors(['3.5.10', '3.6.4', '3.7.2'], '3.9.6')).toEqual(['TooManyLines']));
  test('with a version nobody told', () => {
    expect(errors([], '3.9.6')).toEqual(['VersionUnknown']);
    expect(errors(['trunk'], '3.9.6')).toEqual(['VersionUnknown']);
  });
  test('before 3.4', () => expect(errors(['3.3.6'], '3.4.14')).toEqual(['UnknownLine']));
});

test('every server on the target: nothing to do', () => {
  expect(planVersionPath(['3.9.6', '3.9.6'], '3.9.6')).toMatchObject({
    hops: [],
    findings: [{ severity: 'info', code: 'NothingToDo' }],
  });
});

test('a line past its end of life is a target with a warning', () => {
  expect(planVersionPath(['3.6.4'], '3.7.2').findings).toContainEqual(
    expect.objectContaining({ severity: 'warning', code: 'TargetEndOfLife' }),
  );
  expect(codes(['3.8.5'], '3.8.6')).not.toContain('TargetEndOfLife');
});

test('a vulnerable target is warned about where what is vulnerable is in use', () => {
  const ids = (target: string, uses: object) =>
    planVersionPath(['3.6.4'], target, { uses })
      .findings.filter(({ code }) => code === 'TargetVulnerable')
      .map(({ message }) => /CVE-[\d-]+/.exec(message)![0]);
  expect(ids('3.7.1', { quorumSasl: true })).toContain('CVE-2023-44981');
  expect(ids('3.7.1', { quorumSasl: false })).not.toContain('CVE-2023-44981');
  expect(ids('3.9.2', { adminServer: true })).toContain('CVE-2025-58457');
  expect(ids('3.9.2', { adminServer: false })).toEqual([]);
  expect(ids('3.9.6', { adminServer: true, quorumSasl: true, tls: true })).toEqual([]);
});
