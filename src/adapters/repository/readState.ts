/** The root of a timeline: the newest state that is whole. */
import type { ObjectStore } from '../../model/backupPorts';
import { stateDocumentSchema, type StateDocument } from '../../model/repository';
import type { ContentFinding } from '../../planning/backup/contents';
import { prefixes } from '../../planning/backup/keys';
import { readDocument } from './documents';
import { damageOf } from './damage';
import type { Listing } from './timelineListing';

const NAME = /^(\d{8})\.json$/;

export interface StateRead {
  state?: StateDocument;
  findings: ContentFinding[];
}

/** Findings for those that are damaged, and where none is left although there should be one. */
export async function readState(
  store: ObjectStore,
  ensemble: string,
  timeline: number,
  listing: Listing,
  signal?: AbortSignal,
): Promise<StateRead> {
  const prefix = prefixes.states(ensemble, timeline);
  const findings: ContentFinding[] = [];
  const found = [...listing.keys()].filter((key) => key.startsWith(prefix));
  const candidates = found.filter((key) => NAME.test(key.slice(prefix.length))).reverse();
  for (const key of candidates) {
    const generation = Number(key.slice(prefix.length, prefix.length + 8));
    try {
      const { document } = await readDocument(store, key, stateDocumentSchema, signal);
      const flaw = flawOf(document, generation, timeline);
      if (flaw === undefined) return { state: document, findings };
      findings.push(damagedState(key, flaw));
    } catch (error) {
      findings.push(damagedState(key, damageOf(error)));
    }
  }
  if (findings.length === 0 && needsState(listing, ensemble, timeline)) {
    findings.push({
      code: 'StateMissing',
      severity: 'error',
      key: prefix,
      message: `no state is below ${prefix}, so what its bases and indexes were is not known: only objects whose names tell are used`,
    });
  }
  return { findings };
}

function flawOf(state: StateDocument, generation: number, timeline: number): string | undefined {
  if (state.generation !== generation) return `it is that of generation ${state.generation}`;
  if (state.timeline !== timeline) return `it is that of timeline ${state.timeline}`;
  return undefined;
}

const damagedState = (key: string, why: string): ContentFinding => ({
  code: 'StateDamaged',
  severity: 'error',
  key,
  message: `${key} is not used: ${why}; an older state may not know the newest segments and bases`,
});

/** A writer seals before it leaves its first state, so pieces alone are no reason to miss one. */
const needsState = (listing: Listing, ensemble: string, timeline: number): boolean =>
  [...listing.keys()].some((key) =>
    [prefixes.indexes(ensemble, timeline), prefixes.bases(ensemble, timeline)].some((prefix) =>
      key.startsWith(prefix),
    ),
  );
