/** What a follower does where the source has a node for a while that the target does not take. */
import { OrderedWriter } from '../../src/adapters/bulk/orderedWriter';
import type { ZkAcl, ZkSession } from '../../src/model/ports';
import type { ZkferryCommand } from '../support/command';
import { CopyFixture, servers } from '../support/copyFixture';
import { until } from '../support/until';

const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const READ: ZkAcl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }];
const MAX_BUFFER = 600_000;
const TOO_LARGE = Buffer.alloc(900_000, 7);
const LAB_MS = 120_000;
const DEADLINE_MS = 60_000;

describe('zkferry copy --follow into a target with a small jute.maxbuffer', () => {
  let fixture: CopyFixture;
  let source: ZkSession;
  let target: ZkSession;

  beforeAll(async () => {
    const options = { version: '3.9.6', servers: 1 };
    fixture = await CopyFixture.start(
      // A quorum of one has a quorum port, too.
      { ...options, name: 'large-source', reconfig: true },
      { ...options, name: 'large-target', javaOptions: [`-Djute.maxbuffer=${MAX_BUFFER}`] },
    );
    source = await fixture.session(fixture.source);
    target = await fixture.session(fixture.target);
    await source.create('/app', Buffer.alloc(0));
    await source.create('/app/first', Buffer.alloc(0));
  }, LAB_MS);

  afterAll(() => fixture?.destroy(), LAB_MS);

  const follow = (...more: string[]) =>
    fixture.copy('/app', '/copy', '--execute', '--follow', ...more);

  const arrived = (path: string, follower: ZkferryCommand) =>
    until(
      () => `${path} at the target; the follower says ${follower.stderr.slice(-1_000)}`,
      async () => {
        if (follower.child.exitCode !== null)
          throw new Error(`the follower ended: ${follower.stderr}`);
        return (await target.exists(path)) !== null || undefined;
      },
      DEADLINE_MS,
    );

  it('goes on by itself where the node is gone by then, ends with its name where it is not, and goes on later', async () => {
    let follower = follow();
    await arrived('/copy/first', follower);
    await source.create('/app/large', TOO_LARGE);
    await source.delete('/app/large');
    await source.create('/app/second', Buffer.alloc(0));
    await arrived('/copy/second', follower);
    expect(await target.exists('/copy/large')).toBeNull();

    await source.create('/app/large', TOO_LARGE);
    const refused = await follower.ended;
    expect(refused).toMatchObject({ code: 1, document: { error: { type: 'Refused' } } });
    expect((refused.document!.error as Error).message).toMatch(
      /does not take \/app\/large \(900000 bytes of data; its jute\.maxbuffer is smaller\).*the same command goes on/,
    );

    // It would break the connection of the next follower too, were it replayed.
    await source.delete('/app/large');
    await source.create('/app/third', Buffer.alloc(0));
    const { mzxid } = await source.set('/app', Buffer.alloc(0));
    follower = follow('--stop-at', mzxid);
    const { code, document, stderr } = await follower.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(document).toMatchObject({ complete: true });
    expect(document).not.toHaveProperty('resumedFrom');
    const paths = { sourceRoot: '/app', targetRoot: '/copy' };
    expect(await fixture.differences(paths)).toEqual([]);
    expect(await target.exists('/zkferry')).toBeNull();
  }, 180_000);

  it('a writer names the request that is too large, not those in flight before it, which are applied', async () => {
    await target.create('/writes', Buffer.alloc(0));
    const writer = new OrderedWriter({
      servers: servers(fixture.target),
      shown: fixture.target.connectString,
      auth: [],
      marker: { path: '/writes', version: 0 },
      maxRequestBytes: 1_000,
    });
    const create = (path: string, data = Buffer.alloc(1_000)) =>
      writer.add({ kind: 'create', path, data, acl: OPEN });
    const failed = async () => {
      await create('/writes/a');
      await create('/writes/b');
      await writer.setAcl('/writes/a', READ);
      await writer.setAcl('/writes/b', READ);
      await create('/writes/large', TOO_LARGE);
      await create('/writes/c');
      await writer.flush();
    };
    const startedAt = Date.now();
    await expect(failed()).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('is sent /writes/large (a request of 900'),
    });
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    await writer.close();
    expect(await target.getAcl('/writes/a')).toEqual(READ);
    expect(await target.getAcl('/writes/b')).toEqual(READ);
    expect([...(await target.children('/writes'))].sort()).toEqual(['a', 'b']);
  }, 60_000);
});
