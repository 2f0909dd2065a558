/** A few lines at the end of a terminal that are redrawn in place; other lines scroll by above them. */
import { cutToWidth } from '../render/text';
import type { OutStream } from '../io';

const CLEAR_BELOW = '\u001b[J';
const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A\r` : '\r');

export class LiveBlock {
  private drawn: string[] = [];

  constructor(private readonly stream: OutStream) {}

  /** Replaces the block. */
  draw(lines: string[]): void {
    const width = Math.max(20, (this.stream.columns ?? 80) - 1);
    const next = lines.map((line) => cutToWidth(line, width));
    if (next.join('\n') === this.drawn.join('\n')) return;
    this.stream.write(this.erase() + next.map((line) => `${line}\n`).join(''));
    this.drawn = next;
  }

  /** Writes lines above the block, which stays. */
  above(text: string): void {
    const kept = this.drawn;
    this.stream.write(`${this.erase()}${text}\n${kept.map((line) => `${line}\n`).join('')}`);
    this.drawn = kept;
  }

  clear(): void {
    if (this.drawn.length > 0) this.stream.write(this.erase());
  }

  private erase(): string {
    const sequence = this.drawn.length > 0 ? `${up(this.drawn.length)}${CLEAR_BELOW}` : '';
    this.drawn = [];
    return sequence;
  }
}
