/** The tap on every release line: trees built from it equal the leader's, whenever it joins. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { openTap } from '../../src/adapters/tap';
import { createLab, type Lab } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import { compareSessions, compareTrees, isServersOwn } from '../../src/tree/compareTrees';
import { Churn } from '../support/churn';
import { TapTree } from '../support/tapTree';
import { until } from '../support/until';
import type { Case } from '../upgrade/cases/types';

const VERSIONS = ['3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.6', '3.9.6'];
const JOINS = 20;
const LEADERS_KILLED = 3;
const ADDRESSES = (lab: Lab) => lab.members.map(({ host, clientPort }) => ({ host, clientPort }));

async function withLab(name: string, version: string, work: (lab: Lab) => Promise<void>) {
  const lab = await createLab({ name, version, servers: 3, settings: { tickTime: '500' } });
  try {
    await lab.start();
    await work(lab);
  } finally {
    await lab.destroy();
  }
}

const follow = (lab: Lab): TapTree =>
  new TapTree(openTap({ servers: ADDRESSES(lab), directory: join(lab.directory, 'spool') }));

const attached = (tap: TapTree, times: number) =>
  until(
    `attachment number ${times}`,
    () => {
      if (tap.error !== undefined) throw tap.error;
      return tap.attachments >= times || undefined;
    },
    60_000,
  );

/** Compares each tree with one from a snapshot the leader wrote when all was quiet. */
async function assertEqual(lab: Lab, version: string, taps: readonly TapTree[]): Promise<void> {
  const reference = follow(lab);
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
        ...compareTrees(tap.tree!, reference.tree!, { ignore: isServersOwn }),
        ...compareSessions(tap.tree!, reference.tree!),
      ];
      assert.deepEqual(differences.slice(0, 5), [], `tap ${index} differs from the leader`);
      assert.ok(tap.transactions > 0, `tap ${index} saw no transaction`);
      assert.equal(tap.digestsMismatched, 0, `tap ${index}: digests`);
      if (atLeast(version, '3.6.0')) assert.ok(tap.digestsMatched > 0, `tap ${index}: no digests`);
    }
  } finally {
    await reference.tap.close();
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const joins = (version: string): Case => ({
  name: `${JOINS} joins under load on ${version}`,
  run: () =>
    withLab('tap-joins', version, async (lab) => {
      const churn = new Churn(ADDRESSES(lab));
      const taps: TapTree[] = [];
      try {
        await until('some load', () => churn.acknowledged > 500 || undefined, 30_000);
        for (let join = 0; join < JOINS; join += 1) {
          const tap = follow(lab);
          taps.push(tap);
          await attached(tap, 1);
          await pause(Math.random() * 300);
        }
        await churn.stop();
        await assertEqual(lab, version, taps);
      } finally {
        await churn.stop();
        await Promise.all(taps.map(({ tap }) => tap.close()));
      }
    }),
});

const leadersKilled = (version: string): Case => ({
  name: `${LEADERS_KILLED} leaders killed under load on ${version}`,
  run: () =>
    withLab('tap-leaders', version, async (lab) => {
      const churn = new Churn(ADDRESSES(lab));
      const taps = [follow(lab), follow(lab)];
      try {
        for (let killed = 1; killed <= LEADERS_KILLED; killed += 1) {
          await Promise.all(taps.map((tap) => attached(tap, killed)));
          const before = churn.acknowledged;
          await until('some load', () => churn.acknowledged > before + 300 || undefined, 60_000);
          const leader = (await lab.leader())!;
          await lab.killServer(leader);
          await Promise.all(taps.map((tap) => attached(tap, killed + 1)));
          await lab.startServer(leader);
          await lab.waitServing();
        }
        await churn.stop();
        await assertEqual(lab, version, taps);
      } finally {
        await churn.stop();
        await Promise.all(taps.map(({ tap }) => tap.close()));
      }
    }),
});

export const tapCases: Case[] = VERSIONS.flatMap((version) => [
  joins(version),
  leadersKilled(version),
]);
