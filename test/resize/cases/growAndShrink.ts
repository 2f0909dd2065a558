/** An ensemble grows and shrinks again under load; nobody loses anything. */
import { strict as assert } from 'node:assert';
import type { Lab } from '../../../src/lab/lab';
import type { Harness } from '../../support/harness';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { configuredMembers, listsOnDisk } from '../support/members';

/** A change by files restarts every server. */
const RUN_MS = 600_000;
const THREE = ['zk1', 'zk2', 'zk3'];
const namesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `zk${index + 1}`);
const listsOf = (names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, names.join(' ')]));

/** How the lists are told: by the running servers, or by their files (3.4 tells none). */
type By = 'servers' | 'files';

async function assertMembers(lab: Lab, names: string[], by: By): Promise<void> {
  const lists = by === 'servers' ? await configuredMembers(lab) : listsOnDisk(lab);
  const seen = Object.fromEntries(names.map((name) => [name, lists[name]]));
  assert.deepEqual(seen, listsOf(names));
  if (by === 'servers') assert.deepEqual(Object.keys(lists).sort(), names);
}

async function resized(harness: Harness, request: object, names: string[], by: By): Promise<void> {
  const run = await harness.resize(request);
  assert.equal((await run.report(RUN_MS)).outcome, 'completed');
  await assertMembers(harness.lab, names, by);
  harness.lab.setMembers(names);
}

export async function growAndShrink(harness: Harness, size: number, by: By): Promise<void> {
  const names = namesOf(size);
  const more = names.slice(THREE.length);
  await harness.startLoad();
  await resized(harness, { add: more }, names, by);
  await resized(harness, { remove: more }, THREE, by);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

export const dynamicCase = (version: string): Case => ({
  name: `${version} by reconfiguration: 3 to 5 to 3`,
  run: () =>
    withHarness({ name: 'grow', version, servers: 3, spares: 2, reconfig: true }, (harness) =>
      growAndShrink(harness, 5, 'servers'),
    ),
});

export const staticCase = (version: string): Case => ({
  name: `${version} by files: 3 to 5 to 3`,
  run: () =>
    withHarness({ name: 'grow-files', version, servers: 3, spares: 2 }, (harness) =>
      growAndShrink(harness, 5, 'files'),
    ),
});
