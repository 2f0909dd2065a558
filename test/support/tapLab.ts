/** Trees that taps keep of a lab, held against the leader's own. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { openTap, type Tap, type TapOptions } from '../../src/adapters/tap';
import type { Lab } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import {
  compareSessions,
  compareTrees,
  isServersOwn,
  type CompareOptions,
} from '../../src/tree/compareTrees';
import { TapTree } from './tapTree';
import { until } from './until';

const ATTACH_DEADLINE_MS = 60_000;

export const addressesOf = (lab: Lab) =>
  lab.members.map(({ host, clientPort }) => ({ host, clientPort }));

/** `open`: a tap of its own by default. */
export const tapOf = (
  lab: Lab,
  options: Partial<TapOptions> = {},
  open: (options: TapOptions) => Tap = openTap,
): TapTree =>
  new TapTree(
    open({ servers: addressesOf(lab), directory: join(lab.directory, 'spool'), ...options }),
  );

/** Rejects with what ended the tap. */
export const attached = (tap: TapTree, times: number): Promise<true> =>
  until(
    `attachment number ${times}`,
    () => {
      if (tap.error !== undefined) throw tap.error;
      return tap.attachments >= times || undefined;
    },
    ATTACH_DEADLINE_MS,
  );

/** Compares each tree with one from a snapshot the leader wrote when all was quiet. */
export async function assertEqual(
  lab: Lab,
  taps: readonly TapTree[],
  { ignore = isServersOwn }: CompareOptions = {},
): Promise<void> {
  const reference = tapOf(lab);
  try {
    await attached(reference, 1);
    const all = [reference, ...taps];
    await until(
      () => `every tap at one zxid: ${all.map(({ last }) => last.toString(16)).join(' ')}`,
      () => {
        for (const { error } of all) if (error !== undefined) throw error;
        return all.every(({ last }) => last === reference.last) || undefined;
      },
      30_000,
    );
    for (const [index, tap] of taps.entries()) {
      const differences = [
        ...compareTrees(tap.tree!, reference.tree!, { ignore }),
        ...compareSessions(tap.tree!, reference.tree!),
      ];
      assert.deepEqual(differences.slice(0, 5), [], `tap ${index} differs from the leader`);
      assert.ok(tap.transactions > 0, `tap ${index} saw no transaction`);
      assert.equal(tap.digestsMismatched, 0, `tap ${index}: digests`);
      if (atLeast(lab.version, '3.6.0'))
        assert.ok(tap.digestsMatched > 0, `tap ${index}: no digests`);
    }
  } finally {
    await reference.tap.close();
  }
}
