/** A script of the bench in a process of its own, asked and answering. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { atEnd } from './cleanup';

const ANSWER_DEADLINE_MS = 120_000;

/** `To` and `From`: what is sent to it, and what it says. */
export class Talk<To extends string | object, From> {
  private constructor(
    private readonly child: ChildProcess,
    private readonly what: string,
    /** Kills it. */
    readonly end: () => Promise<void>,
  ) {}

  /** `script`: compiled, below the bench's directory. `what`: for messages. */
  static start<To extends string | object, From>(
    script: string,
    argument: object,
    { what, env = {} }: { what: string; env?: Record<string, string> },
  ): Talk<To, From> {
    const child = fork(join(__dirname, script), [JSON.stringify(argument)], {
      serialization: 'advanced',
      env: { ...process.env, ...env },
    });
    return new Talk<To, From>(
      child,
      what,
      atEnd(() => child.kill('SIGKILL')),
    );
  }

  ask<Answer extends From>(
    message: To,
    isAnswer: (message: From) => message is Answer,
  ): Promise<Answer> {
    const answer = this.next(isAnswer);
    this.child.send(message);
    return answer;
  }

  /** Rejects where the process ends first, or says nothing of that kind within two minutes. */
  next<Answer extends From>(isIt: (message: From) => message is Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
        then();
      };
      const onMessage = (message: From): void => {
        if (isIt(message)) settle(() => resolve(message));
      };
      const onExit = (code: number | null): void =>
        settle(() => reject(new Error(`${this.what} ended with ${code}`)));
      const timer = setTimeout(
        () =>
          settle(() => reject(new Error(`no word of ${this.what} for ${ANSWER_DEADLINE_MS} ms`))),
        ANSWER_DEADLINE_MS,
      );
      this.child.on('message', onMessage);
      this.child.on('exit', onExit);
    });
  }
}

/** For messages that are words: exactly that one. */
export const isWord =
  <Word extends string>(word: Word) =>
  <From>(message: From): message is From & Word =>
    (message as unknown) === word;

/** For the messages that are more than a word. */
export const isObject = <From>(message: From): message is Extract<From, object> =>
  typeof message === 'object';
