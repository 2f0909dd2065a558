/** Makes labs, and finds those that other processes made. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { DirectoryStore } from '../adapters/repository/directoryStore';
import { createRepository } from '../adapters/repository/openRepository';
import { ZkferryError } from '../model/errors';
import { atLeast, versionSchema } from '../model/version';
import { parseOrThrow } from '../model/validation';
import { allocateBlock, releaseBlock } from './addresses';
import { ensureArchive, javaHome } from './bootstrap';
import { removeClientFences } from './clientFences';
import { CLIENT_PORT, ELECTION_PORT, QUORUM_PORT, SSH_PORT } from './hostFiles';
import { installServer, makeBareHost, superDigestOption } from './hosts';
import { Lab } from './labEnsemble';
import { LAB_REPOSITORY } from './labInventory';
import {
  assertLabName,
  findLabState,
  labDirectory,
  readLabState,
  removeLabState,
  writeLabState,
  type LabServer,
  type LabState,
} from './labState';
import { isAlive, processRef } from './processes';
import { makeKeys } from './sshd';

export { Lab } from './labEnsemble';
export type { LabServer } from './labState';

/** Observers and spares included; one loopback block holds no more. */
const MAX_SERVERS = 64;

export interface LabOptions {
  /** 1–31 letters, digits, `_` or `-`; also the ensemble's name in the inventory. */
  name: string;
  /** Release every host starts with, 3.4.14 … 3.9.x. */
  version: string;
  /** Voting members. */
  servers: number;
  observers?: number;
  /** Hosts with sshd and directories, without ZooKeeper, in the inventory as spares. */
  spares?: number;
  /** The spares are the servers of another ensemble of this name: where the lab's own is moved to. */
  otherSide?: string;
  /** The other side is an ensemble of its own, of this release, that has never run; without it bare hosts. */
  otherVersion?: string;
  /** Where the lab lies; default `<state>/labs/<name>`. */
  directory?: string;
  /** zoo.cfg settings added to or replacing the lab's own; {host} in a value is each server's own address. */
  settings?: Record<string, string>;
  /** JVM flags added to SERVER_JVMFLAGS. */
  javaOptions?: string[];
  /** reconfigEnabled, with a superuser whose credential the inventory refers to. 3.5+. Default false. */
  reconfig?: boolean;
  /** False leaves `4lw.commands.whitelist` out of zoo.cfg. Default true. */
  whitelist?: boolean;
  /** A watcher on each host restarts the server whenever it is down and not masked. Default false. */
  supervised?: boolean;
  /** The lab outlives this process and is not replaced by a later one of its name. Default false. */
  keep?: boolean;
}

function planServers(options: LabOptions, directory: string, block: string): LabServer[] {
  const { servers, observers = 0, spares = 0 } = options;
  return Array.from({ length: servers + observers + spares }, (_, index) => ({
    name: `zk${index + 1}`,
    id: index + 1,
    host: `${block}.${index + 1}`,
    clientPort: CLIENT_PORT,
    sshPort: SSH_PORT,
    directory: join(directory, 'hosts', `zk${index + 1}`),
    role:
      index >= servers && index < servers + observers
        ? ('observer' as const)
        : ('participant' as const),
    spare: index >= servers + observers,
  }));
}

function checkOptions(options: LabOptions): void {
  assertLabName(options.name);
  parseOrThrow(versionSchema, options.version, 'the lab version');
  const { servers, observers = 0, spares = 0, reconfig = false } = options;
  const counts = { servers, observers, spares };
  for (const [field, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < (field === 'servers' ? 1 : 0)) {
      throw new ZkferryError('InvalidInput', `${field}: got ${count}, expected a whole number`);
    }
  }
  if (servers + observers + spares > MAX_SERVERS) {
    throw new ZkferryError('InvalidInput', `a lab holds at most ${MAX_SERVERS} hosts`);
  }
  if (reconfig && !atLeast(options.version, '3.5.0')) {
    throw new ZkferryError('InvalidInput', 'reconfig: needs version 3.5.0 or later');
  }
}

/** Clears away a lab of the same name whose maker is gone; refuses one that is somebody's. */
async function replaceLeftover(name: string, directory: string): Promise<void> {
  const leftover = findLabState(name) ?? readLabState(directory);
  if (leftover === undefined) return;
  const ours = leftover.owner?.pid === process.pid;
  if (leftover.keep || (!ours && leftover.owner !== undefined && isAlive(leftover.owner))) {
    throw new ZkferryError(
      'EnsembleHeld',
      `there is a lab ${name} already, in ${leftover.directory}; take it down first (zkferry lab down ${name}) or choose another name`,
    );
  }
  await new Lab(leftover).destroy();
}

/**
 * Makes the hosts of a lab; starts nothing (`start()` does). The release archive is made or fetched if the
 * cache lacks it. A leftover of the same name whose maker is gone is removed. EnsembleHeld, InvalidInput,
 * ArtifactMissing.
 */
export async function createLab(options: LabOptions): Promise<Lab> {
  checkOptions(options);
  const { name, version, reconfig = false } = options;
  const directory = options.directory ? resolve(options.directory) : labDirectory(name);
  await replaceLeftover(name, directory);
  const archive = await ensureArchive(version);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ports = [CLIENT_PORT, QUORUM_PORT, ELECTION_PORT, SSH_PORT];
  const block = await allocateBlock(directory, ports);
  let made: LabState | undefined;
  try {
    const keys = await makeKeys(directory);
    const servers = planServers(options, directory, block);
    const state: LabState = {
      name,
      directory,
      version,
      createdAt: new Date().toISOString(),
      keep: options.keep ?? false,
      owner: processRef(process.pid),
      servers,
      hostKeyFingerprint: keys.fingerprint,
      javaHome: javaHome(),
      supervised: options.supervised ?? false,
      reconfig,
      ...(options.otherSide !== undefined && { otherSide: options.otherSide }),
      sshd: {},
      supervisors: {},
    };
    writeLabState(state);
    made = state;
    // Of a lab of the same name whose maker was killed.
    removeClientFences(state);
    servers.forEach(makeBareHost);
    const members = servers.filter((server) => !server.spare);
    const javaOptions = [...(options.javaOptions ?? [])];
    if (reconfig) javaOptions.push(superDigestOption(makeSuperSecret(directory)));
    await Promise.all(
      members.map((server) =>
        installServer(server, {
          version,
          members,
          settings: options.settings,
          reconfig,
          whitelist: options.whitelist,
          archive: archive.path,
          javaHome: state.javaHome,
          javaOptions,
        }),
      ),
    );
    if (options.otherVersion !== undefined)
      await installOtherSide(options, servers, state.javaHome);
    const lab = new Lab(state);
    lab.writeInventory();
    await createRepository(new DirectoryStore(join(directory, LAB_REPOSITORY)), { kind: 'none' });
    return lab;
  } catch (error) {
    if (made) removeLabState(made);
    releaseBlock(block, directory);
    throw error;
  }
}

/** Its servers know each other, and nobody else. */
async function installOtherSide(
  { settings, whitelist, otherVersion: version = '' }: LabOptions,
  servers: readonly LabServer[],
  home: string,
): Promise<void> {
  const archive = await ensureArchive(version);
  const members = servers.filter(({ spare }) => spare);
  await Promise.all(
    members.map((server) =>
      installServer(server, {
        ...{ version, members, settings, whitelist, javaHome: home },
        reconfig: false,
        archive: archive.path,
        javaOptions: [],
      }),
    ),
  );
}

function makeSuperSecret(directory: string): string {
  const credential = `super:${randomBytes(12).toString('hex')}`;
  writeFileSync(join(directory, 'keys', 'super'), credential, { mode: 0o600 });
  return credential;
}

/** The lab of that name, made by this or another process; undefined when there is none. */
export function openLab(name: string): Lab | undefined {
  const state = findLabState(name);
  return state && new Lab(state);
}
