/** A capture under way in this process, of a lab, and what it has said last. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { capture, type CaptureProgress } from '../../src/adapters/capture/capture';
import type { CaptureOptions } from '../../src/adapters/capture/options';
import type { Repository } from '../../src/adapters/repository/repository';
import { openTap } from '../../src/adapters/tap';
import type { Lab } from '../../src/lab/lab';
import { addressesOf } from './tapLab';
import { until } from './until';

const DEADLINE_MS = 60_000;

export const ENSEMBLE = 'orders';

export const membersOf = (lab: Lab): CaptureOptions['members'] =>
  lab.members.map(({ id, host, clientPort }) => ({
    ...{ id, role: 'participant' as const },
    address: `${host}:${clientPort}`,
  }));

export class RunningCapture {
  progress: CaptureProgress | undefined;
  error: unknown;
  /** Of this capture alone. */
  readonly spool: string;
  private readonly kill = new AbortController();
  private readonly stopping = new AbortController();
  readonly ended: Promise<void>;

  constructor(
    readonly lab: Lab,
    repository: Repository,
    options: Partial<CaptureOptions> = {},
  ) {
    this.spool = join(lab.directory, `spool-${randomBytes(4).toString('hex')}`);
    this.ended = capture({
      repository,
      ensemble: ENSEMBLE,
      owner: 'test',
      members: membersOf(lab),
      openTap: (tap) => openTap({ servers: addressesOf(lab), ...tap }),
      directory: this.spool,
      segmentMs: 2_000,
      signal: this.kill.signal,
      stop: this.stopping.signal,
      onProgress: (progress) => {
        this.progress = progress;
      },
      ...options,
    }).then(
      (progress) => {
        this.progress = progress;
      },
      (error: unknown) => {
        this.error = error;
      },
    );
  }

  until(
    what: string,
    condition: (progress: CaptureProgress) => boolean,
    deadlineMs = DEADLINE_MS,
  ): Promise<true> {
    return until(
      () => `${what}; ${JSON.stringify(this.progress)}`,
      () => {
        if (this.error !== undefined) throw this.error as Error;
        return (this.progress !== undefined && condition(this.progress)) || undefined;
      },
      deadlineMs,
    );
  }

  capturing(): Promise<true> {
    return this.until(
      'a capture with a base',
      ({ state, lastBase, storingBase }) =>
        state === 'capturing' && lastBase !== undefined && storingBase !== true,
    );
  }

  /** Resolves once everything is sealed. */
  async stop(): Promise<CaptureProgress> {
    this.stopping.abort();
    await this.ended;
    if (this.error !== undefined) throw this.error as Error;
    return this.progress!;
  }

  /** As if its process had died. */
  async abort(): Promise<void> {
    this.kill.abort();
    await this.ended;
    rmSync(this.spool, { recursive: true, force: true });
  }
}
