/**
 * Takes away what a retention no longer keeps. The state that names it goes first, the manifests next, objects last: at
 * every moment whatever is named is there.
 */
import type { RetentionSpec } from '../../model/repositorySpec';
import type { EnsembleContents, TimelineContents } from '../../planning/backup/contents';
import { prefixes } from '../../planning/backup/keys';
import { planRetention, type RetentionPlan } from '../../planning/backup/retention';
import type { Repository } from '../repository/repository';
import { findBases } from './bases';
import { Manifest } from './manifest';
import type { WriterPlace } from './shelf';

export interface Retired {
  bases: number;
  segments: number;
  timelines: number[];
}

/** `manifest`: of the timeline that is captured now; those of earlier ones are written by this generation too. */
export async function retire(
  repository: Repository,
  place: WriterPlace,
  manifest: Manifest,
  spec: RetentionSpec,
  signal?: AbortSignal,
): Promise<Retired> {
  const contents = await repository.contents(place.ensemble, signal);
  const plan = planRetention(contents, spec, Date.now());
  for (const timeline of contents.timelines) {
    if (plan.deleteTimelines.includes(timeline.number) || !concerns(plan, timeline)) continue;
    const own = timeline.number === place.timeline;
    const writing = own ? manifest : await manifestOf(repository, place, timeline, signal);
    await writing.replace(keptSegments(plan, timeline), keptHoles(plan, timeline), signal);
    await writing.setBases(
      await storedBases(repository, { ...place, timeline: timeline.number }, plan, signal),
      signal,
    );
  }
  await deleteObjects(repository, plan, signal);
  for (const number of plan.deleteTimelines)
    await deleteTimeline(repository, contents, number, signal);
  return {
    bases: plan.deleteBases.length,
    segments: plan.deleteSegments.length,
    timelines: plan.deleteTimelines,
  };
}

const concerns = (plan: RetentionPlan, { segments, bases, number }: TimelineContents): boolean =>
  plan.deleteSegments.some((one) => segments.includes(one)) ||
  plan.deleteBases.some((one) => bases.includes(one)) ||
  plan.dropHoles.some(({ timeline }) => timeline === number);

const keptSegments = ({ deleteSegments }: RetentionPlan, { segments }: TimelineContents) => {
  const gone = new Set(deleteSegments);
  return segments.filter((segment) => !gone.has(segment));
};

const keptHoles = ({ dropHoles }: RetentionPlan, { holes, number }: TimelineContents) =>
  holes.filter(
    ({ after, upTo }) =>
      !dropHoles.some(
        ({ timeline, hole }) => timeline === number && hole.after === after && hole.upTo === upTo,
      ),
  );

async function storedBases(
  repository: Repository,
  place: WriterPlace,
  { deleteBases }: RetentionPlan,
  signal?: AbortSignal,
) {
  const gone = new Set(deleteBases.map(({ key }) => key));
  const found = await findBases(repository, place, new Map(), signal);
  return [...found.values()].map(({ stored }) => stored).filter(({ key }) => !gone.has(key));
}

async function manifestOf(
  repository: Repository,
  place: WriterPlace,
  timeline: TimelineContents,
  signal?: AbortSignal,
): Promise<Manifest> {
  const its = { ...place, timeline: timeline.number };
  const bases = await findBases(repository, its, new Map(), signal);
  return new Manifest(
    repository,
    its,
    timeline,
    [...bases.values()].map(({ stored }) => stored),
  );
}

async function deleteObjects(
  { store }: Repository,
  { deleteBases, deleteSegments, deletePieces, deleteOthers }: RetentionPlan,
  signal?: AbortSignal,
): Promise<void> {
  await store.delete(
    deleteBases.map(({ key }) => key),
    signal,
  );
  const rest = [
    ...deleteBases.flatMap(({ snapshot, configuration }) => [
      snapshot.key,
      ...(configuration === undefined ? [] : [configuration.key]),
    ]),
    ...[...deleteSegments, ...deletePieces].map(({ key }) => key),
    ...deleteOthers,
  ];
  await store.delete(rest, signal);
}

async function deleteTimeline(
  { store }: Repository,
  { ensemble }: EnsembleContents,
  number: number,
  signal?: AbortSignal,
): Promise<void> {
  for await (const entries of store.list(prefixes.timeline(ensemble, number), signal))
    await store.delete(
      entries.map(({ key }) => key),
      signal,
    );
}
