/** What a demo stands on is asked for before anything is made. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { raiseStage, type Cleanup } from '../../../src/lab/demo/stage';

test('a TEMPORAL_ADDRESS where nobody answers is named, with what to do, and nothing is made', async () => {
  const before = { ...process.env };
  const state = mkdtempSync(join(tmpdir(), 'zkferry-stage-'));
  Object.assign(process.env, { TEMPORAL_ADDRESS: '127.0.0.1:1', ZKFERRY_STATE: state });
  const cleanups: Cleanup[] = [];
  const view = { say: () => undefined, onPlace: () => undefined };
  try {
    const raised = raiseStage(
      { workerEntry: '/nowhere', keep: false },
      { version: '3.9.6', servers: 1 },
      view as unknown as Parameters<typeof raiseStage>[2],
      new AbortController().signal,
      cleanups,
    );
    await expect(raised).rejects.toThrow(
      /TEMPORAL_ADDRESS: .*got 127.0.0.1:1.*unset TEMPORAL_ADDRESS/,
    );
    expect(cleanups).toEqual([]);
    expect(readdirSync(state)).toEqual([]);
  } finally {
    process.env = before;
    rmSync(state, { recursive: true });
  }
});
