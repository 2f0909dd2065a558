/** A target whose disk fills up in the middle of a copy. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrderedWriter } from '../../src/adapters/bulk/orderedWriter';
import { copyTree } from '../../src/adapters/copy/copyTree';
import type { CopyJob } from '../../src/adapters/copy/options';
import { ClientSource } from '../../src/adapters/source/clientSource';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab } from '../../src/lab/lab';
import type { ZkferryError } from '../../src/model/errors';
import type { ZkAcl } from '../../src/model/ports';
import { Selection } from '../../src/tree/copy/selection';
import { CopyFixture, servers } from '../support/copyFixture';

const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const NODES = 4_000;
const NODE_BYTES = 2_000;
/**
 * By how much the target's log grows at once: more than is in flight, since 3.9.6 writes a byte of padding into
 * its own transactions otherwise (FilePadding.java, FileTxnLog.java), and less than the copy takes.
 */
const GROWTH_KIBIBYTES = 4_096;
/** Most of one file, in blocks of 512 bytes: zkServer.sh asks for POSIX. The first growth, not the second. */
const MOST_BLOCKS = 10_000;
const PATIENCE_MS = 3_000;
const LAB_MS = 120_000;

describe('a full target', () => {
  let fixture: CopyFixture;

  beforeAll(async () => {
    fixture = await CopyFixture.start(
      { name: 'full-source', version: '3.9.6', servers: 1 },
      {
        ...{ name: 'full-target', version: '3.9.6', servers: 1 },
        settings: { preAllocSize: String(GROWTH_KIBIBYTES) },
      },
    );
    const session = await fixture.session(fixture.source);
    await session.create('/fill', Buffer.alloc(0));
    const writer = new OrderedWriter({
      servers: servers(fixture.source),
      shown: fixture.source.connectString,
      auth: [],
      marker: { path: '/fill', version: 0 },
    });
    await writer.add({ kind: 'create', path: '/app', data: null, acl: OPEN });
    for (let n = 0; n < NODES; n += 1)
      await writer.add({
        kind: 'create',
        path: `/app/n${n}`,
        data: Buffer.alloc(NODE_BYTES, n),
        acl: OPEN,
      });
    await writer.flush();
    await writer.close();
  }, LAB_MS);

  afterAll(() => fixture?.destroy(), LAB_MS);

  /** What the command line makes of the same, but for its patience. */
  function job(): CopyJob {
    const { source, target } = fixture;
    const by = (lab: Lab) => ({ servers: servers(lab), shown: lab.connectString, auth: [] });
    return {
      source: source.connectString,
      openSource: () => Promise.resolve(new ClientSource({ ...by(source), root: '/app' })),
      target: by(target),
      openTarget: () => Promise.resolve(new ClientSource({ ...by(target), root: '/copy' })),
      selection: new Selection({ sourceRoot: '/app', targetRoot: '/copy', ownRoot: '/zkferry' }),
    };
  }

  it('is named with what to do, and the same command finishes the copy afterwards', async () => {
    const { target } = fixture;
    const [server] = target.members;
    const environment = join(hostPaths(server!.directory).config, 'java.env');
    const before = readFileSync(environment, 'utf8');
    await target.stopServer('zk1');
    appendFileSync(environment, `ulimit -f ${MOST_BLOCKS}\n`);
    await target.startServer('zk1');
    await target.waitServing();

    const failure = await copyTree(job(), {
      execute: true,
      journals: join(fixture.directory, 'state', 'copies'),
      spool: fixture.directory,
      stallTimeoutMs: PATIENCE_MS,
    }).catch((error: ZkferryError) => error);
    expect(failure).toMatchObject({ type: 'ZooKeeperUnavailable', retryable: true });
    expect((failure as ZkferryError).message).toMatch(
      new RegExp(
        `^${target.connectString} has acknowledged nothing for 3 s: .* ECONNREFUSED.*have disk space left.*the same command again`,
      ),
    );
    expect(target.isRunning('zk1')).toBe(false);

    writeFileSync(environment, before);
    await target.startServer('zk1');
    await target.waitServing();
    const again = fixture.copy('/app', '/copy', '--read-by', 'client', '--execute');
    const { code, document, stderr } = await again.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(document?.resumedAfter).toBeGreaterThan(0);
    expect(await fixture.differences({ sourceRoot: '/app', targetRoot: '/copy' })).toEqual([]);
    expect(await (await fixture.session(target)).exists('/zkferry')).toBeNull();
  }, 60_000);
});
