/**
 * A load, in this process:
 * 1. open every client's session, spread over all servers;
 * 2. create the tree, one znode a register, and the holders' ephemerals;
 * 3. write, append and read until told to stop, recording every outcome;
 * 4. look at the ephemerals while their sessions still live;
 * 5. close the sessions and the journal.
 */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZkferryError } from '../../model/errors';
import { append } from './appender';
import { contend } from './contender';
import type { ClientContext } from './clientContext';
import { ClientSession } from './clientSession';
import { JOURNAL_FILE, STATUS_FILE, type LoadConfig } from './config';
import { parseConnectString, rotated } from './connectString';
import { Counters, type LoadStats } from './counters';
import { holdEphemerals, lookAtEphemerals } from './holder';
import { nowMs, type JournalRecord } from './journalRecords';
import { JournalWriter } from './journalWriter';
import { Pacer } from './pacer';
import { createAll, withAncestors } from './prepareTree';
import { readRegisters } from './reader';
import { writeRegisters } from './registerWriter';
import { watchOwnStalls } from './stallWatch';
import { encodeValue } from './value';

const STATUS_EVERY_MS = 250;

export class Load {
  readonly journalPath: string;
  private readonly root: string;
  private readonly journal: JournalWriter;
  private readonly counters = new Counters();
  private readonly ending = new AbortController();
  private readonly contexts: ClientContext[] = [];
  private readonly stopStallWatch: () => void;
  private readonly statusTimer: NodeJS.Timeout;
  private servers: { list: string[]; chroot: string };
  private running: Promise<void>[] = [];
  private holders: { context: ClientContext; paths: string[] }[] = [];
  private ready = false;
  private ended = false;
  private stopping: Promise<void> | undefined;
  private failure: Error | undefined;

  constructor(private readonly config: LoadConfig) {
    const { servers, chroot } = parseConnectString(config.connectString);
    this.servers = { list: servers, chroot };
    this.root = `${config.root}/${Date.now().toString(36)}-${randomBytes(3).toString('hex')}`;
    this.journalPath = join(config.directory, JOURNAL_FILE);
    this.journal = new JournalWriter(this.journalPath);
    this.record({
      t: 'load',
      at: nowMs(),
      root: this.root,
      connectString: config.connectString,
      sessionTimeoutMs: config.sessionTimeoutMs,
    });
    this.stopStallWatch = watchOwnStalls((stall) => this.record(stall));
    this.statusTimer = setInterval(() => this.writeStatus(), STATUS_EVERY_MS);
  }

  /** Resolves once every client is connected and the first write acknowledged. ZooKeeperUnavailable at the deadline. */
  async start(): Promise<void> {
    const deadlineAt = performance.now() + this.config.connectTimeoutMs;
    try {
      const starts = this.openClients();
      await this.prepare(deadlineAt);
      this.running = starts.map((run) => run().catch((error: unknown) => this.fail(error)));
      await this.untilReady(deadlineAt);
    } catch (error) {
      await this.stop().catch(() => undefined);
      throw error;
    }
    this.ready = true;
    this.writeStatus();
  }

  /** Ends the writers, looks at the ephemerals, closes every session. Rejects with what recording failed with, if it did. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  stats(): LoadStats {
    const at = nowMs();
    return {
      ...this.counters.read(at),
      ready: this.ready,
      pid: process.pid,
      at,
      connectedClients: this.contexts.filter(({ session }) => session.connected).length,
      clients: this.contexts.length,
      ended: this.ended,
    };
  }

  /** Sends every client, with its session, to the servers of another connect string of the same chroot. */
  redirect(connectString: string): void {
    const { servers, chroot } = parseConnectString(connectString);
    if (chroot !== this.servers.chroot) {
      throw new ZkferryError(
        'InvalidInput',
        `connect string "${connectString}": a session keeps its chroot "${this.servers.chroot}"; give the same`,
      );
    }
    this.servers.list = servers;
    this.contexts.forEach(({ session }, index) => session.redirect(rotated(servers, index)));
  }

  private openClients(): (() => Promise<void>)[] {
    const { config } = this;
    const { reviveAfterMs, dataBytes } = config;
    const writers = config.registerWriters + config.appenders;
    const registers = this.registerPaths();
    const each = <T>(count: number, make: (index: number) => T) =>
      Array.from({ length: count }, (_unused, index) => make(index));
    const pacer = (clients: number, index: number) =>
      new Pacer(config.writesPerSecond, clients, index);
    const writing = each(config.registerWriters, (i) => {
      const context = this.open(`w${i}`, reviveAfterMs, pacer(writers, i));
      return () => writeRegisters(context, registers[i]!, dataBytes);
    });
    const appending = each(config.appenders, (i) => {
      const context = this.open(`a${i}`, reviveAfterMs, pacer(writers, config.registerWriters + i));
      return () => append(context, `${this.root}/appends/a${i}`, dataBytes);
    });
    const reading = each(config.readers, (i) => {
      const turns = new Pacer(config.readsPerSecond, config.readers, i);
      const context = this.open(`r${i}`, 0, turns);
      return () => readRegisters(context, rotated(registers.flat(), i));
    });
    const contending = each(config.contenders, (i) => {
      const context = this.open(`l${i}`, reviveAfterMs, pacer(1, 0));
      return () => contend(context, `${this.root}/locks/lock`);
    });
    this.holders = each(config.holders, (i) => ({
      context: this.open(`h${i}`, reviveAfterMs, pacer(1, 0)),
      paths: each(config.ephemeralsPerHolder, (k) => `${this.root}/ephemerals/h${i}-e${k}`),
    }));
    return [...writing, ...appending, ...reading, ...contending];
  }

  private open(name: string, reviveAfterMs: number, pacer: Pacer): ClientContext {
    const record = (entry: JournalRecord) => this.record(entry);
    const session = new ClientSession({
      servers: rotated(this.servers.list, this.contexts.length),
      chroot: this.servers.chroot,
      sessionTimeoutMs: this.config.sessionTimeoutMs,
      operationTimeoutMs: this.config.operationTimeoutMs,
      reviveAfterMs,
      onChange: (what, sid, timeoutMs) =>
        record({ t: 'session', c: name, sid, what, at: nowMs(), ...(timeoutMs && { timeoutMs }) }),
    });
    const context = { name, session, pacer, signal: this.ending.signal, record };
    this.contexts.push(context);
    return context;
  }

  /** Paths of the registers, one list a writer. */
  private registerPaths(): string[][] {
    return Array.from({ length: this.config.registerWriters }, (_unused, w) =>
      Array.from(
        { length: this.config.keysPerWriter },
        (_none, k) => `${this.root}/registers/w${w}-k${k}`,
      ),
    );
  }

  private async prepare(deadlineAt: number): Promise<void> {
    const nothing = Buffer.alloc(0);
    const parents = [
      ...withAncestors(this.root),
      ...['registers', 'appends', 'ephemerals', 'locks'].map((name) => `${this.root}/${name}`),
      ...Array.from(
        { length: this.config.appenders },
        (_unused, i) => `${this.root}/appends/a${i}`,
      ),
    ].map((path) => ({ path, data: nothing }));
    const registers = this.registerPaths()
      .flat()
      .map((path) => ({ path, data: encodeValue(0, this.config.dataBytes) }));
    const first = this.contexts[0];
    const prepared =
      first !== undefined &&
      (await createAll(first.session, [...parents, ...registers], deadlineAt)) &&
      // The others may be connected to servers that have not applied these creates yet.
      (await Promise.all(this.contexts.map(({ session }) => synced(session, deadlineAt)))).every(
        Boolean,
      ) &&
      (
        await Promise.all(
          this.holders.map(({ context, paths }) => holdEphemerals(context, paths, deadlineAt)),
        )
      ).every(Boolean);
    if (!prepared) throw this.unavailable();
  }

  private async untilReady(deadlineAt: number): Promise<void> {
    const wantsAck = this.config.registerWriters + this.config.appenders > 0;
    while (wantsAck && this.stats().ackedWrites === 0) {
      if (this.failure !== undefined) throw this.failure;
      if (performance.now() > deadlineAt) throw this.unavailable();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private unavailable(): ZkferryError {
    const { connectedClients, clients } = this.stats();
    return new ZkferryError(
      'ZooKeeperUnavailable',
      `load on ${this.config.connectString}: after ${this.config.connectTimeoutMs} ms ${connectedClients} of ` +
        `${clients} clients are connected and the tree is not written; check that a quorum serves these addresses`,
      { retryable: true },
    );
  }

  private record(entry: JournalRecord): void {
    if (this.ended || this.failure !== undefined) return;
    try {
      this.journal.write(entry);
      this.counters.add(entry);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.ending.abort();
  }

  private async end(): Promise<void> {
    this.record({ t: 'stopping', at: nowMs() });
    this.ending.abort();
    await Promise.all(this.running);
    if (this.ready) {
      await Promise.all(this.holders.map(({ context, paths }) => lookAtEphemerals(context, paths)));
    }
    this.stopStallWatch();
    for (const { session } of this.contexts) await session.close();
    this.record({ t: 'end', at: nowMs() });
    this.ended = true;
    clearInterval(this.statusTimer);
    await this.journal.close().catch((error: unknown) => this.fail(error));
    this.writeStatus();
    if (this.failure !== undefined) throw this.failure;
  }

  private writeStatus(): void {
    const path = join(this.config.directory, STATUS_FILE);
    writeFileSync(`${path}.new`, JSON.stringify(this.stats()));
    renameSync(`${path}.new`, path);
  }
}

async function synced(session: ClientSession, deadlineAt: number): Promise<boolean> {
  while (performance.now() < deadlineAt && !session.closed) {
    const connected = await session.whenConnected(deadlineAt - performance.now());
    if (connected && (await session.sync('/')).outcome === 'acked') return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
