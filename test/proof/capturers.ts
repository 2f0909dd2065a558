/** What captures in a process of its own, is killed, and goes on in another one. */
import type { Lab } from '../../src/lab/lab';
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import { connectTemporal, type Temporal } from '../../src/adapters/temporal/connect';
import { getStatus } from '../../src/adapters/temporal/steerRun';
import { ZkferryCommand } from '../support/command';
import type { Harness, Run } from '../support/harness';
import { until } from '../support/until';

const DEADLINE_MS = 120_000;
const ASK_EVERY_MS = 500;

/** What it said last of how far it is. */
export interface Report {
  /** When it was said, ms since 1970. */
  atMs: number;
  state: string;
  lagMs: number;
  durableUpTo: string | undefined;
}

export interface Capturer {
  readonly report: Report | undefined;
  start(): Promise<void>;
  /** Resolves once it captures, with a base, in the life that was started last. */
  capturing(): Promise<void>;
  /** SIGKILL of its process. */
  kill(): Promise<void>;
  /** Ends it well. */
  stop(): Promise<void>;
}

const SAID = /^(\w+): up to (0x[0-9a-f]+|nothing yet), .* behind \((\d+) ms\)(, storing a base)?/;

/** `zkferry backup create … --follow`. */
export class CommandCapturer implements Capturer {
  report: Report | undefined;
  private command: ZkferryCommand | undefined;
  private isStoring = true;

  constructor(
    private readonly lab: Lab,
    private readonly ensemble: string,
    private readonly place: string,
  ) {}

  start(): Promise<void> {
    const source = this.lab.members.map(({ host, clientPort }) => `${host}:${clientPort}`).join();
    const words = ['backup', 'create', this.place, source, '--name', this.ensemble, '--follow'];
    this.report = undefined;
    const command = new ZkferryCommand([...words, '--json'], { ZKFERRY_STATE: this.lab.directory });
    command.child.stderr!.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n')) this.read(line);
    });
    this.command = command;
    return Promise.resolve();
  }

  async capturing(): Promise<void> {
    await until(
      () => `the command captures; ${this.command!.stderr.slice(-2_000)}`,
      () => {
        if (this.command!.child.exitCode !== null)
          throw new Error(`the capture ended: ${this.command!.stderr.slice(-2_000)}`);
        return (this.report?.state === 'capturing' && !this.isStoring) || undefined;
      },
      DEADLINE_MS,
    );
  }

  async kill(): Promise<void> {
    await this.command?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    const { code, stderr } = await this.command!.kill('SIGINT');
    if (code !== 0) throw new Error(`the capture ended with ${code}: ${stderr.slice(-2_000)}`);
  }

  private read(line: string): void {
    const said = SAID.exec(line);
    if (said === null) return;
    const [, state = '', upTo = '', lagMs, storing] = said;
    const durableUpTo = upTo.startsWith('0x') ? upTo : undefined;
    this.report = { atMs: Date.now(), state, lagMs: Number(lagMs), durableUpTo };
    this.isStoring = storing !== undefined;
  }
}

/** The workflow hotBackup, whose workers are killed. */
export class WorkflowCapturer implements Capturer {
  report: Report | undefined;
  private run: Run | undefined;
  private generation = 0;
  private seenGeneration = 0;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly harness: Harness,
    private readonly temporal: Temporal,
  ) {}

  static async of(harness: Harness): Promise<WorkflowCapturer> {
    const { address } = harness.temporal;
    return new WorkflowCapturer(harness, await connectTemporal({ address, namespace: 'default' }));
  }

  static readonly repository = LAB_REPOSITORY;

  async start(): Promise<void> {
    this.generation = this.seenGeneration;
    if (this.run !== undefined) {
      await this.harness.startWorker();
      return;
    }
    this.run = await this.harness.startBackup({ segmentMs: 10_000 });
    const ask = async (): Promise<void> => {
      await this.look().catch(() => undefined);
      if (this.timer !== undefined) this.timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    this.timer = setTimeout(() => void ask(), 0);
  }

  async capturing(): Promise<void> {
    await until(
      () => `a worker captures; ${JSON.stringify(this.report)}`,
      () =>
        (this.report?.state === 'capturing' && this.seenGeneration > this.generation) || undefined,
      DEADLINE_MS,
    );
  }

  kill(): Promise<void> {
    return this.harness.worker.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.run!.send('stop', { by: 'proof' });
    await this.run!.handle.result();
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.temporal.close();
  }

  private async look(): Promise<void> {
    const { capture } = await getStatus(this.temporal, this.run!.handle.workflowId);
    if (capture?.at === undefined || capture.lag === undefined) return;
    if (capture.lastBase === undefined || capture.storingBase === true) return;
    this.seenGeneration = capture.generation ?? 0;
    this.report = {
      atMs: Date.parse(capture.at),
      state: capture.state,
      lagMs: capture.lag.ms,
      durableUpTo: capture.durableUpTo,
    };
  }
}
