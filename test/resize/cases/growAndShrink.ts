/** An ensemble grows and shrinks again under load; nobody loses anything. */
import { strict as assert } from 'node:assert';
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

/** `by`: how the lists are told, by the running servers or by their files (3.4 tells none). */
export async function growAndShrink(
  harness: Harness,
  size: number,
  by: 'servers' | 'files',
): Promise<void> {
  const { lab } = harness;
  const assertMembers = async (names: string[]): Promise<void> => {
    const lists = by === 'servers' ? await configuredMembers(lab) : listsOnDisk(lab);
    const seen = Object.fromEntries(names.map((name) => [name, lists[name]]));
    assert.deepEqual(seen, listsOf(names));
    if (by === 'servers') assert.deepEqual(Object.keys(lists).sort(), names);
  };
  const more = namesOf(size).slice(THREE.length);
  await harness.startLoad();
  const grown = await harness.resize({ add: more });
  assert.equal((await grown.report(RUN_MS)).outcome, 'completed');
  await assertMembers(namesOf(size));

  lab.setMembers(namesOf(size));
  const shrunk = await harness.resize({ remove: more });
  assert.equal((await shrunk.report(RUN_MS)).outcome, 'completed');
  lab.setMembers(THREE);
  await assertMembers(THREE);

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
