/** Two ensembles, the command between them, and whether they are equal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffTrees } from '../../src/adapters/diff/diffTrees';
import { ClientSource } from '../../src/adapters/source/clientSource';
import { TapSource } from '../../src/adapters/source/tapSource';
import { digestId } from '../../src/adapters/zookeeper/ownedNodes';
import { openSession } from '../../src/adapters/zookeeper/session';
import { createLab, type Lab, type LabOptions } from '../../src/lab/lab';
import type { ZkSession } from '../../src/model/ports';
import { Selection, type SelectionOptions } from '../../src/tree/copy/selection';
import type { Difference } from '../../src/tree/diff/compare';
import type { TreeSource } from '../../src/tree/source';
import { ZkferryCommand } from './command';

/** Servers that are to be fast rather than small. */
export const FAST_JVM = [
  '-Xmx2g',
  '-XX:TieredStopAtLevel=4',
  '-XX:-UseSerialGC',
  '-XX:+UseParallelGC',
];

export const TTL_ENABLED = '-Dzookeeper.extendedTypesEnabled=true';

export class CopyFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'zkferry-copy-'));
  private readonly sessions: ZkSession[] = [];
  private readonly commands: ZkferryCommand[] = [];

  private constructor(
    readonly source: Lab,
    readonly target: Lab,
  ) {}

  static async start(source: LabOptions, target: LabOptions): Promise<CopyFixture> {
    const fixture = new CopyFixture(await createLab(source), await createLab(target));
    try {
      await Promise.all([fixture.source.start(), fixture.target.start()]);
      return fixture;
    } catch (error) {
      await fixture.destroy();
      throw error;
    }
  }

  async session(lab: Lab, credential?: string): Promise<ZkSession> {
    const session = await openSession({
      servers: servers(lab),
      ...(credential !== undefined && { auth: [{ scheme: 'digest', credential }] }),
    });
    this.sessions.push(session);
    return session;
  }

  /** `zkferry copy` from the one to the other, as a process of its own. */
  copy(from: string, to: string, ...options: string[]): ZkferryCommand {
    return this.command('copy', from, to, options);
  }

  /** `zkferry diff`, likewise. */
  diff(from: string, to: string, ...options: string[]): ZkferryCommand {
    return this.command('diff', from, to, options);
  }

  private command(word: string, from: string, to: string, options: string[]): ZkferryCommand {
    const args = [`${this.source.connectString}${from}`, `${this.target.connectString}${to}`];
    const command = new ZkferryCommand([word, ...args, '--json', ...options], {
      ZKFERRY_STATE: join(this.directory, 'state'),
    });
    this.commands.push(command);
    return command;
  }

  /** Both sides as they are now, data, ACLs, types and counters. */
  async differences(selection: SelectionOptions): Promise<Difference[]> {
    const left = await this.tree(this.source);
    const right = await this.tree(this.target);
    const found = await diffTrees(left, right, new Selection(selection), {
      directory: this.directory,
    });
    try {
      const all: Difference[] = [];
      for await (const difference of found.differences) all.push(difference);
      return all;
    } finally {
      await found.close();
      await left.close();
      await right.close();
    }
  }

  private async tree(lab: Lab): Promise<TreeSource> {
    const shown = lab.connectString;
    if (lab.members.length === 1)
      return new ClientSource({
        ...{ servers: servers(lab), shown, root: '/', refuseRedacted: false },
        auth: [{ scheme: 'digest', credential: SUPER }],
      });
    return TapSource.open(shown, { servers: servers(lab), directory: this.directory });
  }

  async destroy(): Promise<void> {
    // What a failed test has left running.
    for (const command of this.commands) command.child.kill('SIGKILL');
    for (const session of this.sessions) await session.close();
    await this.source.destroy();
    await this.target.destroy();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Of servers started with SUPER_OPTION. */
export const SUPER = 'super:secret';
export const SUPER_OPTION = `-Dzookeeper.DigestAuthenticationProvider.superDigest=${digestId(SUPER)}`;

export const servers = (lab: Lab) =>
  lab.members.map(({ host, clientPort }) => ({ host, clientPort }));
