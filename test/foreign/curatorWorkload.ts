/** What a CuratorWorkload says, and what must hold of it in the end. */
import { strict as assert } from 'node:assert';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { LabServer } from '../../src/lab/labState';
import type { ZkSession } from '../../src/model/ports';
import { until } from '../support/until';
import { JavaProgram } from './javaProgram';

const ROOT = '/curator';
const SESSION_TIMEOUT_MS = 20_000;
const DEADLINE_MS = 120_000;

/** Two, so that a lock has a contender. */
export const CONTENDERS = ['ann', 'bob'] as const;

export interface CuratorSays {
  name: string;
  session: string;
  /** Times that it led, held the mutex, changed the tree. */
  led: number;
  held: number;
  changes: number;
  suspended: number;
  /** Sessions that Curator took for lost. */
  lost: number;
  violations: number;
  firstViolation: string;
  problems: string[];
  quiet: boolean;
  /** By path: version and data; said once it is quiet. */
  cache?: Record<string, string>;
}

export type Contender = JavaProgram<CuratorSays>;

export function startContender(
  classPath: string,
  name: string,
  connectString: string,
  directory: string,
): Contender {
  mkdirSync(directory, { recursive: true });
  return new JavaProgram<CuratorSays>({
    classPath,
    mainClass: 'CuratorWorkload',
    args: [connectString, name, String(SESSION_TIMEOUT_MS), directory],
    logFile: join(directory, `${name}.log`),
  });
}

/** Each kind of work goes on, counted from `since`. */
export async function worksOn(contender: Contender, since?: CuratorSays): Promise<CuratorSays> {
  const { led, held, changes } = since ?? { led: 0, held: 0, changes: 0 };
  return contender.until(
    'it leads, holds and changes more',
    (now) => now.led > led && now.held > held && now.changes > changes + 10,
    DEADLINE_MS,
  );
}

/** Zxid of the creation of each contender's PersistentNode; throws where one is gone or has other data. */
export async function persistentNodes(servers: LabServer[]): Promise<Record<string, string>> {
  return withSession(servers, async (session) => {
    const created: Record<string, string> = {};
    for (const name of CONTENDERS) {
      const { data, stat } = await session.get(`${ROOT}/nodes/${name}`);
      assert.equal(String(data), `kept by ${name}`);
      created[name] = stat.czxid;
    }
    return created;
  });
}

/** By path: version and data, as a CuratorCache has it. */
function treeOf(servers: LabServer[]): Promise<Record<string, string>> {
  return withSession(servers, async (session) => {
    await session.sync(ROOT);
    const tree: Record<string, string> = {};
    for (const name of (await session.children(`${ROOT}/tree`)).sort()) {
      const path = `${ROOT}/tree/${name}`;
      const { data, stat } = await session.get(path);
      tree[path] = `${stat.version} ${String(data)}`;
    }
    return tree;
  });
}

/** Once all are quiet: never two holders, sessions as at the start, and caches that come to equal the tree. */
export async function assertCurator(
  contenders: Contender[],
  before: CuratorSays[],
  servers: LabServer[],
): Promise<CuratorSays[]> {
  for (const contender of contenders) contender.tell('quiet');
  for (const contender of contenders)
    await contender.until('it is quiet', ({ cache }) => cache !== undefined, DEADLINE_MS);
  const tree = await treeOf(servers);
  assert.ok(Object.keys(tree).length > 0, 'the tree is empty: its caches prove nothing');
  const wanted = JSON.stringify(tree);
  const ends: CuratorSays[] = [];
  for (const [index, contender] of contenders.entries()) {
    const end = await contender.until(
      `its cache equals ${wanted}`,
      ({ cache }) => cache !== undefined && JSON.stringify(cache) === wanted,
      DEADLINE_MS,
    );
    assert.equal(end.violations, 0, end.firstViolation);
    assert.deepEqual(end.problems, []);
    assert.equal(end.lost, 0, `${end.name} lost its session`);
    assert.equal(end.session, before[index]?.session, `${end.name} has another session`);
    ends.push(end);
  }
  return ends;
}

async function withSession<T>(
  servers: LabServer[],
  work: (session: ZkSession) => Promise<T>,
): Promise<T> {
  // A server that has just come to serve may refuse the first session.
  const session = await until(
    'a session',
    () =>
      createZooKeeperAdapter()
        .openSession({ servers })
        .catch(() => undefined),
    DEADLINE_MS,
  );
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
