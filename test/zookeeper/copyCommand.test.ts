/** `zkferry copy` as a process: killed and taken up again, over what is there, following, and refusing beforehand. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrderedWriter } from '../../src/adapters/bulk/orderedWriter';
import { digestId } from '../../src/adapters/zookeeper/ownedNodes';
import type { WriteOp } from '../../src/codec/clientRequests';
import type { ZkAcl, ZkSession } from '../../src/model/ports';
import type { ZkferryCommand } from '../support/command';
import { CopyFixture, servers, TTL_ENABLED } from '../support/copyFixture';
import { until } from '../support/until';

const ALICE = 'alice:wonderland';
const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const ONLY_ALICE: ZkAcl[] = [{ perms: 31, scheme: 'digest', id: digestId(ALICE) }];
const BY_SASL: ZkAcl[] = [{ perms: 31, scheme: 'sasl', id: 'bob' }];
const SASL =
  '-Dzookeeper.authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider';
const MAX_BUFFER = 400_000;
const LAB_MS = 120_000;
const NODES = 4_000;

const create = (path: string, data: Buffer | null = null, acl = OPEN): WriteOp => ({
  kind: 'create',
  path,
  data,
  acl,
});

describe('zkferry copy', () => {
  let fixture: CopyFixture;
  let source: ZkSession;
  let target: ZkSession;

  beforeAll(async () => {
    fixture = await CopyFixture.start(
      { name: 'copy-a', version: '3.9.6', servers: 3, javaOptions: [TTL_ENABLED, SASL] },
      {
        name: 'copy-b',
        version: '3.9.6',
        servers: 3,
        javaOptions: [`-Djute.maxbuffer=${MAX_BUFFER}`],
      },
    );
    source = await fixture.session(fixture.source, ALICE);
    target = await fixture.session(fixture.target, ALICE);
    await source.create('/fill', Buffer.alloc(0));
    const writer = new OrderedWriter({
      servers: servers(fixture.source),
      shown: fixture.source.connectString,
      auth: [{ scheme: 'digest', credential: ALICE }],
      marker: { path: '/fill', version: 0 },
    });
    const closed = (n: number) => (n % 40 === 0 ? ONLY_ALICE : OPEN);
    const ops: WriteOp[] = [
      create('/app', Buffer.from('root')),
      ...Array.from({ length: NODES }, (_, n) =>
        create(`/app/n${n}`, Buffer.alloc(100, n), closed(n)),
      ),
      ...Array.from({ length: 100 }, (_, n) => create(`/app/n${n * 40}/below`, null, ONLY_ALICE)),
      { kind: 'createContainer', path: '/app/container', data: null, acl: OPEN },
      create('/app/container/child'),
      create('/odd', null),
      { kind: 'createTtl', path: '/odd/ttl', data: null, acl: OPEN, ttlMs: 9_999_999 },
      create('/odd/sasl', null, BY_SASL),
      create('/odd/large', Buffer.alloc(MAX_BUFFER + 200_000)),
    ];
    for (const op of ops) await writer.add(op);
    await writer.flush();
    await writer.close();
    for (let n = 0; n < 5; n++)
      await source.create('/app/n1/q-', Buffer.alloc(0), { sequential: true });
    await source.delete('/app/n1/q-0000000004');
  }, LAB_MS);

  afterAll(() => fixture?.destroy(), LAB_MS);

  const journals = () => {
    const directory = join(fixture.directory, 'state', 'copies');
    const names = existsSync(directory) ? readdirSync(directory) : [];
    return names.filter((name) => !name.endsWith('.lock'));
  };

  async function refused(command: ZkferryCommand): Promise<string> {
    const { code, document } = await command.ended;
    const { message } = (document as { error: { message: string } }).error;
    expect({ code, message }).toMatchObject({ code: 1 });
    return message;
  }

  async function done(command: ZkferryCommand): Promise<Record<string, unknown>> {
    const { code, document, stderr } = await command.ended;
    if (code !== 0) throw new Error(`exit ${code}: ${stderr} ${JSON.stringify(document)}`);
    return document!;
  }

  const same = (sourceRoot: string, targetRoot: string) =>
    fixture.differences({ sourceRoot, targetRoot });

  it('goes on where it was killed, and leaves no trace', async () => {
    const args = ['--execute', '--ops-per-second', '1500'];
    const first = fixture.copy('/app', '/killed', ...args);
    await until(
      'a part to be written',
      async () => ((await target.exists('/killed'))?.numChildren ?? 0) > 500 || undefined,
      30_000,
    );
    expect(await refused(fixture.copy('/app', '/killed', '--execute'))).toMatch(
      /process \d+ is making a copy between the same two/,
    );
    await first.kill('SIGKILL');
    expect(journals()).toHaveLength(1);
    expect(
      await refused(fixture.copy('/app', '/killed', '--execute', '--conflict', 'mirror')),
    ).toMatch(/has not ended .* another --conflict \(it was fail\): .* --start-over/);
    const { resumedAfter } = await done(fixture.copy('/app', '/killed', '--execute'));
    expect(resumedAfter).toBeGreaterThan(400);
    expect(await same('/app', '/killed')).toEqual([]);
    expect(await target.exists('/zkferry')).toBeNull();
    expect(journals()).toEqual([]);
    const next = (session: ZkSession, root: string) =>
      session.create(`${root}/n1/q-`, Buffer.alloc(0), { sequential: true });
    expect(await next(target, '/killed')).toBe('/killed/n1/q-0000000005');
  }, 60_000);

  it('says that others changed the target under a killed copy, and what to do', async () => {
    const first = fixture.copy('/app', '/changed', '--execute', '--ops-per-second', '1500');
    await until(
      'a part to be written',
      async () => ((await target.exists('/changed'))?.numChildren ?? 0) > 500 || undefined,
      30_000,
    );
    await first.kill('SIGKILL');
    const wanted = await source.children('/app');
    const made = new Set(await target.children('/changed'));
    for (const name of wanted.filter((name) => !made.has(name)).slice(0, 10))
      await target.create(`/changed/${name}`, Buffer.alloc(0));
    expect(await refused(fixture.copy('/app', '/changed', '--execute'))).toMatch(
      /NodeExists: somebody else has changed the target since .* --start-over/,
    );
    const again = ['--execute', '--start-over', '--conflict', 'skip'];
    await done(fixture.copy('/app', '/changed', ...again));
    expect(journals()).toEqual([]);
  }, 60_000);

  it('cut off before its last step, the removal of its marker, ends with that', async () => {
    const first = fixture.copy('/app', '/ended', '--execute', '--ops-per-second', '1500');
    await until(
      'the copy to begin',
      async () => (await target.exists('/ended')) ?? undefined,
      30_000,
    );
    await first.kill('SIGKILL');
    // As if all had been written.
    const record = join(fixture.directory, 'state', 'copies', journals()[0]!, 'copy.json');
    const phase = '"phase":"copy"';
    expect(readFileSync(record, 'utf8')).toContain(phase);
    writeFileSync(record, readFileSync(record, 'utf8').replace(phase, '"phase":"done"'));
    const { created, executed } = await done(fixture.copy('/app', '/ended', '--execute'));
    expect({ created, executed }).toEqual({ created: expect.any(Number), executed: true });
    expect(created).toBeGreaterThanOrEqual(NODES);
    expect(await target.exists('/zkferry')).toBeNull();
    expect(journals()).toEqual([]);
  }, 60_000);

  it('given up with --start-over, makes the target equal with --conflict mirror', async () => {
    const first = fixture.copy('/app', '/again', '--execute', '--ops-per-second', '1500');
    await until(
      'a part to be written',
      async () => (await target.exists('/again/n3')) ?? undefined,
      30_000,
    );
    await first.kill('SIGKILL');
    await target.create('/again/foreign', Buffer.alloc(0));
    await target.create('/again/foreign/below', Buffer.alloc(0));
    await target.set('/again/n3', Buffer.from('changed'));
    const auth = ['--target-auth', 'env:TARGET_AUTH'];
    process.env.TARGET_AUTH = ALICE;
    const mirror = ['--execute', '--conflict', 'mirror', '--start-over', ...auth];
    // The foreign node took a number that the source never gave.
    expect(await refused(fixture.copy('/app', '/again', ...mirror))).toMatch(
      /cannot get the source's next sequence number: \/again: the target has given 1 numbers more/,
    );
    // Refused, it has given nothing up: the killed one can still be gone on with.
    expect(journals()).toHaveLength(1);
    expect(await target.exists('/zkferry')).not.toBeNull();
    await source.create('/app/one-more', Buffer.alloc(0));
    await source.delete('/app/one-more');
    const result = await done(fixture.copy('/app', '/again', ...mirror));
    // Beside /n3: what the killed copy had made with an entry of its own.
    expect(result).toMatchObject({ deleted: 2 });
    expect(result.changed).toBeGreaterThanOrEqual(1);
    expect(await same('/app', '/again')).toEqual([]);
  }, 60_000);

  it('over what is there: skip leaves it, overwrite makes it the source’s, neither deletes', async () => {
    await target.create('/over', Buffer.from('mine'));
    await target.create('/over/n1', Buffer.from('mine too'));
    await target.create('/over/only-here', Buffer.alloc(0));
    const exclude = ['--exclude', '/app/n1?*', '--exclude', '/app/n[02-9]*', '--execute'];
    expect(await refused(fixture.copy('/app', '/over', ...exclude))).toMatch(
      /\/over .* has 2 child\(ren\) already \(n1, only-here\): say with --conflict, or in the field conflict of a run/,
    );
    const skipped = await done(fixture.copy('/app', '/over', ...exclude, '--conflict', 'skip'));
    expect(skipped).toMatchObject({ skipped: 2, changed: 0, deleted: 0 });
    expect((await target.get('/over/n1')).data?.toString()).toBe('mine too');
    const over = await done(fixture.copy('/app', '/over', ...exclude, '--conflict', 'overwrite'));
    expect(over).toMatchObject({ changed: 2, deleted: 0 });
    const left = await fixture.differences({
      sourceRoot: '/app',
      targetRoot: '/over',
      exclude: ['/app/n1?*', '/app/n[02-9]*'],
    });
    expect(left.map(({ path }) => path)).toEqual(['/only-here']);
  }, 60_000);

  it('says before it writes what the target does not take', async () => {
    const odd = (target: string, ...exclude: string[]) =>
      refused(
        fixture.copy(
          '/odd',
          target,
          '--execute',
          ...exclude.flatMap((path) => ['--exclude', path]),
        ),
      );
    expect(await odd('/odd', '/odd/sasl', '/odd/large')).toMatch(
      /does not take nodes with a time to live, .*extendedTypesEnabled/,
    );
    expect(await odd('/odd', '/odd/ttl', '/odd/large')).toMatch(
      /does not take the ACL of \/odd\/sasl \(sasl:bob\)/,
    );
    expect(await odd('/odd', '/odd/ttl', '/odd/sasl')).toMatch(
      /does not take \/odd\/large \(600000 bytes of data; its jute.maxbuffer is smaller\)/,
    );
    expect(await odd('/missing/odd')).toMatch(/\/missing does not exist at/);
    process.env.NOT_SUPER = 'super:guessed';
    expect(
      await refused(fixture.copy('/app', '/odd', '--execute', '--target-auth', 'env:NOT_SUPER')),
    ).toMatch(/does not take the credential of "super" in --target-auth/);
    await target.create('/hers', Buffer.alloc(0), { acl: ONLY_ALICE });
    expect(await refused(fixture.copy('/app', '/hers/copy', '--execute'))).toMatch(
      /the ACL of \/hers .* does not let the copy work there: give --target-auth/,
    );
    expect(await target.exists('/odd')).toBeNull();
    expect(await target.exists('/zkferry')).toBeNull();
    expect(journals()).toEqual([]);
  }, 60_000);

  it('follows: what is written later is there as well, until it is stopped', async () => {
    const follower = fixture.copy('/app', '/followed', '--execute', '--follow');
    await until(
      'the copy to be made',
      async () => ((await target.exists('/followed'))?.numChildren ?? 0) >= NODES || undefined,
      30_000,
    );
    await source.set('/app/n2', Buffer.from('later'));
    await source.setAcl('/app/n2', ONLY_ALICE);
    await source.create('/app/n2/child', Buffer.from('x'), { acl: ONLY_ALICE });
    await source.create('/app/n7/lock-', Buffer.alloc(0), { ephemeral: true, sequential: true });
    await source.delete('/app/n9');
    await source.create('/app/last', Buffer.alloc(0));
    await until(
      'the last of them to arrive',
      async () => (await target.exists('/followed/last')) ?? undefined,
      10_000,
    );
    const { code, document } = await follower.kill('SIGTERM');
    expect(code).toBe(0);
    expect(document).toMatchObject({ complete: true, resyncs: 0 });
    expect(await same('/app', '/followed')).toEqual([]);
    expect(await target.exists('/zkferry')).toBeNull();
    expect(journals()).toEqual([]);
  }, 60_000);

  it('follows on after the last transaction, where its process was killed', async () => {
    const begin = () => fixture.copy('/app', '/resumed', '--execute', '--follow');
    const arrived = (path: string) =>
      until(
        () => `${path} to arrive; the follower says ${follower.stderr}`,
        async () => (await target.exists(path)) ?? undefined,
        30_000,
      );
    let follower = begin();
    await arrived('/resumed/last');
    await source.create('/app/n3/held', Buffer.alloc(0), { ephemeral: true });
    await source.create('/app/before', Buffer.alloc(0));
    await arrived('/resumed/before');
    await follower.kill('SIGKILL');
    // A copy holds no ephemerals: who does not know that this was one would look for it there.
    await source.delete('/app/n3/held');
    await source.set('/app/n3', Buffer.from('meanwhile'));
    await source.create('/app/after', Buffer.alloc(0));
    follower = begin();
    await arrived('/resumed/after');
    const { code, document, stderr } = await follower.kill('SIGTERM');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(document).toMatchObject({ complete: true, resyncs: 0 });
    expect(document?.resumedFrom).toMatch(/^0x/);
    expect(await same('/app', '/resumed')).toEqual([]);
    expect(journals()).toEqual([]);
  }, 60_000);

  it('says when others changed a followed target beyond repair, though nothing more is written', async () => {
    const follower = fixture.copy('/app', '/spoilt', '--execute', '--follow');
    const arrived = (path: string) =>
      until(
        () => `${path} to arrive; the follower says ${follower.stderr}`,
        async () => (await target.exists(path)) ?? undefined,
        20_000,
      );
    await source.create('/app/mark', Buffer.alloc(0));
    await arrived('/spoilt/mark');
    await source.create('/app/followed', Buffer.alloc(0));
    await arrived('/spoilt/followed');
    await target.delete('/spoilt/n11');
    await source.set('/app/n11', Buffer.from('still here'));
    const { code, document } = await follower.ended;
    expect(code).toBe(1);
    // To make the node again takes a number of its parent.
    expect(document).toMatchObject({
      error: { type: 'Refused', message: expect.stringMatching(/\/spoilt: .* 1 numbers more/) },
    });
  }, 60_000);
});
