/** A copy keeps what a tree is made of: data, ACLs, node types, counters, whatever the names. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OrderedWriter } from '../../src/adapters/bulk/orderedWriter';
import { copyTree } from '../../src/adapters/copy/copyTree';
import type { CopyJob, CopyOptions, CopyResult } from '../../src/adapters/copy/options';
import { diffTrees } from '../../src/adapters/diff/diffTrees';
import { ClientSource } from '../../src/adapters/source/clientSource';
import { TapSource } from '../../src/adapters/source/tapSource';
import { digestId } from '../../src/adapters/zookeeper/ownedNodes';
import { openSession } from '../../src/adapters/zookeeper/session';
import type { WriteOp } from '../../src/codec/clientRequests';
import type { Lab } from '../../src/lab/lab';
import type { ZkAcl, ZkSession } from '../../src/model/ports';
import { Selection, type SelectionOptions } from '../../src/tree/copy/selection';
import type { Difference } from '../../src/tree/diff/compare';
import { addressesOf, startLab } from './support';

const ALICE = 'alice:wonderland';
const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const ONLY_ALICE: ZkAcl[] = [{ perms: 31, scheme: 'digest', id: digestId(ALICE) }];
const MAY_READ: ZkAcl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }, ...ONLY_ALICE];
const BY_ADDRESS: ZkAcl[] = [{ perms: 31, scheme: 'ip', id: '127.0.0.0/8' }];
const LAB_MS = 120_000;

describe('copy and diff by the quorum port', () => {
  let lab: Lab;
  let session: ZkSession;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-copy-'));
    lab = await startLab({
      name: 'copy39',
      version: '3.9.6',
      servers: 3,
      javaOptions: ['-Dzookeeper.extendedTypesEnabled=true'],
    });
    session = await openSession({
      servers: addressesOf(lab),
      auth: [{ scheme: 'digest', credential: ALICE }],
    });
    await makeTree();
  }, LAB_MS);

  afterAll(async () => {
    await session?.close();
    await lab?.destroy();
    rmSync(directory, { recursive: true, force: true });
  }, LAB_MS);

  const shown = () => lab.connectString;
  const openTap = () => TapSource.open(shown(), { servers: addressesOf(lab), directory });
  const openByClient = (root: string, auth: CopyJob['target']['auth'] = []) =>
    new ClientSource({ servers: addressesOf(lab), shown: shown(), auth, root });

  function copy(
    paths: SelectionOptions,
    options: Partial<CopyOptions> = {},
    job: Partial<CopyJob> = {},
  ): Promise<CopyResult> {
    return copyTree(
      {
        source: shown(),
        openSource: openTap,
        target: { servers: addressesOf(lab), shown: shown(), auth: [] },
        openTarget: openTap,
        selection: new Selection(paths),
        ...job,
      },
      { execute: true, journals: join(directory, 'copies'), spool: directory, ...options },
    );
  }

  async function differences(paths: SelectionOptions): Promise<Difference[]> {
    const source = await openTap();
    try {
      const found = await diffTrees(source, source, new Selection(paths), { directory });
      const all: Difference[] = [];
      for await (const difference of found.differences) all.push(difference);
      await found.close();
      return all;
    } finally {
      await source.close();
    }
  }

  async function makeTree(): Promise<void> {
    await session.create('/fill', Buffer.alloc(0));
    const writer = new OrderedWriter({
      servers: addressesOf(lab),
      shown: shown(),
      auth: [{ scheme: 'digest', credential: ALICE }],
      marker: { path: '/fill', version: 0 },
    });
    const create = (path: string, data: Buffer | null = null, acl = OPEN): WriteOp => ({
      kind: 'create',
      path,
      data,
      acl,
    });
    const ops: WriteOp[] = [
      create('/app', Buffer.from('root')),
      create('/app/null'),
      create('/app/empty', Buffer.alloc(0)),
      create('/app/large', Buffer.alloc(900_000, 7)),
      create('/app/secret', Buffer.from('hers'), ONLY_ALICE),
      create('/app/secret/below', Buffer.from('hers too'), ONLY_ALICE),
      create('/app/secret/open', Buffer.from('for all')),
      create('/app/readable', Buffer.from('look'), MAY_READ),
      create('/app/readable/child', null, BY_ADDRESS),
      { kind: 'createContainer', path: '/app/container', data: Buffer.from('c'), acl: OPEN },
      create('/app/container/child'),
      { kind: 'createTtl', path: '/app/ttl', data: null, acl: MAY_READ, ttlMs: 3_600_000 },
      ...Array.from({ length: 51 }, (_, depth) => create(`/app/deep${'/d'.repeat(depth)}`)),
      create('/app/names'),
      ...[
        ' ',
        '%',
        '[x]',
        '{a,b}',
        '*',
        'ä€漢字',
        '..x',
        '~',
        '"',
        "'",
        '\\',
        'zkferry',
        'zookeeper',
      ].map((name) => create(`/app/names/${name}`, Buffer.from(name))),
      create('/app/queue'),
      create('/app/many'),
      ...Array.from({ length: 3_000 }, (_, n) => create(`/app/many/n${n}`, Buffer.alloc(256, n))),
    ];
    for (const op of ops) await writer.add(op);
    await writer.flush();
    await writer.close();
    for (let n = 0; n < 7; n++)
      await session.create('/app/queue/q-', Buffer.alloc(0), { sequential: true });
    for (const n of [1, 2, 6]) await session.delete(`/app/queue/q-000000000${n}`);
    await session.create('/app/lease', Buffer.alloc(0), { ephemeral: true });
  }

  it('counts, and writes nothing, unless told to execute', async () => {
    const result = await copy({ sourceRoot: '/app', targetRoot: '/dry' }, { execute: false });
    expect(result).toMatchObject({ executed: false, containers: 1, ttls: 1, counterPairs: 4 });
    expect(result.ephemerals).toMatchObject({
      count: 1,
      listed: [{ path: '/app/lease', owner: session.sessionId }],
    });
    expect(await session.exists('/dry')).toBeNull();
    expect(await session.exists('/zkferry')).toBeNull();
  });

  it('leaves two trees without a difference, and no trace of itself', async () => {
    const result = await copy({ sourceRoot: '/app', targetRoot: '/copied' });
    expect(result).toMatchObject({ executed: true, nodes: 3_083 });
    expect(await differences({ sourceRoot: '/app', targetRoot: '/copied' })).toEqual([]);
    expect(await session.exists('/zkferry')).toBeNull();
    const next = (root: string) =>
      session.create(`${root}/queue/q-`, Buffer.alloc(0), { sequential: true });
    expect(await next('/copied')).toBe('/copied/queue/q-0000000007');
    expect(await next('/app')).toBe('/app/queue/q-0000000007');
  });

  it('a diff names every kind of difference, in the order of the paths', async () => {
    await copy({
      sourceRoot: '/app',
      targetRoot: '/changed',
      exclude: ['/app/many/**', '/app/large'],
    });
    await session.set('/changed/empty', Buffer.from('x'));
    await session.setAcl('/changed/null', MAY_READ);
    await session.delete('/changed/ttl');
    await session.create('/changed/ttl', Buffer.alloc(0), { acl: MAY_READ });
    await session.create('/changed/new', Buffer.alloc(0));
    const selection = {
      sourceRoot: '/app',
      targetRoot: '/changed',
      exclude: ['/app/many/**', '/app/large'],
    };
    const found = (await differences(selection)).map((difference) => [
      difference.path,
      difference.kind === 'different' ? difference.fields : difference.kind,
    ]);
    expect(found).toEqual([
      ['/', ['nextSequence']],
      ['/empty', ['data']],
      ['/new', 'onlyInTarget'],
      ['/null', ['acl']],
      ['/ttl', ['data', 'type']],
    ]);
  });

  it('refuses a target that is taken, a missing parent, a missing source, and a large node, before it writes', async () => {
    const refused = (sourceRoot: string, targetRoot: string, options: Partial<CopyOptions> = {}) =>
      expect(copy({ sourceRoot, targetRoot }, options)).rejects;
    await refused('/app', '/copied').toThrow(/\/copied .* has \d+ child/);
    await refused('/app', '/nowhere/below').toThrow(/\/nowhere does not exist/);
    await refused('/none', '/copied2').toThrow(/\/none does not exist/);
    await refused('/app', '/small', { maxRequestBytes: 100_000 }).toThrow(
      /\/app\/large \(900000 bytes\)/,
    );
    await refused('/app', '/raise', { maxCounterRaise: 3 }).toThrow(
      /4 creates and deletes, more than 3/,
    );
    expect(await session.exists('/small')).toBeNull();
    expect(await session.exists('/raise')).toBeNull();
  });

  it('read through the client port: refused where an ACL is not shown whole, whole with its administrator', async () => {
    const read = (targetRoot: string, auth: CopyJob['target']['auth']) =>
      copy(
        { sourceRoot: '/app', targetRoot },
        {},
        { openSource: () => Promise.resolve(openByClient('/app', auth)) },
      );
    await expect(read('/stranger', [])).rejects.toMatchObject({ type: 'ZooKeeperAuthFailed' });
    expect(await session.exists('/stranger')).toBeNull();
    await read('/known', [{ scheme: 'digest', credential: ALICE }]);
    const left = await differences({ sourceRoot: '/app', targetRoot: '/known' });
    // The client port does not tell containers and TTL nodes.
    expect(left.map(({ path }) => path)).toEqual(['/container', '/ttl']);
  });
});
