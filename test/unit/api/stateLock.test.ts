import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockState } from '../../../src/adapters/stateLock';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('one at a time; the next once it is let go', async () => {
  const unlock = await lockState(directory);
  await expect(lockState(directory)).rejects.toThrow(/another zkferry server has the state/);
  await unlock();
  await (
    await lockState(directory)
  )();
});

test('what a killed process held is free', async () => {
  const script = `require('net').createServer().listen(${JSON.stringify(join(directory, 'lock'))}, () => console.log('listens'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(lockState(directory)).rejects.toThrow(/another zkferry server/);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  await (
    await lockState(directory)
  )();
});
