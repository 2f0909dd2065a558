/** The tap on every release line: trees built from it equal the leader's, whenever it joins. */
import { createLab, type Lab, type LabOptions } from '../../src/lab/lab';
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
  name: `${LEADERS_KILLED} leaders killed under load on ${version}`,
  run: () =>
    withLab(threeServers('tap-leaders', version), async (lab) => {
      const churn = new Churn(addressesOf(lab));
      const taps = [tapOf(lab), tapOf(lab)];
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

const reconfigured = (version: string): Case => ({
  name: `reconfigured, the leader moved by it, on ${version}`,
  run: () => withLab(reconfigLab('tap-reconfig', version), reconfigUnderTap),
});

const heap = (version: string): Case => ({
  name: `the leader's heap beside a tap that stands still on ${version}`,
  run: () => withLab(heapLab('tap-heap', version), heapUnderStalledTap),
});

export const tapCases: Case[] = [
  ...VERSIONS.flatMap((version) => [joins(version), leadersKilled(version)]),
  ...['3.5.10', '3.9.6'].map(reconfigured),
  ...['3.4.14', '3.9.6'].map(heap),
];
