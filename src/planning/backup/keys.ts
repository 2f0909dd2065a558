/**
 * Where everything lies in a repository: docs/backup-format.md. Builders take documents' values (zxids `0x…`, times ISO
 * 8601) and throw InvalidInput for what would make no safe key.
 */
import { ZkferryError } from '../../model/errors';
import { hex16 } from '../../model/zxid';

export { logObjectName, parseLogObjectName, type LogObjectFacts } from './logObjectName';

export const REPOSITORY_KEY = 'repository.json';
const ENSEMBLE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Whether it names a folder of the repository, and nothing else in it. */
export const isEnsembleName = (name: string): boolean =>
  ENSEMBLE_NAME.test(name) && name !== REPOSITORY_KEY;

const timelineFolder = (ensemble: string, timeline: number): string =>
  `${ensembleFolder(ensemble)}${digits(timeline, 4, 'timeline')}/`;

const base = (ensemble: string, timeline: number, usableFrom: string, id: string): string => {
  if (!/^[0-9a-f]{8}$/.test(id)) throw noKey(`the id ${JSON.stringify(id)}`, '8 hex digits');
  return `${prefixes.bases(ensemble, timeline)}${hex16(usableFrom)}-${id}`;
};

/** Prefixes for listing; each ends in `/`. */
export const prefixes = {
  ensemble: (ensemble: string): string => ensembleFolder(ensemble),
  writers: (ensemble: string): string => `${ensembleFolder(ensemble)}writers/`,
  drills: (ensemble: string): string => `${ensembleFolder(ensemble)}drills/`,
  timeline: timelineFolder,
  bases: (ensemble: string, timeline: number): string =>
    `${timelineFolder(ensemble, timeline)}base/`,
  /** Pieces of all generations. */
  tails: (ensemble: string, timeline: number): string =>
    `${timelineFolder(ensemble, timeline)}tail/`,
  indexes: (ensemble: string, timeline: number): string =>
    `${timelineFolder(ensemble, timeline)}index/`,
  states: (ensemble: string, timeline: number): string =>
    `${timelineFolder(ensemble, timeline)}state/`,
};

export const keys = {
  repository: REPOSITORY_KEY,
  ensemble: (ensemble: string): string => `${ensembleFolder(ensemble)}ensemble.json`,
  writer: (ensemble: string, generation: number): string =>
    `${prefixes.writers(ensemble)}${generationText(generation)}.json`,
  baseManifest: (ensemble: string, timeline: number, usableFrom: string, id: string): string =>
    `${base(ensemble, timeline, usableFrom, id)}.json`,
  baseSnapshot: (
    ensemble: string,
    timeline: number,
    usableFrom: string,
    id: string,
    encrypted: boolean,
  ): string => `${base(ensemble, timeline, usableFrom, id)}.snapshot.zst${age(encrypted)}`,
  baseConfiguration: (
    ensemble: string,
    timeline: number,
    usableFrom: string,
    id: string,
    encrypted: boolean,
  ): string =>
    `${base(ensemble, timeline, usableFrom, id)}.configuration.json.zst${age(encrypted)}`,
  /** A prefix: log object names come after it. */
  pieces: (ensemble: string, timeline: number, generation: number): string =>
    `${prefixes.tails(ensemble, timeline)}${generationText(generation)}/`,
  /** A prefix: log object names come after it. */
  log: (ensemble: string, timeline: number): string => `${timelineFolder(ensemble, timeline)}log/`,
  index: (ensemble: string, timeline: number, generation: number, number: number): string =>
    `${prefixes.indexes(ensemble, timeline)}${generationText(generation)}-${digits(number, 6, 'index')}.json`,
  state: (ensemble: string, timeline: number, generation: number): string =>
    `${prefixes.states(ensemble, timeline)}${generationText(generation)}.json`,
  /** `at`: ISO 8601 in UTC. */
  drill: (ensemble: string, at: string): string => {
    const name = at.replaceAll(':', '-');
    if (!DRILL.test(name)) throw noKey(`the time ${JSON.stringify(at)}`, 'ISO 8601 in UTC');
    return `${prefixes.drills(ensemble)}${name}.json`;
  },
};

const DRILL = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(\.\d{1,9})?Z$/;

const age = (encrypted: boolean): string => (encrypted ? '.age' : '');

const generationText = (generation: number): string => digits(generation, 8, 'generation');

function ensembleFolder(ensemble: string): string {
  if (!isEnsembleName(ensemble)) {
    throw noKey(
      `the ensemble's name ${JSON.stringify(ensemble.slice(0, 100))}`,
      '1 to 63 letters, digits, ".", "_" or "-", beginning with a letter or digit',
    );
  }
  return `${ensemble}/`;
}

function digits(value: number, width: number, what: string): string {
  if (!Number.isInteger(value) || value < 0 || value >= 10 ** width) {
    throw noKey(`the ${what} ${value}`, `a whole number of at most ${width} digits`);
  }
  return String(value).padStart(width, '0');
}

function noKey(what: string, expected: string): ZkferryError {
  return new ZkferryError('InvalidInput', `${what} makes no key of a repository: use ${expected}`);
}
