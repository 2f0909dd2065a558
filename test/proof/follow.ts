/** A followed copy keeps equal to its source under load, whoever dies meanwhile. */
import { strict as assert } from 'node:assert';
import type { ZkferryCommand } from '../support/command';
import { CopyFixture, FAST_JVM, servers, TTL_ENABLED } from '../support/copyFixture';
import { seenWriting } from '../support/seenWriting';
import { WriteLoad } from '../support/writeLoad';
import type { Case } from '../upgrade/cases/types';

const VERSION = '3.9.6';
const WRITES_PER_SECOND = 5_000;
const FOLLOWER_KILLS = 5;
const LEADER_KILLS = 2;
const MOST_LAG_P50_MS = 50;
const settings = { tickTime: '1000' };
/** The last one that is started must make up for what came meanwhile, and is measured with that. */
const LAST_LIFE_MS = 40_000;
/** Six servers, the load and the follower share two cores here: no waiting for disks, and few threads a server. */
const LEAN = [
  '-XX:-UseParallelGC',
  '-XX:+UseSerialGC',
  '-Xms600m',
  '-Xmn300m',
  '-Dzookeeper.forceSync=no',
  '-Dzookeeper.nio.numSelectorThreads=1',
  '-Dzookeeper.nio.numWorkerThreads=0',
  '-Dzookeeper.commitProcessor.numWorkerThreads=0',
];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const kills: Case = {
  name: `${WRITES_PER_SECOND} writes/s, the follower killed ${FOLLOWER_KILLS} times, the target's leader ${LEADER_KILLS}`,
  run: async () => {
    const javaOptions = [...FAST_JVM, ...LEAN, TTL_ENABLED];
    const fixture = await CopyFixture.start(
      { name: 'follow-a', version: VERSION, servers: 3, settings, javaOptions },
      { name: 'follow-b', version: VERSION, servers: 3, settings, javaOptions },
    );
    try {
      const { source, target } = fixture;
      await (await fixture.session(source)).create('/load', Buffer.alloc(0));
      const load = new WriteLoad({
        servers: servers(source),
        root: '/load',
        writesPerSecond: WRITES_PER_SECOND,
      });
      const startedAt = performance.now();
      let follower: ZkferryCommand | undefined;
      try {
        const begin = () => fixture.copy('/load', '/copy', '--execute', '--follow');
        follower = begin();
        const onTarget = await fixture.session(target);
        const moving = (what: string) => seenWriting(follower!, onTarget, '/copy', what);
        await moving('after its start');
        for (let kill = 1; kill <= FOLLOWER_KILLS; kill += 1) {
          await pause(500 + Math.random() * 3_000);
          await follower.kill('SIGKILL');
          follower = begin();
          await moving(`after kill ${kill}`);
          if (kill > LEADER_KILLS) continue;
          const leader = await target.leader();
          await target.killServer(leader!);
          await moving(`after the target's leader was killed (${kill})`);
          await target.startServer(leader!);
          await target.waitServing();
        }
        await pause(LAST_LIFE_MS);
        await load.stop();
        const end = await follower.kill('SIGTERM');
        const { transactions, resyncs, lagP50Ms, lagP99Ms } = end.document ?? {};
        const said = { transactions, resyncs, lagP50Ms, lagP99Ms };
        const perSecond = Math.round((load.acknowledged * 1000) / (performance.now() - startedAt));
        process.stderr.write(
          `${load.acknowledged} writes, ${perSecond}/s; ${JSON.stringify(said)}\n`,
        );
        assert.equal(end.code, 0, end.stderr);
        assert.equal(end.document?.complete, true);
        assert.deepEqual(
          (await fixture.differences({ sourceRoot: '/load', targetRoot: '/copy' })).slice(0, 5),
          [],
        );
        assert.equal(await onTarget.exists('/zkferry'), null, 'the marker is left');
        assert.ok(Number(end.document?.lagP50Ms) < MOST_LAG_P50_MS, 'lag p50');
      } finally {
        await load.stop();
        await follower?.kill('SIGKILL');
      }
    } finally {
      await fixture.destroy();
    }
  },
};

export const followCases: Case[] = [kills];
