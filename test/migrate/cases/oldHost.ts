/** A host of the old side dies while an ensemble moves: who serves then, and what becomes of the dead once it is back. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import type { Lab } from '../../../src/lab/lab';
import type { StatusDocument } from '../../../src/model/status';
import { killHost } from '../../support/deadHost';
import { withTwoSides, type TwoSides } from '../../support/twoSides';
import { until } from '../../support/until';
import { assertNothingLost } from '../../upgrade/claims';
import { stopSshd } from '../../upgrade/support/stopSshd';
import type { Case } from '../../upgrade/cases/types';
import { assertClosed, wroteMore } from './physical';
import type { Versions } from './stretch';

/** Servers that let sessions be longer than it takes to notice a dead host. */
const LONG_SESSION_MS = 120_000;
const PATIENT = {
  ...{ tickTime: '500', initLimit: '20', syncLimit: '6' },
  maxSessionTimeout: String(LONG_SESSION_MS),
};
const WITHIN_MS = 180_000;

type Fence = 'firewall' | 'stop';

const twoSides = (name: string, { from, to }: Versions, work: (sides: TwoSides) => Promise<void>) =>
  withTwoSides({ name, from, to, settings: PATIENT }, async (sides) => {
    await sides.startLoad({ sessionTimeoutMs: LONG_SESSION_MS });
    await work(sides);
  });

/** The load is led by the first host. */
const oneOf = ({ members }: Lab): string => members.at(-1)!.name;

const stateOf = async (lab: Lab, name: string): Promise<string> =>
  (await createZooKeeperAdapter().probe(lab.members.find((one) => one.name === name)!)).state;

const leftOut = ({ migration }: StatusDocument, server: string) =>
  migration?.leftOut?.find((one) => one.server === server);

/** It goes on to the new side, and retires whom it can. */
export const movedWhileOldHostDies = ({ from, to }: Versions, fence: Fence = 'firewall'): Case => ({
  name: `physical ${from} → ${to}, an old host dies at gate cutover, closed by ${fence}: completes, nothing lost`,
  run: () =>
    twoSides('move-old-host', { from, to }, async (sides) => {
      const { source, target } = sides;
      const run = await sides.start({ mode: 'physical', fence });
      await run.approve('start');
      await run.atGate('cutover');
      const dead = oneOf(source);
      await killHost(source, dead);
      await run.approve('cutover');
      const there = await run.atGate('complete');
      assert.match(leftOut(there, dead)?.byHand ?? '', /stop/);
      await run.approve('complete');
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assert.match(report.text, new RegExp(`${dead} .*left as it is`));
      // Back, and started by whatever starts things there: alone it serves nobody.
      await source.startSsh();
      await source.startServer(dead);
      await until(
        `${dead} answers, and serves nobody`,
        async () => (await stateOf(source, dead)) === 'notServing' || undefined,
        WITHIN_MS,
      );
      assertNothingLost(await sides.check(target));
      for (const { name } of source.members)
        assert.equal(await stateOf(source, name), name === dead ? 'notServing' : 'refusing');
    }),
});

/** Back from gate complete without it; once it is back itself, it is opened and started as the report says. */
export const movedBackWithoutOldHost = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, an old host dies between fence and open, and back without it: joins again by hand, nothing lost`,
  run: () =>
    twoSides('move-old-back', { from, to }, async (sides) => {
      const { source, target } = sides;
      const before = sides.clientSays;
      const run = await sides.start({ mode: 'physical' });
      await run.approve('start');
      await run.approve('cutover');
      await run.step('fenceServers/source', 'done');
      const dead = oneOf(source);
      await killHost(source, dead);
      const there = await run.atGate('complete');
      assert.ok(
        there.migration?.closed?.some(({ server }) => server === dead),
        JSON.stringify(there.migration),
      );
      await wroteMore(sides);
      await run.send('rollback', { by: 'tester' });
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      assert.match(report.text, new RegExp(`${dead} .*left as it is`));
      assert.equal(sides.clientSays, before);
      await assertClosed(target);
      await wroteMore(sides);

      const { migration } = (await run.status())!;
      const closed = migration?.closed?.find(({ server }) => server === dead);
      assert.ok(closed, JSON.stringify(migration));
      byHand(closed.openByHand);
      byHand(leftOut((await run.status())!, dead)!.startByHand!);
      await source.startSsh();
      await source.waitServing(
        WITHIN_MS,
        source.members.map(({ name }) => name),
      );
      assertNothingLost(await sides.check(source));
    }),
});

/** Nobody could serve if the new side were closed now. */
export const waitsForOldHosts = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, most old hosts are away when the way back begins: it waits and the new side serves on, then all comes back, nothing lost`,
  run: () =>
    twoSides('move-old-wait', { from, to }, async (sides) => {
      const { source, target } = sides;
      const run = await sides.start({ mode: 'physical' });
      await run.approve('start');
      await run.approve('cutover');
      await run.atGate('complete');
      const away = source.members.slice(1).map(({ name }) => name);
      for (const name of away) await stopSshd(source, name);
      await run.send('rollback', { by: 'tester' });
      const { headline } = await run.until(
        'it is held',
        ({ headline: says }) => says.startsWith('held: '),
        WITHIN_MS,
      );
      assert.match(headline, new RegExp(`without ${away.join(', ')}`));
      await wroteMore(sides);
      for (const { name } of target.members) assert.equal(await stateOf(target, name), 'serving');
      await source.startSsh();
      await run.send('resume', { by: 'tester' });
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      await wroteMore(sides);
      assertNothingLost(await sides.check(source));
      await assertClosed(target);
    }),
});

/** They might go on by themselves, and do: nobody can prove that they take no writes. */
export const refusedWithoutMostOldHosts = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, most old hosts out of reach at gate cutover, their servers alive: refused, and they serve on`,
  run: () =>
    twoSides('move-old-most', { from, to }, async (sides) => {
      const { source, target } = sides;
      const run = await sides.start({ mode: 'physical' });
      await run.approve('start');
      await run.atGate('cutover');
      const away = source.members.slice(1).map(({ name }) => name);
      for (const name of away) await stopSshd(source, name);
      await run.approve('cutover');
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      const status = (await run.status())!;
      assert.equal(status.error?.type, 'FenceNotProven');
      assert.deepEqual(
        status.migration?.leftOut?.map(({ server }) => server),
        away,
      );
      assert.equal(status.migration?.closed, undefined);
      await wroteMore(sides);
      assertNothingLost(await sides.check(source));
      await assertClosed(target);
    }),
});

/** Before anything has opened elsewhere: the run turns back by itself, and the others serve again. */
export const turnedBackWithoutOldHost = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to}, an old host dies between fence and open, then a new one: turns back by itself, nothing lost`,
  run: () =>
    twoSides('move-old-turn', { from, to }, async (sides) => {
      const { source, target } = sides;
      const run = await sides.start({ mode: 'physical' });
      await run.approve('start');
      await run.atGate('cutover');
      await killHost(target, oneOf(target));
      await run.approve('cutover');
      await run.step('fenceServers/source', 'done');
      const dead = oneOf(source);
      await killHost(source, dead);
      await run.until(
        'the old side serves again without it',
        ({ plan }) =>
          plan!.steps.some(
            ({ id, state }) => id === 'rollback/verifyBroughtBack/source' && state === 'done',
          ),
        WITHIN_MS,
      );
      await wroteMore(sides);
      const { migration } = (await run.status())!;
      byHand(migration!.closed!.find(({ server }) => server === dead)!.openByHand);
      byHand(leftOut((await run.status())!, dead)!.startByHand!);
      await target.startSsh();
      await until(
        'the run is over or held',
        async () => {
          const status = await run.status();
          if (status?.state === 'paused') await run.send('resume', { by: 'tester' });
          return status?.state === 'rolledBack' || undefined;
        },
        WITHIN_MS,
      );
      await source.waitServing(
        WITHIN_MS,
        source.members.map(({ name }) => name),
      );
      assertNothingLost(await sides.check(source));
      await assertClosed(target);
    }),
});

/** Hosts of a lab are addresses of this machine. */
const byHand = (command: string): void =>
  void execFileSync('/bin/sh', ['-c', command], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
