/** Copies of trees that other copiers stumble over: equal afterwards, and the next sequence numbers too. */
import { strict as assert } from 'node:assert';
import { OrderedWriter } from '../../src/adapters/bulk/orderedWriter';
import { digestId } from '../../src/adapters/zookeeper/ownedNodes';
import type { WriteOp } from '../../src/codec/clientRequests';
import type { Lab, LabOptions } from '../../src/lab/lab';
import type { ZkAcl, ZkSession } from '../../src/model/ports';
import { atLeast } from '../../src/model/version';
import { CopyFixture, servers, SUPER, SUPER_OPTION, TTL_ENABLED } from '../support/copyFixture';
import { propertyCases } from './properties';
import type { Case } from '../upgrade/cases/types';

const ALICE = 'alice:wonderland';
const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const DIGEST: ZkAcl[] = [{ perms: 31, scheme: 'digest', id: digestId(ALICE) }];
const BY_ADDRESS: ZkAcl[] = [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }];
const COUNTERS = [
  { path: '/t/seq/plain', creates: 12, deletes: [] },
  { path: '/t/seq/holes', creates: 20, deletes: [0, 3, 19] },
  { path: '/t/seq/empty', creates: 300, deletes: Array.from({ length: 300 }, (_, n) => n) },
];

const create = (path: string, data: Buffer | null = null, acl = OPEN): WriteOp => ({
  kind: 'create',
  path,
  data,
  acl,
});

/** Every character that a path may hold (PathUtils.java), a hundred to a name. */
function* legalNames(): Generator<string> {
  const ranges = [
    [0x20, 0x7e],
    [0xa0, 0xd7ff],
    [0xf900, 0xffef],
  ] as const;
  let name = '';
  for (const [first, last] of ranges)
    for (let code: number = first; code <= last; code += 1) {
      if (code !== 0x2f) name += String.fromCharCode(code);
      if (name.length < 100) continue;
      yield name;
      name = '';
    }
  yield name;
}

function* tree(withTypes: boolean): Generator<WriteOp> {
  yield create('/t', Buffer.from('root'));
  for (let n = 0; n < 100; n += 1) {
    yield create(`/t/p${n}`);
    for (let m = 0; m < 1_000; m += 1) yield create(`/t/p${n}/n${m}`, Buffer.alloc(256, m));
  }
  yield create('/t/wide');
  for (let n = 0; n < 100_000; n += 1) yield create(`/t/wide/child-${n}`);
  yield create('/t/large');
  for (let n = 0; n < 200; n += 1) yield create(`/t/large/n${n}`, Buffer.alloc(900_000, n));
  yield create('/t/acl', null, DIGEST);
  for (let n = 0; n < 1_000; n += 1) {
    yield create(`/t/acl/d${n}`, Buffer.from('hers'), DIGEST);
    yield create(`/t/acl/d${n}/ip`, Buffer.from('there'), BY_ADDRESS);
  }
  yield create('/t/names');
  for (const name of legalNames()) yield create(`/t/names/${name}`);
  for (let depth = 1, path = '/t/deep'; depth <= 50; depth += 1, path += '/d') yield create(path);
  yield create('/t/seq');
  for (const { path } of COUNTERS) yield create(path);
  yield create('/t/empty', Buffer.alloc(0));
  if (!withTypes) return;
  yield { kind: 'createContainer', path: '/t/container', data: Buffer.from('c'), acl: OPEN };
  yield create('/t/container/child');
  yield { kind: 'createTtl', path: '/t/ttl', data: null, acl: DIGEST, ttlMs: 86_400_000 };
}

async function fill(lab: Lab, session: ZkSession, withTypes: boolean): Promise<void> {
  await session.create('/fill', Buffer.alloc(0));
  const writer = new OrderedWriter({
    servers: servers(lab),
    shown: lab.connectString,
    auth: [{ scheme: 'digest', credential: ALICE }],
    marker: { path: '/fill', version: 0 },
  });
  for (const op of tree(withTypes)) await writer.add(op);
  await writer.flush();
  await writer.close();
  const number = (n: number) => String(n).padStart(10, '0');
  for (const { path, creates, deletes } of COUNTERS) {
    for (let n = 0; n < creates; n += 1)
      await session.create(`${path}/s-`, Buffer.alloc(0), { sequential: true });
    for (const n of deletes) await session.delete(`${path}/s-${number(n)}`);
  }
  await session.create('/t/ephemeral', Buffer.alloc(0), { ephemeral: true });
}

// 180 MB in nodes of 900,000 bytes: one server alone with a heap of 1 GB has run out of it, and ended itself.
const javaOptions = ['-Xmx2g', '-Djute.maxbuffer=8000000', TTL_ENABLED, SUPER_OPTION];

const copies = (from: string, to: string, targetServers: number): Case => ({
  name: `every kind of node, ${from} to ${targetServers === 1 ? 'a standalone ' : ''}${to}`,
  run: async () => {
    const withTypes = atLeast(from, '3.6.0') && atLeast(to, '3.6.0');
    const options = (name: string, version: string, count: number): LabOptions => ({
      ...{ name, version, servers: count, javaOptions },
    });
    const fixture = await CopyFixture.start(
      options('copies-a', from, 3),
      options('copies-b', to, targetServers),
    );
    try {
      const { source, target } = fixture;
      const there = await fixture.session(source, ALICE);
      await fill(source, there, withTypes);
      process.env.TARGET_AUTH = SUPER;
      const auth = targetServers === 1 ? ['--target-auth', 'env:TARGET_AUTH'] : [];
      const { code, document, stderr } = await fixture.copy('/t', '/copy', '--execute', ...auth)
        .ended;
      assert.equal(code, 0, `${stderr} ${JSON.stringify(document)?.slice(0, 2_000)}`);
      assert.equal((document?.ephemerals as { count: number }).count, 1);
      const left = await fixture.differences({ sourceRoot: '/t', targetRoot: '/copy' });
      assert.deepEqual(left.slice(0, 5), []);
      const here = await fixture.session(target, ALICE);
      const next = async (session: ZkSession, path: string) =>
        (await session.create(`${path}/s-`, Buffer.alloc(0), { sequential: true })).slice(-10);
      for (const { path } of [...COUNTERS, { path: '/t/wide' }, { path: '/t' }])
        assert.equal(await next(here, path.replace('/t', '/copy')), await next(there, path), path);
    } finally {
      await fixture.destroy();
    }
  },
});

export const copyCases: Case[] = [
  ...propertyCases({
    'tree/dataTree': 2_000,
    'tree/overlay': 2_000,
    'tree/merge': 2_000,
    'diff/diffTrees': 1_000,
  }),
  copies('3.9.6', '3.9.6', 3),
  copies('3.9.6', '3.9.6', 1),
  copies('3.4.14', '3.9.6', 3),
  copies('3.5.10', '3.8.6', 3),
  copies('3.8.6', '3.4.14', 3),
];
