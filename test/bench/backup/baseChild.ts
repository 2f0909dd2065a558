/** Takes one base, as the activity takeBase does, and prints what that took. Argument: a BaseArgument as JSON. */
import { rm } from 'node:fs/promises';
import { writeEnsemble } from '../../../src/adapters/capture/claim';
import { storeBase } from '../../../src/adapters/capture/storeBase';
import { takeSnapshot } from '../../../src/adapters/capture/takeSnapshot';
import { openRepository } from '../../../src/adapters/repository/openRepository';
import { storeNamed } from '../../../src/adapters/repository/openStore';
import { openTap, type TapServer } from '../../../src/adapters/tap';
import { ENSEMBLE } from './ensembleName';

export interface BaseArgument {
  servers: TapServer[];
  /** For the snapshot on its way. */
  directory: string;
  /** A repository that is there. */
  place: string;
}

export interface BaseTaken {
  /** From the first look for the leader until the snapshot is here, whole and synced to its file. */
  snapshotMs: number;
  /** From then until the manifest is durable. */
  storeMs: number;
  bytes: number;
  plainBytes: number;
  nodes: number;
}

async function takeBase({ servers, directory, place }: BaseArgument): Promise<BaseTaken> {
  const repository = await openRepository(storeNamed(place));
  const startedAt = new Date().toISOString();
  const timelines = [{ number: 1, startedAt, reason: 'the first capture' }];
  await writeEnsemble(repository, ENSEMBLE, { members: [], timelines });
  const began = performance.now();
  const base = await takeSnapshot(
    (options) => openTap({ servers, ...options }),
    directory,
    new AbortController().signal,
  );
  const taken = performance.now();
  const timeline = { ensemble: ENSEMBLE, timeline: 1 };
  const { manifest } = await storeBase(repository, timeline, base, { members: [] });
  const stored = performance.now();
  await rm(base.file, { force: true });
  return {
    snapshotMs: taken - began,
    storeMs: stored - taken,
    bytes: manifest.snapshot.bytes,
    plainBytes: manifest.snapshot.plainBytes,
    nodes: manifest.nodes!,
  };
}

takeBase(JSON.parse(process.argv[2]!) as BaseArgument).then(
  (taken) => void process.stdout.write(`${JSON.stringify(taken)}\n`),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
