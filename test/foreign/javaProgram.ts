/** A Java program that says one JSON object a line on standard output and is told words on standard input. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { javaHome } from '../../src/lab/bootstrap';
import { endProcess, processRef } from '../../src/lab/processes';
import { until } from '../support/until';
import { LOG_SETTINGS } from './classPaths';

const HEAP = '-Xmx128m';
const END_GRACE_MS = 10_000;

export interface JavaProgramOptions {
  classPath: string;
  mainClass: string;
  args: string[];
  /** What it says beside its JSON lines. */
  logFile: string;
  /** Options of the JVM, beside a heap of 128 MB. */
  javaOptions?: string[];
}

export class JavaProgram<T> {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private ended?: string;
  private last?: T;

  constructor(private readonly options: JavaProgramOptions) {
    const { classPath, mainClass, args, logFile, javaOptions = [] } = options;
    const log = openSync(logFile, 'a');
    this.child = spawn(
      join(javaHome(), 'bin', 'java'),
      [HEAP, ...javaOptions, LOG_SETTINGS, '-cp', classPath, mainClass, ...args],
      { stdio: ['pipe', 'pipe', log] },
    );
    closeSync(log);
    // Writing to a program that has just ended must not bring this process down.
    this.child.stdin!.on('error', () => undefined);
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.last = JSON.parse(line) as T;
    });
    this.exited = new Promise((resolve) => {
      const note = (how: string) => {
        this.ended ??= how;
        resolve();
      };
      this.child.once('close', (code, signal) => note(signal ?? `exit code ${code}`));
      this.child.once('error', (error) => note(error.message));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  tell(word: 'quiet' | 'stop'): void {
    this.child.stdin!.write(`${word}\n`);
  }

  /** Waits for a document that fits. Fails with the last one, or with the log of a program that ended before. */
  until(what: string, holds: (document: T) => boolean, deadlineMs: number): Promise<T> {
    const { mainClass } = this.options;
    return until(
      () => `${mainClass}: ${what}; last said: ${JSON.stringify(this.last)}`,
      () => {
        if (this.last !== undefined && holds(this.last)) return this.last;
        if (this.ended !== undefined)
          throw new Error(`${mainClass} ended with ${this.ended} before ${what}:\n${this.log()}`);
        return undefined;
      },
      deadlineMs,
    );
  }

  /** The end of what it said beside its JSON lines. */
  private log(): string {
    return readFileSync(this.options.logFile, 'utf8').slice(-3_000);
  }

  async end(): Promise<void> {
    if (this.ended === undefined) {
      this.tell('stop');
      const ref = processRef(this.pid);
      if (ref !== undefined) await endProcess(ref, END_GRACE_MS);
    }
    await this.exited;
  }
}
