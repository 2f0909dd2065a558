/**
 * Captures an ensemble in a process of its own, forked by the backup bench. `{capture}` begins one into a repository,
 * which is made where it is not; `capturing`, once a base is there. `begin` starts to count anew; on `{upTo}`, once that
 * transaction is durable, it gives back what it saw. `stop` seals and ends the capture.
 */
import { capture, type CaptureProgress } from '../../../src/adapters/capture/capture';
import { storeNamed } from '../../../src/adapters/repository/openStore';
import { openRepository } from '../../../src/adapters/repository/openRepository';
import { openTap, type Tap, type TapServer } from '../../../src/adapters/tap';
import { machineMsOf } from '../clock';
import { durableTimes, watched, type StoredLog } from './durableStore';
import { ENSEMBLE } from './ensembleName';

export interface CaptureArgument {
  servers: TapServer[];
  /** For snapshots on their way. */
  directory: string;
}

export type ToCapture = { capture: string } | 'stop' | 'begin' | { upTo: bigint };

export interface Captured {
  zxids: BigInt64Array;
  /** When each came, by `machineMs`, as `durableAt`. */
  receivedAt: Float64Array;
  durableAt: Float64Array;
  /** User and system, since `begin`. */
  cpuMs: number;
  storedBytes: number;
  segments: number;
}

export type FromCapture = 'capturing' | 'stopped' | 'begun' | Captured;

/** More often than a capture's own minute, so that seals fall into what is measured. */
const SEGMENT_MS = 10_000;

const { servers, directory } = JSON.parse(process.argv[2]!) as CaptureArgument;
const say = (message: FromCapture): void => void process.send!(message);

class Run {
  private readonly stopping = new AbortController();
  private readonly ended: Promise<unknown>;
  private stored: StoredLog[] = [];
  private zxids: bigint[] = [];
  private receivedAt: number[] = [];
  private cpu = process.cpuUsage();
  private before: CaptureProgress | undefined;
  private progress: CaptureProgress | undefined;
  private upTo: bigint | undefined;
  private isCapturing = false;

  constructor(place: string) {
    this.ended = this.capture(place);
    this.ended.catch(failed);
  }

  begin(): void {
    this.stored = [];
    this.zxids = [];
    this.receivedAt = [];
    this.before = this.progress;
    this.cpu = process.cpuUsage();
    say('begun');
  }

  tellUpTo(zxid: bigint): void {
    this.upTo = zxid;
    this.tellIfDurable();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
    say('stopped');
  }

  private async capture(place: string): Promise<void> {
    const store = watched(storeNamed(place), (log) => {
      this.stored.push(log);
      this.tellIfDurable();
    });
    await capture({
      repository: await openRepository(store),
      ensemble: ENSEMBLE,
      owner: 'bench',
      members: servers.map(({ host, clientPort }, index) => ({
        ...{ id: index + 1, role: 'participant' as const },
        address: `${host}:${clientPort}`,
      })),
      openTap: (options) => this.observed(openTap({ servers, ...options })),
      directory,
      segmentMs: SEGMENT_MS,
      signal: new AbortController().signal,
      stop: this.stopping.signal,
      onProgress: (progress) => this.accept(progress),
    });
  }

  /** The same tap; when what it gives came is kept. */
  private observed(tap: Tap): Tap {
    const observing = Object.create(tap) as Tap;
    observing.take = async () => {
      const events = await tap.take();
      for (const event of events) {
        if (event.kind !== 'txn') continue;
        this.zxids.push(event.zxid);
        this.receivedAt.push(machineMsOf(event.receivedAt));
      }
      return events;
    };
    return observing;
  }

  private accept(progress: CaptureProgress): void {
    this.progress = progress;
    if (this.isCapturing || progress.state !== 'capturing') return;
    if (progress.lastBase === undefined || progress.storingBase === true) return;
    this.isCapturing = true;
    say('capturing');
  }

  private tellIfDurable(): void {
    if (this.upTo === undefined || (this.stored.at(-1)?.last ?? 0n) < this.upTo) return;
    this.upTo = undefined;
    const { user, system } = process.cpuUsage(this.cpu);
    const since = (count: 'storedBytes' | 'segments'): number =>
      (this.progress?.[count] ?? 0) - (this.before?.[count] ?? 0);
    say({
      zxids: BigInt64Array.from(this.zxids),
      receivedAt: Float64Array.from(this.receivedAt),
      durableAt: durableTimes(this.zxids, this.stored),
      cpuMs: (user + system) / 1000,
      storedBytes: since('storedBytes'),
      segments: since('segments'),
    });
  }
}

let run: Run | undefined;

process.on('message', (message: ToCapture) => {
  if (message === 'begin') run!.begin();
  else if (message === 'stop') run!.stop().catch(failed);
  else if ('capture' in message) run = new Run(message.capture);
  else run!.tellUpTo(message.upTo);
});
process.on('disconnect', () => process.exit(0));

function failed(error: unknown): void {
  console.error(error);
  process.exit(1);
}
