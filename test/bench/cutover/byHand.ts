/**
 * The move as a person does it with zk-shell, but without the time that a person takes: the clients are stopped, the tree is
 * mirrored into a file and out of it into the new ensemble, which runs, the clients' file is edited, they are started again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askWord } from '../../../src/adapters/zookeeper/fourLetterClient';
import { createLab, type Lab } from '../../../src/lab/lab';
import { startLoad } from '../../../src/lab/load/startLoad';
import { until } from '../../support/until';
import { atEnd } from '../cleanup';
import { round } from '../figure';
import { ensureZkShell, mirrorUrls } from '../peers/zkShell';
import { znodesIn } from '../sampleTree';
import { acknowledgedAt } from './clients';
import { fill, FROM, JAVA_OPTIONS, ROOT, SESSION_TIMEOUT_MS, SETTINGS, TO } from './sides';

/** Written before it is stopped. */
const WRITES_BEFORE = 600;
const WORD_TIMEOUT_MS = 10_000;

export interface ByHand {
  outageMs: number;
  exportMs: number;
  importMs: number;
}

/** Undefined, and said why, where zk-shell cannot be had. */
export async function byHand(nodes: number): Promise<ByHand | undefined> {
  const program = await ensureZkShell();
  if (program === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-by-hand-'));
  const place = { settings: SETTINGS, javaOptions: JAVA_OPTIONS, servers: 3 };
  const [source, target] = await Promise.all([
    createLab({ name: 'hand-old', version: FROM, ...place }),
    createLab({ name: 'hand-new', version: TO, ...place }),
  ]);
  const destroy = atEnd(async () => {
    await Promise.all([source.destroy(), target.destroy()]);
    rmSync(directory, { recursive: true, force: true });
  });
  try {
    await Promise.all([source.start(), target.start()]);
    await fill(source, nodes);
    return await moveByHand(program, { source, target, directory, nodes });
  } finally {
    await destroy();
  }
}

interface ByHandPlace {
  source: Lab;
  target: Lab;
  directory: string;
  nodes: number;
}

async function moveByHand(
  program: string,
  { source, target, directory, nodes }: ByHandPlace,
): Promise<ByHand> {
  const clientsOf = (name: string, { connectString }: Lab) =>
    startLoad({
      ...{ connectString, directory: join(directory, name), root: `${ROOT}/load` },
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
  const before = await clientsOf('before', source);
  const written = () => before.stats().ackedWrites >= WRITES_BEFORE || undefined;
  await until(`${WRITES_BEFORE} writes`, written, 60_000);
  await before.stop();
  const file = `json://${join(directory, 'tree.json').replaceAll('/', '!')}${ROOT}`;
  const [from, to] = [addressIn(source), addressIn(target)];
  const exportMs = await mirrorUrls(program, from, `zk://${from}${ROOT}`, file);
  const importMs = await mirrorUrls(program, to, file, `zk://${to}${ROOT}`);
  const after = await clientsOf('after', target);
  await after.stop();
  await refuseIncomplete(target, nodes);
  const [last, first] = await Promise.all([
    acknowledgedAt(before.journalPath).then((times) => times.at(-1)!),
    acknowledgedAt(after.journalPath).then((times) => times[0]!),
  ]);
  return {
    outageMs: round(first - last, 0),
    exportMs: round(exportMs, 0),
    importMs: round(importMs, 0),
  };
}

/** zk-shell goes on where a node could not be written. */
async function refuseIncomplete({ members }: Lab, nodes: number): Promise<void> {
  const answer = await askWord(members[0]!, 'srvr', { timeoutMs: WORD_TIMEOUT_MS });
  const [, count] = /^Node count: (\d+)$/m.exec(answer.kind === 'reply' ? answer.text : '') ?? [];
  if (Number(count) < znodesIn(nodes))
    throw new Error(`zk-shell has moved ${count} of ${znodesIn(nodes)} nodes`);
}

function addressIn({ members }: Lab): string {
  const { host, clientPort } = members[0]!;
  return `${host}:${clientPort}`;
}
