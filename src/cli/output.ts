/**
 * Where a command's words go. With `--json` standard output holds one JSON document, on its last line,
 * and all else goes to standard error; with `--quiet` only results and errors are said.
 */
import pc from 'picocolors';
import { errorDocument } from './exitCodes';
import type { Io, OutStream } from './io';
import { LiveBlock } from './terminal/liveBlock';

const TICK_EVERY_MS = 5_000;

export type Colors = ReturnType<typeof pc.createColors>;

export class Output {
  readonly colors: Colors;
  private readonly talk: OutStream;
  private readonly block?: LiveBlock;
  private lastTick = performance.now();

  constructor(
    private readonly io: Io,
    readonly mode: { json: boolean; quiet: boolean },
  ) {
    this.talk = mode.json ? io.stderr : io.stdout;
    this.colors = pc.createColors(this.talk.isTTY === true && !io.env.NO_COLOR);
    if (this.talk.isTTY && !mode.quiet) this.block = new LiveBlock(this.talk);
  }

  get width(): number {
    return Math.min(120, this.talk.columns ?? 100);
  }

  /** Whether progress is redrawn in place. */
  get live(): boolean {
    return this.block !== undefined;
  }

  /** Progress that stays: one line, or several, for each change. */
  note(text: string): void {
    if (this.mode.quiet) return;
    if (this.block) this.block.above(text);
    else this.talk.write(`${text}\n`);
  }

  /** A remark beside a result that may be sent into a file: always to standard error. */
  aside(text: string): void {
    if (!this.mode.quiet) this.io.stderr.write(`${text}\n`);
  }

  /** What must not be missed: always said, to standard error. */
  warning(text: string): void {
    this.block?.clear();
    const colors = pc.createColors(this.io.stderr.isTTY === true && !this.io.env.NO_COLOR);
    this.io.stderr.write(`${colors.yellow('warning:')} ${text}\n`);
  }

  /** Progress that is redrawn; nothing when piped. */
  progress(lines: string[]): void {
    this.block?.draw(lines);
  }

  /** Progress in one line: redrawn on a terminal, said now and then where it is piped. */
  tick(line: string): void {
    if (this.block) return this.block.draw([line]);
    const now = performance.now();
    if (now - this.lastTick < TICK_EVERY_MS) return;
    this.lastTick = now;
    this.note(line);
  }

  /** What the command was asked for. */
  result(text: string, document: unknown): void {
    this.block?.clear();
    if (this.mode.json) this.io.stdout.write(`${JSON.stringify(document)}\n`);
    else if (text !== '') this.io.stdout.write(`${text}\n`);
  }

  failure(error: unknown): void {
    this.block?.clear();
    const document = errorDocument(error);
    const { type, message } = document.error;
    const colors = pc.createColors(this.io.stderr.isTTY === true && !this.io.env.NO_COLOR);
    if (this.mode.json) this.io.stdout.write(`${JSON.stringify(document)}\n`);
    else this.io.stderr.write(`${colors.red('error:')} ${message} ${colors.dim(`[${type}]`)}\n`);
    if (type === 'Internal' && this.io.env.ZKFERRY_DEBUG)
      this.io.stderr.write(`${(error as Error)?.stack ?? ''}\n`);
  }
}
