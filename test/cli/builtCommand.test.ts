/** The command as it is installed: the built file, run by node. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(__dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

function zkferry(words: string[], input?: string) {
  const env = { ...process.env, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    encoding: 'utf8',
    input,
    env,
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

it('prints its version', () => {
  expect(zkferry(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' });
});

it('exits 2 on bad usage and on bad input, with the reason on standard error', () => {
  const usage = zkferry(['frobnicate']);
  expect(usage.status).toBe(2);
  expect(usage.stderr).toContain("unknown command 'frobnicate'");
  const input = zkferry(['plan', 'upgrade', '-f', '-'], '{"ensemble": 5}');
  expect(input.status).toBe(2);
  expect(input.stderr).toContain('ensemble');
  expect(input.stdout).toBe('');
});

it('exits 1 when Temporal is not reachable, naming the address and what to start', () => {
  const { status, stderr } = zkferry(['status']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/temporal is not reachable at 127\.0\.0\.1:1.*zkferry lab up/);
});

it('prints one JSON document with --json, also for errors', () => {
  const { status, stdout, stderr } = zkferry(['status', '--json']);
  expect(status).toBe(1);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ error: { type: 'TemporalUnavailable' } });
});

it('ends as its worker does: an inventory that is none is no fault of Temporal', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-worker-'));
  try {
    const inventory = join(directory, 'zkferry.yaml');
    writeFileSync(inventory, 'ensembles: 5');
    const broken = zkferry(['worker', '--inventory', inventory, '--json']);
    expect(broken.status).toBe(2);
    expect(JSON.parse(broken.stdout)).toMatchObject({ error: { type: 'InvalidInventory' } });
    expect(broken.stderr).toContain(inventory);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('begins with a line that lets a shell run it', () => {
  expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});
