/** Of two processes with one journal the second is refused; one whose process is gone stands in nobody's way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { takeLock } from '../../../src/adapters/copy/journalLock';
import { projectRoot } from '../../../src/lab/projectRoot';

let lock = 0;
const aLock = (): string => `/nowhere/${process.pid}/${lock++}.lock`;

test('whoever comes second is refused, by the first one’s pid, until that is done', async () => {
  const file = aLock();
  const release = await takeLock(file);
  await expect(takeLock(file)).rejects.toMatchObject({
    type: 'EnsembleHeld',
    message: expect.stringContaining(`process ${process.pid} `),
  });
  const other = await takeLock(aLock());
  await release();
  await (
    await takeLock(file)
  )();
  await other();
});

test('of many at once one gets it', async () => {
  const file = aLock();
  const taken = await Promise.allSettled(Array.from({ length: 10 }, () => takeLock(file)));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('another process is refused, and the lock of one that was killed is free', async () => {
  const file = aLock();
  const code = `
    const { createHash } = require('node:crypto');
    const name = '\\0zkferry-copy-' + createHash('sha256').update(process.argv[1]).digest('hex');
    require('node:net').createServer((s) => s.end(String(process.pid))).listen(name, () => console.log('held'));`;
  const holder = spawn(process.execPath, ['-e', code, file], { cwd: projectRoot() });
  await once(holder.stdout, 'data');
  await expect(takeLock(file)).rejects.toThrow(`process ${holder.pid} `);
  holder.kill('SIGKILL');
  await once(holder, 'close');
  await (
    await takeLock(file)
  )();
});
