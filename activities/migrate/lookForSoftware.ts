/**
 * Whose znodes an ensemble holds, by reading only, and little of it: the known paths at the root, then below each other
 * name of the root (a chroot, or a parent of locks), then one level deeper for locks. Nothing is listed that has more
 * than a thousand children, and after 200 requests or 20 s it ends where it is.
 */
import { zooKeeperCode } from '../../src/adapters/zookeeper';
import { isZkferryError } from '../../src/model/errors';
import type { KnownZnodes } from '../../src/model/migrationAdvice';
import type { ZkSession } from '../../src/model/ports';
import {
  firstName,
  isCuratorChild,
  KNOWN_PATHS,
} from '../../src/planning/migrate/advise/knownSoftware';
import { BoundAcls } from '../../src/tree/boundAcls';

const MAX_REQUESTS = 200;
const MAX_CHILDREN = 1_000;
/** Of one parent; one is enough to know it by. */
const MAX_CURATOR_CHILDREN = 3;
const LOOK_MS = 20_000;

export type Reader = Pick<ZkSession, 'exists' | 'children' | 'getAcl'>;

/** Rejects where the session fails; what the credentials may not read counts as not there. */
export async function lookForSoftware(session: Reader, signal: AbortSignal): Promise<KnownZnodes> {
  const look = new Look(session, signal);
  const incomplete = await look.run();
  return {
    paths: [...look.found],
    acls: look.acls.found,
    requests: look.requests,
    ...(incomplete !== undefined && { incomplete }),
  };
}

class Look {
  readonly found = new Set<string>();
  readonly acls = new BoundAcls();
  requests = 0;
  private readonly deadline = Date.now() + LOOK_MS;

  constructor(
    private readonly session: Reader,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<string | undefined> {
    try {
      await this.levels();
      return undefined;
    } catch (error) {
      if (error instanceof EnoughError) return error.message;
      throw error;
    }
  }

  private async levels(): Promise<void> {
    const root = await this.namesIn('/');
    for (const path of KNOWN_PATHS)
      if (root === undefined || root.includes(firstName(path))) await this.note(path);
    if (root === undefined)
      throw new EnoughError(
        `the root has more than ${MAX_CHILDREN} children, or may not be listed`,
      );
    const parents = root.filter((name) => name !== 'zookeeper').map((name) => `/${name}`);
    const below: string[] = [];
    for (const parent of parents) {
      const names = await this.namesIn(parent);
      for (const path of KNOWN_PATHS)
        if (names?.includes(firstName(path))) await this.note(`${parent}${path}`);
      below.push(...this.noteCurator(parent, names));
    }
    for (const path of parents)
      this.acls.add(path, (await this.ask(() => this.session.getAcl(path))) ?? []);
    for (const path of below) this.noteCurator(path, await this.namesIn(path));
  }

  private async note(path: string): Promise<void> {
    if (await this.ask(() => this.session.exists(path))) this.found.add(path);
  }

  /** @returns children that may be parents of locks themselves */
  private noteCurator(parent: string, names: readonly string[] = []): string[] {
    const locks = names.filter(isCuratorChild).slice(0, MAX_CURATOR_CHILDREN);
    for (const name of locks) this.found.add(`${parent}/${name}`);
    return locks.length > 0 ? [] : names.map((name) => `${parent}/${name}`);
  }

  /** Undefined where there are too many, or none may be seen. */
  private async namesIn(path: string): Promise<string[] | undefined> {
    const stat = await this.ask(() => this.session.exists(path));
    if (!stat || stat.numChildren > MAX_CHILDREN) return undefined;
    return stat.numChildren === 0 ? [] : this.ask(() => this.session.children(path));
  }

  private async ask<T>(request: () => Promise<T>): Promise<T | undefined> {
    this.signal.throwIfAborted();
    if (this.requests >= MAX_REQUESTS)
      throw new EnoughError(`it ended after ${MAX_REQUESTS} requests`);
    if (Date.now() >= this.deadline) throw new EnoughError(`it ended after ${LOOK_MS / 1_000} s`);
    this.requests += 1;
    try {
      return await request();
    } catch (error) {
      if (!isZkferryError(error)) throw error;
      const code = zooKeeperCode(error);
      // Gone since, or not for these eyes.
      if (code === 'NoNode' || code === 'NoAuth') return undefined;
      throw error;
    }
  }
}

class EnoughError extends Error {}
