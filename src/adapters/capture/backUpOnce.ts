/**
 * A new base with the log that it needs, for whoever wants a backup of now and captures nothing otherwise.
 *
 * Two captures of one ensemble cannot be: the later one ends the earlier. So whether one is under way is found out by
 * what it does: a write that was just committed is in the repository within moments. Then a base beside it is enough.
 * Else a capture of one's own works until the base is usable.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ZkferryError } from '../../model/errors';
import type { BaseManifest } from '../../model/repository';
import { usableBases } from '../../planning/backup/restorable';
import { maxZxid, zxidText, zxidValue } from '../../model/zxid';
import { capture } from './capture';
import { readEnsemble, refuseForeign } from './claim';
import { logEnd, newestTimeline } from './logEnd';
import type { CaptureOptions, CaptureProgress } from './options';
import { takeBaseNow } from './takeBaseNow';

/** A worker that died is replaced within it, and what it had not captured is there again. */
const SHOWS_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 500;
/** Most a capture of one's own takes, its base included. */
const CAPTURE_WITHIN_MS = 3_600_000;

export interface OnceOptions extends Omit<CaptureOptions, 'stop' | 'onProgress'> {
  /** Commits a write of one's own; its zxid. */
  commitWrite(): Promise<bigint>;
  onProgress?(progress: CaptureProgress): void;
  /** How long a capture that is under way may take to show it. Default 15 s. */
  showsWithinMs?: number;
}

export interface BackedUp {
  timeline: number;
  /** It can be restored, and holds all that was committed before `backUpOnce` was called. */
  zxid: string;
  base: BaseManifest;
  /** `ownCapture`: nobody else captured. */
  by: 'captureUnderWay' | 'ownCapture';
}

/** ForeignEnsemble, ZooKeeperUnavailable, Repository…; WaitTimedOut where the log did not reach the base. */
export async function backUpOnce(options: OnceOptions): Promise<BackedUp> {
  const { repository, ensemble, members, signal } = options;
  const known = await readEnsemble(repository, ensemble, signal);
  if (known !== undefined && options.acceptForeign !== true)
    refuseForeign(known, members, repository.store.shown);
  const written = await options.commitWrite();
  const { showsWithinMs = SHOWS_WITHIN_MS } = options;
  if (known !== undefined && (await logReaches(options, written, showsWithinMs)))
    return besideCapture(options, written);
  return withCapture(options, written);
}

async function besideCapture(options: OnceOptions, written: bigint): Promise<BackedUp> {
  const { timeline, manifest } = await takeBaseNow(options);
  const zxid = maxZxid(manifest.usableFrom, zxidText(written));
  if (!(await logReaches(options, zxidValue(zxid), SHOWS_WITHIN_MS, manifest.id)))
    throw new ZkferryError(
      'WaitTimedOut',
      `the base taken at ${manifest.usableFrom} needs the log up to there, and the capture of ${options.ensemble} into ${options.repository.store.shown} has stopped before it: see what holds it, or stop it, then take the backup again`,
      { retryable: true },
    );
  return { timeline, zxid, base: manifest, by: 'captureUnderWay' };
}

/** As long as the log grows it is waited for: `withinMs` counts from its last growth. `base`: must be listed, too. */
async function logReaches(
  { repository, ensemble, signal }: OnceOptions,
  zxid: bigint,
  withinMs: number,
  base?: string,
): Promise<boolean> {
  let end: bigint | undefined;
  let deadline = performance.now() + withinMs;
  for (;;) {
    const timeline = newestTimeline(await repository.contents(ensemble, signal));
    const now = logEnd(timeline);
    if (now >= zxid && (base === undefined || timeline.bases.some(({ id }) => id === base)))
      return true;
    if (end !== undefined && now > end) deadline = performance.now() + withinMs;
    end = now;
    if (performance.now() >= deadline) return false;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function withCapture(options: OnceOptions, written: bigint): Promise<BackedUp> {
  const startedAt = new Date().toISOString();
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(CAPTURE_WITHIN_MS)]);
  let basing: Promise<void> | undefined;
  let usableFrom: string | undefined;
  let failure: unknown;
  const takeBase = async (): Promise<void> => {
    try {
      usableFrom = (await takeBaseNow({ ...options, signal })).manifest.usableFrom;
    } catch (error) {
      failure = error;
      stop.abort();
    }
  };
  await capture({
    ...options,
    ...{ signal, stop: stop.signal },
    onProgress: (progress) => {
      options.onProgress?.(progress);
      const { state, storingBase, lastBase, durableUpTo } = progress;
      if (state !== 'capturing' || storingBase || lastBase === undefined) return;
      if (lastBase.takenAt >= startedAt) usableFrom ??= lastBase.usableFrom;
      else basing ??= takeBase();
      if (usableFrom === undefined || durableUpTo === undefined) return;
      if (zxidValue(durableUpTo) >= zxidValue(maxZxid(usableFrom, zxidText(written)))) stop.abort();
    },
  });
  await basing;
  if (failure !== undefined) throw failure as Error;
  return newestSince(options, startedAt, written);
}

async function newestSince(
  { repository, ensemble, signal }: OnceOptions,
  startedAt: string,
  written: bigint,
): Promise<BackedUp> {
  const timeline = newestTimeline(await repository.contents(ensemble, signal));
  const usable = usableBases(timeline).findLast(
    ({ base, island }) => base.takenAt >= startedAt && island.upTo >= written,
  );
  if (usable === undefined)
    throw new ZkferryError(
      'BackupInvalid',
      `no base of ${ensemble} in ${repository.store.shown} that was taken since ${startedAt} can be used, though the capture ended well: zkferry backup verify says why`,
    );
  const zxid = maxZxid(usable.base.usableFrom, zxidText(written));
  return { timeline: timeline.number, zxid, base: usable.base, by: 'ownCapture' };
}
