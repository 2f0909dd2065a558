/** The tap on every release line: trees built from it equal the leader's, whenever it joins. */
import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SharedTaps } from '../../src/adapters/tap';
import { hostPaths } from '../../src/lab/hostFiles';
import { createLab, type Lab, type LabOptions, type LabServer } from '../../src/lab/lab';
import { Churn } from '../support/churn';
import { reconfigLab, reconfigUnderTap } from '../support/reconfigUnderTap';
import { addressesOf, assertEqual, attached, tapOf } from '../support/tapLab';
import type { TapTree } from '../support/tapTree';
import { until } from '../support/until';
import type { Case } from '../upgrade/cases/types';
import { heapLab, heapUnderStalledTap } from './tapHeap';

const VERSIONS = ['3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.6', '3.9.6'];
const JOINS = 20;
const LEADERS_KILLED = 3;
const SNAP_COUNT = 500;
const SNAPSHOTS_FORCED = 3;
/** Twice what a leader waits for. */
const PAUSE_MS = 6_000;

const threeServers = (name: string, version: string): LabOptions => ({
  ...{ name, version, servers: 3 },
  settings: { tickTime: '500' },
});

async function withLab(options: LabOptions, work: (lab: Lab) => Promise<void>) {
  const lab = await createLab(options);
  try {
    await lab.start();
    await work(lab);
  } finally {
    await lab.destroy();
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const joins = (version: string): Case => ({
  name: `${JOINS} joins under load on ${version}`,
  run: () =>
    withLab(threeServers('tap-joins', version), async (lab) => {
      const churn = new Churn(addressesOf(lab));
      const taps: TapTree[] = [];
      try {
        await until('some load', () => churn.acknowledged > 500 || undefined, 30_000);
        for (let join = 0; join < JOINS; join += 1) {
          const tap = tapOf(lab);
          taps.push(tap);
          await attached(tap, 1);
          await pause(Math.random() * 300);
        }
        await churn.stop();
        await assertEqual(lab, taps);
      } finally {
        await churn.stop();
        await Promise.all(taps.map(({ tap }) => tap.close()));
      }
    }),
});

const leadersKilled = (version: string): Case => ({
  name: `${LEADERS_KILLED} leaders killed under load, taps alone and sharing, on ${version}`,
  run: () =>
    withLab(threeServers('tap-leaders', version), async (lab) => {
      const churn = new Churn(addressesOf(lab));
      const shared = new SharedTaps();
      const share = (): TapTree => tapOf(lab, {}, (options) => shared.join(lab.name, options));
      const taps = [tapOf(lab), share(), share()];
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
        await assertEqual(lab, taps);
      } finally {
        await churn.stop();
        await Promise.all(taps.map(({ tap }) => tap.close()));
      }
    }),
});

/** Every range that a snapshot passes over must be named: a TapTree fails where it is not. */
const disturbed = (version: string): Case => ({
  name: `snapshots forced, a tap paused, the leader moved under load on ${version}`,
  run: () =>
    withLab(
      {
        ...threeServers('tap-disturbed', version),
        settings: { tickTime: '500', syncLimit: '6', snapCount: String(SNAP_COUNT) },
        // Transactions older than the 500 in memory are not read from the logs: a SNAP is sent instead.
        javaOptions: ['-Dzookeeper.snapshotSizeFactor=-1'],
      },
      async (lab) => {
        const churn = new Churn(addressesOf(lab));
        const taps = [tapOf(lab), tapOf(lab, { maxQueuedEvents: 50 })];
        try {
          await Promise.all(taps.map((tap) => attached(tap, 1)));
          const leader = lab.server((await lab.leader())!);
          const [, paused] = taps;
          const before = snapshotsIn(leader);
          await paused!.whilePaused(async () => {
            await until(
              'snapshots of the leader',
              () => snapshotsIn(leader) >= before + SNAPSHOTS_FORCED || undefined,
              60_000,
            );
            await pause(PAUSE_MS);
          });
          await attached(paused!, 2);
          assert.ok(paused!.kinds.includes('lost'), 'the leader dropped it');
          assert.deepEqual(taps[0]!.kinds, ['snapshot', 'attached'], 'the other one stayed');

          const next = lab.members.find(({ name }) => name !== leader.name)!;
          const counts = taps.map(({ attachments }) => attachments);
          await lab.moveLeaderTo(next.name);
          await Promise.all(taps.map((tap, index) => attached(tap, counts[index]! + 1)));
          await churn.stop();
          await assertEqual(lab, taps);
        } finally {
          await churn.stop();
          await Promise.all(taps.map(({ tap }) => tap.close()));
        }
      },
    ),
});

const snapshotsIn = (server: LabServer): number =>
  readdirSync(join(hostPaths(server.directory).data, 'version-2')).filter((name) =>
    name.startsWith('snapshot.'),
  ).length;

const reconfigured = (version: string): Case => ({
  name: `reconfigured, the leader moved by it, on ${version}`,
  run: () => withLab(reconfigLab('tap-reconfig', version), reconfigUnderTap),
});

const heap = (version: string): Case => ({
  name: `the leader's heap beside a tap that stands still on ${version}`,
  run: () => withLab(heapLab('tap-heap', version), heapUnderStalledTap),
});

export const tapCases: Case[] = [
  ...VERSIONS.flatMap((version) => [joins(version), leadersKilled(version), disturbed(version)]),
  ...['3.5.10', '3.9.6'].map(reconfigured),
  ...['3.4.14', '3.9.6'].map(heap),
];
