/** The tap in a process of its own, seen from the bench that forked it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './cleanup';
import type { BenchEnsemble } from './ensemble';
import { isObject, isWord, Talk } from './talk';
import type { Followed, FromFollower, ToFollower } from './tapFollower';

export class Follower {
  private constructor(private readonly talk: Talk<ToFollower, FromFollower>) {}

  static async start(ensemble: BenchEnsemble): Promise<Follower> {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-bench-'));
    atEnd(() => rmSync(directory, { recursive: true, force: true }));
    const talk = Talk.start<ToFollower, FromFollower>(
      'tapFollower.js',
      { servers: ensemble.addresses, directory },
      { what: 'the process with the tap' },
    );
    await talk.next(isWord('attached'));
    return new Follower(talk);
  }

  get end(): () => Promise<void> {
    return this.talk.end;
  }

  async begin(): Promise<void> {
    await this.talk.ask('begin', isWord('begun'));
  }

  upTo(zxid: bigint): Promise<Followed> {
    return this.talk.ask({ upTo: zxid }, isObject);
  }
}
