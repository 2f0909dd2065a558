/** A picture of everything a run could change on a lab's hosts, to prove that it changed nothing. */
import { strict as assert } from 'node:assert';
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import type { Lab } from '../../../src/lab/lab';

/** Below a host's directory: all that runs write; the servers themselves write elsewhere. */
const WATCHED = ['etc', 'opt/zookeeper', 'var/lib/zkferry', 'var/backups'];

export interface Picture {
  /** By server: pid and version of what runs; absent where nothing does. */
  running: Record<string, string | undefined>;
  /** By path: what changes whenever a file is written, replaced, or given other rights. */
  files: Record<string, string>;
}

export async function pictureOf(lab: Lab): Promise<Picture> {
  const zookeeper = createZooKeeperAdapter();
  const running = await Promise.all(
    lab.members.map(async (server) => {
      const ref = lab.serverProcess(server.name);
      const { version } = await zookeeper.probe(server);
      return [server.name, ref && `pid ${ref.pid}, ${version ?? 'not serving'}`] as const;
    }),
  );
  const files: Record<string, string> = {};
  for (const { directory } of lab.members)
    for (const part of WATCHED) look(join(directory, part), files);
  return { running: Object.fromEntries(running), files };
}

function look(path: string, into: Record<string, string>): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  const { ino, mode, size, mtimeMs, ctimeMs } = found;
  into[path] = found.isDirectory()
    ? `directory ${mode}, ${mtimeMs}`
    : `${ino} ${mode} ${size} ${mtimeMs} ${ctimeMs}${found.isSymbolicLink() ? ` → ${readlinkSync(path)}` : ''}`;
  if (found.isDirectory()) for (const name of readdirSync(path)) look(join(path, name), into);
}

/** Runs `work` and proves that servers, packages, configurations and state directories are as before. */
export async function leavesUntouched<T>(lab: Lab, work: () => Promise<T>): Promise<T> {
  const before = await pictureOf(lab);
  assert.ok(Object.keys(before.files).length > 100, 'the picture is too small to prove anything');
  const result = await work();
  assert.deepEqual(await pictureOf(lab), before);
  return result;
}
