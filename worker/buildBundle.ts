/** `node dist/worker/buildBundle.js`: writes the workflow bundle beside the compiled code. */
import { renameSync, writeFileSync } from 'node:fs';
import { buildBundle } from './bundle';

void (async () => {
  const { file, code } = await buildBundle();
  writeFileSync(`${file}.tmp`, code);
  renameSync(`${file}.tmp`, file);
})().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
