/** The tap in a process of its own, seen from the bench that forked it. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './cleanup';
import type { BenchEnsemble } from './ensemble';
import type { Followed, FromFollower, ToFollower } from './tapFollower';

const FOLLOWER_DEADLINE_MS = 60_000;

export class Follower {
  private constructor(
    private readonly child: ChildProcess,
    readonly end: () => Promise<void>,
  ) {}

  static async start(ensemble: BenchEnsemble): Promise<Follower> {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-bench-'));
    atEnd(() => rmSync(directory, { recursive: true, force: true }));
    const servers = ensemble.lab.members.map(({ host, clientPort }) => ({ host, clientPort }));
    const child = fork(
      join(__dirname, 'tapFollower.js'),
      [JSON.stringify({ servers, directory })],
      { serialization: 'advanced' },
    );
    const follower = new Follower(
      child,
      atEnd(() => child.kill('SIGKILL')),
    );
    await follower.next((message) => message === 'attached');
    return follower;
  }

  async begin(): Promise<void> {
    await this.ask('begin', (message) => message === 'begun');
  }

  async upTo(zxid: bigint): Promise<Followed> {
    return (await this.ask({ upTo: zxid }, (message) => typeof message === 'object')) as Followed;
  }

  private ask(
    message: ToFollower,
    isAnswer: (message: FromFollower) => boolean,
  ): Promise<FromFollower> {
    const answer = this.next(isAnswer);
    this.child.send(message);
    return answer;
  }

  private next(isIt: (message: FromFollower) => boolean): Promise<FromFollower> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
        then();
      };
      const onMessage = (message: FromFollower): void => {
        if (isIt(message)) settle(() => resolve(message));
      };
      const onExit = (code: number | null): void =>
        settle(() => reject(new Error(`the process with the tap ended with ${code}`)));
      const timer = setTimeout(
        () =>
          settle(() =>
            reject(new Error(`no word of the process with the tap for ${FOLLOWER_DEADLINE_MS} ms`)),
          ),
        FOLLOWER_DEADLINE_MS,
      );
      this.child.on('message', onMessage);
      this.child.on('exit', onExit);
    });
  }
}
