/** Programs that end with whoever started them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BoundProcess } from '../../../src/adapters/restore/boundProcess';
import { until } from '../../support/until';

describe('a bound process', () => {
  let directory: string;
  const output = () => join(directory, 'out');
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-bound-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const isAlive = (pid: number): boolean => {
    try {
      // A zombie, which nobody waits for yet, is gone too.
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  const pidOf = () =>
    until('its pid', () => Number(readFileSync(output(), 'utf8')) || undefined, 5_000);

  it('is gone once it was told to, though it ignores signals', async () => {
    const script = 'trap "" TERM HUP; echo $$; while :; do sleep 1; done';
    const bound = new BoundProcess('/bin/sh', ['-c', script], output());
    const pid = await pidOf();
    expect(isAlive(pid)).toBe(true);
    expect(bound.isRunning).toBe(true);
    await bound.kill();
    expect(isAlive(pid)).toBe(false);
    expect(bound.isRunning).toBe(false);
  });

  it('that ends by itself is known to have ended, and what it said last', async () => {
    const bound = new BoundProcess(
      '/bin/sh',
      ['-c', 'echo first; echo last >&2; exit 3'],
      output(),
    );
    await until('its end', () => !bound.isRunning, 5_000);
    expect(await bound.lastWords()).toBe('first\nlast');
    await bound.kill();
  });

  it('that is not there has ended', async () => {
    const bound = new BoundProcess('/nowhere/java', [], output());
    await until('its end', () => !bound.isRunning, 5_000);
    expect(await bound.lastWords()).toMatch(/\/nowhere\/java: not found/);
  });
});
