/** One more base of an ensemble that is known to the repository, beside whoever captures it. */
import { rm } from 'node:fs/promises';
import type { BaseManifest } from '../../model/repository';
import { ensembleOf } from './claim';
import type { CaptureOptions } from './options';
import { detailsOf, storeBase } from './storeBase';
import { takeSnapshot } from './takeSnapshot';

export type BaseSource = Pick<
  CaptureOptions,
  | 'repository'
  | 'ensemble'
  | 'members'
  | 'configuration'
  | 'openTap'
  | 'source'
  | 'directory'
  | 'signal'
  | 'baseBytesPerSecond'
>;

export interface TakenBase {
  timeline: number;
  manifest: BaseManifest;
}

/** It restores once the log of a capture reaches its `usableFrom`. NotRestorable where nothing was ever captured. */
export async function takeBaseNow(source: BaseSource): Promise<TakenBase> {
  const { repository, ensemble, openTap, directory, signal, baseBytesPerSecond } = source;
  const { timelines } = await ensembleOf(repository, ensemble, signal);
  const timeline = timelines.at(-1)!.number;
  const base = await takeSnapshot(openTap, directory, signal, source.source);
  try {
    const place = { ensemble, timeline };
    const details = await detailsOf(source, signal);
    const { manifest } = await storeBase(
      repository,
      place,
      base,
      details,
      signal,
      baseBytesPerSecond,
    );
    return { timeline, manifest };
  } finally {
    await rm(base.file, { force: true });
  }
}
