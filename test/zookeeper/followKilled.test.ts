/** A followed copy under load: its follower killed, the target's leader killed; the long form is `npm run proof -- copy`. */
import type { ZkSession } from '../../src/model/ports';
import type { ZkferryCommand } from '../support/command';
import { CopyFixture, servers, TTL_ENABLED } from '../support/copyFixture';
import { seenWriting } from '../support/seenWriting';
import { WriteLoad } from '../support/writeLoad';

const WRITES_PER_SECOND = 300;
/** Transactions from the follower's second start to its end: more than the load makes of them. */
const TRANSACTIONS = 8_000n;
const AT_ONCE = 200;
const LAB_MS = 120_000;

describe('zkferry copy --follow under load', () => {
  let fixture: CopyFixture;
  let source: ZkSession;
  let target: ZkSession;

  beforeAll(async () => {
    const options = { version: '3.9.6', settings: { tickTime: '1000' } };
    fixture = await CopyFixture.start(
      // A quorum of one has a quorum port, too.
      { ...options, name: 'follow-source', servers: 1, reconfig: true },
      { ...options, name: 'follow-target', servers: 3, javaOptions: [TTL_ENABLED] },
    );
    source = await fixture.session(fixture.source);
    target = await fixture.session(fixture.target);
    await source.create('/load', Buffer.alloc(0));
    await source.create('/beside', Buffer.alloc(0));
  }, LAB_MS);

  afterAll(() => fixture?.destroy(), LAB_MS);

  /** Its zxid. */
  const writeBeside = async () => BigInt((await source.set('/beside', Buffer.alloc(0))).mzxid);

  it('killed, and its target’s leader killed, it is equal to its source at --stop-at', async () => {
    const follow = (...more: string[]) =>
      fixture.copy('/load', '/copy', '--execute', '--follow', ...more);
    const load = new WriteLoad({
      servers: servers(fixture.source),
      root: '/load',
      writesPerSecond: WRITES_PER_SECOND,
    });
    let follower: ZkferryCommand = follow();
    const writes = (what: string) => seenWriting(follower, target, '/copy', what);
    try {
      await writes('after its start');
      await writes('once more');
      await follower.kill('SIGKILL');
      const stopAt = (await writeBeside()) + TRANSACTIONS;
      follower = follow('--stop-at', `0x${stopAt.toString(16)}`);
      await writes('after it was killed');
      const leader = await fixture.target.leader();
      await fixture.target.killServer(leader!);
      await writes('after the leader of its target was killed');
      await load.stop();
      while ((await writeBeside()) < stopAt)
        await Promise.all(Array.from({ length: AT_ONCE }, writeBeside));
      const { code, document, stderr } = await follower.ended;
      expect({ code, document, stderr }).toMatchObject({ code: 0, document: { complete: true } });
      expect(load.acknowledged).toBeGreaterThan(WRITES_PER_SECOND);
    } finally {
      await load.stop();
      await follower.kill('SIGKILL');
    }
    const { code, document } = await fixture.diff('/load', '/copy', '--target-read-by', 'tap')
      .ended;
    expect({ code, document }).toMatchObject({ code: 0 });
    expect(await target.exists('/zkferry')).toBeNull();
  }, 60_000);
});
