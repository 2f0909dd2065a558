/** A lab: a real ensemble on this machine, its hosts, and the handles a test or demo moves it by. */
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ZkferryError } from '../model/errors';
import { hostPort } from '../model/hostPort';
import type { InventoryInput } from '../model/inventory';
import { blockOf, releaseBlock } from './addresses';
import { archivesDirectory } from './bootstrap';
import { removeClientFences } from './clientFences';
import { hostPaths } from './hostFiles';
import { runService, zooKeeperProcess } from './hosts';
import { labInventory } from './labInventory';
import { removeLabState, writeLabState, type LabServer, type LabState } from './labState';
import { moveLeader } from './moveLeader';
import { srvr } from './probe';
import { endProcess, isAlive, signalProcess, waitUntil, type ProcessRef } from './processes';
import { isSshdOf, keyPaths, startSshd } from './sshd';
import { startSupervisor } from './supervisor';

const SERVING_DEADLINE_MS = 60_000;
const KILL_DEADLINE_MS = 5_000;

export class Lab {
  /** Members this lab started and did not stop since; others may start and stop them too. */
  private readonly wanted = new Set<string>();

  constructor(private readonly state: LabState) {
    for (const server of this.members) {
      if (zooKeeperProcess(server) !== undefined) this.wanted.add(server.name);
    }
  }

  get name(): string {
    return this.state.name;
  }

  /** Everything of the lab lies under this directory. */
  get directory(): string {
    return this.state.directory;
  }

  /** The version the hosts were made with. */
  get version(): string {
    return this.state.version;
  }

  /** Every host, spares included, in the order of their ids. */
  get servers(): readonly LabServer[] {
    return this.state.servers;
  }

  /** Name of the ensemble that the spares are, where they are one. */
  get otherSide(): string | undefined {
    return this.state.otherSide;
  }

  /** The hosts that belong to the ensemble: all but the spares. */
  get members(): LabServer[] {
    return this.state.servers.filter((server) => !server.spare);
  }

  /** `host:port,host:port,…` of all members. */
  get connectString(): string {
    return this.members.map(({ host, clientPort }) => hostPort(host, clientPort)).join(',');
  }

  get inventoryPath(): string {
    return join(this.directory, 'inventory.yaml');
  }

  /** Path of the private key that may log in on every host. */
  get privateKeyPath(): string {
    return keyPaths(this.directory).clientKey;
  }

  /** `SHA256:…`, the same on every host. */
  get hostKeyFingerprint(): string {
    return this.state.hostKeyFingerprint;
  }

  inventory(): InventoryInput {
    return labInventory(this.state, {
      user: userInfo().username,
      clientKey: this.privateKeyPath,
      archives: archivesDirectory(),
      superSecret: this.state.reconfig ? join(this.directory, 'keys', 'super') : undefined,
    });
  }

  writeInventory(): void {
    writeFileSync(this.inventoryPath, stringify(this.inventory()), { mode: 0o600 });
  }

  /** After a resize: who belongs to the ensemble now. The inventory follows. */
  setMembers(names: readonly string[]): void {
    for (const server of this.state.servers) {
      server.spare = !names.includes(server.name);
      if (!server.spare && zooKeeperProcess(server) !== undefined) this.wanted.add(server.name);
      else if (server.spare) this.wanted.delete(server.name);
    }
    this.save();
    this.writeInventory();
  }

  /** Throws UnknownServer naming the servers there are. */
  server(name: string): LabServer {
    const server = this.servers.find((candidate) => candidate.name === name);
    if (server !== undefined) return server;
    const known = this.servers.map((candidate) => candidate.name).join(', ');
    throw new ZkferryError(
      'UnknownServer',
      `lab ${this.name} has no server ${name}; it has ${known}`,
    );
  }

  /** Starts every sshd and every member, and waits until all serve (WaitTimedOut after 60 s). Idempotent. */
  async start(): Promise<void> {
    await this.startSsh();
    await allEnded(this.members.map((server) => this.startServer(server.name)));
    this.startSupervisors();
    await this.waitServing(SERVING_DEADLINE_MS);
  }

  /** Starts the servers that are another ensemble, and waits until all of them serve. */
  async startOtherSide(): Promise<void> {
    const names = this.servers.filter(({ spare }) => spare).map(({ name }) => name);
    await allEnded(names.map((name) => this.startServer(name)));
    await this.waitServing(SERVING_DEADLINE_MS, names);
  }

  /** Starts the sshd of every host that has none running. */
  async startSsh(): Promise<void> {
    await allEnded(
      this.servers.map(async (server) => {
        const running = this.state.sshd[server.name];
        if (running !== undefined && isAlive(running)) return;
        await startSshd(server, this.directory, (ref) => {
          this.state.sshd[server.name] = ref;
          this.save();
        });
      }),
    );
  }

  /** Stops supervisors, members (spares too, if something started them) and sshds. Idempotent. */
  async stop(): Promise<void> {
    await this.stopSupervisors();
    const installed = this.servers.filter((server) =>
      existsSync(hostPaths(server.directory).service),
    );
    await Promise.all(installed.map((server) => this.stopServer(server.name)));
    await Promise.all(Object.keys(this.state.sshd).map((name) => this.stopSsh(name)));
    this.save();
  }

  /** Stops everything without grace for the data and removes the lab's directory. Idempotent. */
  async destroy(): Promise<void> {
    await this.stopSupervisors();
    await Promise.all(
      this.servers
        .filter((server) => zooKeeperProcess(server))
        .map(({ name }) => this.killServer(name)),
    );
    await this.stop();
    removeClientFences(this.state);
    const [first] = this.servers;
    removeLabState(this.state);
    if (first !== undefined) releaseBlock(blockOf(first.host), this.directory);
  }

  /** Through the host's service script; refused while masked. Returns when the process runs. */
  async startServer(name: string): Promise<void> {
    await runService(this.server(name), 'start');
    this.wanted.add(name);
  }

  /** Graceful: SIGTERM, and SIGKILL after 30 s. In a supervised lab it comes back unless masked first. */
  async stopServer(name: string): Promise<void> {
    this.wanted.delete(name);
    await runService(this.server(name), 'stop');
  }

  /** SIGKILL of the ZooKeeper process; returns once it is gone. Does nothing when it is not running. */
  async killServer(name: string): Promise<void> {
    this.wanted.delete(name);
    const running = zooKeeperProcess(this.server(name));
    if (running === undefined) return;
    signalProcess(running, 'SIGKILL');
    await waitUntil(
      () => !isAlive(running),
      KILL_DEADLINE_MS,
      `${name}, pid ${running.pid}, to die`,
    );
  }

  isRunning(name: string): boolean {
    return zooKeeperProcess(this.server(name)) !== undefined;
  }

  /** The ZooKeeper process of a server; undefined when none runs. */
  serverProcess(name: string): ProcessRef | undefined {
    return zooKeeperProcess(this.server(name));
  }

  /** Name of the server that says it leads (or stands alone); undefined when none says so. */
  async leader(): Promise<string | undefined> {
    const modes = await this.modes(this.members);
    return this.members.find(({ name }) => /leader|standalone/.test(modes.get(name) ?? ''))?.name;
  }

  /**
   * Waits until the named members (default: those running or started by this lab) all serve under
   * one leader. WaitTimedOut after `deadlineMs`, saying what each answered.
   */
  async waitServing(deadlineMs = SERVING_DEADLINE_MS, names?: string[]): Promise<void> {
    const awaited = this.members.filter((server) =>
      names === undefined
        ? this.wanted.has(server.name) || zooKeeperProcess(server) !== undefined
        : names.includes(server.name),
    );
    let seen = new Map<string, string | undefined>();
    await waitUntil(
      async () => {
        seen = await this.modes(awaited);
        const modes = [...seen.values()];
        const leads = modes.filter((mode) => mode === 'leader' || mode === 'standalone').length;
        return modes.every((mode) => mode !== undefined) && (leads === 1 || names !== undefined);
      },
      deadlineMs,
      `lab ${this.name} to serve`,
      () => awaited.map(({ name }) => `${name} ${seen.get(name) ?? 'does not serve'}`).join(', '),
    );
  }

  /** Makes the named server lead, restarting others as needed; the ensemble serves again afterwards. */
  async moveLeaderTo(name: string): Promise<void> {
    const supervised = Object.keys(this.state.supervisors).length > 0;
    if (supervised) await this.stopSupervisors();
    try {
      await moveLeader(this, this.server(name));
    } finally {
      if (supervised) this.startSupervisors();
    }
  }

  /** Ids of every process of this lab that is alive: servers, sshds, supervisors. */
  livePids(): number[] {
    const servers = this.servers.map(zooKeeperProcess);
    const helpers = [...Object.values(this.state.sshd), ...Object.values(this.state.supervisors)];
    return [...servers, ...helpers.filter(isAlive)].flatMap((ref) => (ref ? [ref.pid] : []));
  }

  private async modes(servers: LabServer[]): Promise<Map<string, string | undefined>> {
    const answers = await Promise.all(
      servers.map(async (server) => [server.name, (await srvr(server))?.mode] as const),
    );
    return new Map(answers);
  }

  private async stopSsh(name: string): Promise<void> {
    const ref = this.state.sshd[name];
    if (ref !== undefined && isSshdOf(this.server(name), ref.pid)) await endProcess(ref);
    delete this.state.sshd[name];
  }

  private startSupervisors(): void {
    if (!this.state.supervised) return;
    for (const server of this.members) {
      const running = this.state.supervisors[server.name];
      if (running !== undefined && isAlive(running)) continue;
      this.state.supervisors[server.name] = startSupervisor(hostPaths(server.directory).supervisor);
    }
    this.save();
  }

  private async stopSupervisors(): Promise<void> {
    await Promise.all(Object.values(this.state.supervisors).map((ref) => endProcess(ref)));
    this.state.supervisors = {};
    this.save();
  }

  private save(): void {
    writeLabState(this.state);
  }
}

/** As Promise.all, but nothing is under way any more when it fails: what has started can be found, and stopped. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
