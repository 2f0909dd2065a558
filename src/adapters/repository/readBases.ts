/** Bases: the manifests that the state names, as far as what they describe is there. */
import type { ObjectStore } from '../../model/backupPorts';
import {
  baseManifestSchema,
  type BaseManifest,
  type StateDocument,
  type StoredObject,
} from '../../model/repository';
import type { ContentFinding, ListedBase } from '../../planning/backup/contents';
import { keys, prefixes } from '../../planning/backup/keys';
import { compareZxids } from '../../model/zxid';
import { damageOf } from './damage';
import { readDocument } from './documents';
import { unknownObject } from './readSegments';
import type { Listing } from './timelineListing';

export interface Whose {
  ensemble: string;
  timeline: number;
  isEncrypted: boolean;
}

interface Meant {
  key: string;
  sha256?: string;
  mustProve?: boolean;
}

export interface BasesRead {
  bases: ListedBase[];
  findings: ContentFinding[];
}

/**
 * Without a state every manifest counts: what it describes proves itself by its checksum. `isDoubtful`: the state is not
 * the newest there was; manifests that it does not name then count where they prove themselves.
 */
export async function readBases(
  store: ObjectStore,
  whose: Whose,
  { state, isDoubtful }: { state: StateDocument | undefined; isDoubtful: boolean },
  listing: Listing,
  signal?: AbortSignal,
): Promise<BasesRead> {
  const prefix = prefixes.bases(whose.ensemble, whose.timeline);
  const listed = [...listing.keys()].filter((key) => key.startsWith(prefix));
  const unnamed = listed
    .filter((key) => isManifest(key) && !state?.bases.some((base) => base.key === key))
    .map((key) => ({ key, mustProve: state !== undefined }));
  const meant: Meant[] = [
    ...(state?.bases ?? []),
    ...(state === undefined || isDoubtful ? unnamed : []),
  ];
  const bases: ListedBase[] = [];
  const findings: ContentFinding[] = [];
  const used = new Set<string>();
  for (const { key, sha256, mustProve } of meant) {
    const manifest = await readManifest(store, key, sha256, whose, findings, signal);
    if (mustProve === true && manifest?.selfSha256 === undefined) continue;
    used.add(key);
    if (manifest === undefined) continue;
    const { snapshot, configuration } = manifest;
    used.add(snapshot.key);
    const flaw = flawOf(snapshot, key, listing);
    if (flaw !== undefined) findings.push(flaw);
    if (configuration !== undefined) {
      used.add(configuration.key);
      // A tree restores without its configuration files: the base stays.
      const less = flawOf(configuration, key, listing);
      if (less !== undefined) findings.push(less);
    }
    if (flaw === undefined) bases.push({ ...manifest, key });
  }
  findings.push(...listed.filter((key) => !used.has(key)).map(unknownObject));
  bases.sort((a, b) => compareZxids(a.usableFrom, b.usableFrom));
  return { bases, findings };
}

const isManifest = (key: string): boolean => /\/[0-9a-f]{16}-[0-9a-f]{8}\.json$/.test(key);

async function readManifest(
  store: ObjectStore,
  key: string,
  sha256: string | undefined,
  whose: Whose,
  findings: ContentFinding[],
  signal?: AbortSignal,
): Promise<BaseManifest | undefined> {
  try {
    const read = await readDocument(store, key, baseManifestSchema, signal);
    const { document } = read;
    if (sha256 !== undefined && read.sha256 !== sha256) {
      findings.push(damagedManifest(key, 'it is another than the state names'));
    } else if (!isItsOwnName(document, key, whose)) {
      findings.push(damagedManifest(key, 'it is that of another base'));
    } else {
      return document;
    }
  } catch (error) {
    const why = damageOf(error);
    const isMissing = (error as { type?: string }).type === 'ObjectMissing';
    findings.push(
      isMissing
        ? {
            code: 'ManifestMissing',
            severity: 'error',
            key,
            message: `${key} is missing, although the state names it: its base is not used`,
          }
        : damagedManifest(key, why),
    );
  }
  return undefined;
}

function isItsOwnName(manifest: BaseManifest, key: string, whose: Whose): boolean {
  const { ensemble, timeline, isEncrypted } = whose;
  const { usableFrom, id, snapshot, configuration } = manifest;
  const of = [ensemble, timeline, usableFrom, id] as const;
  return (
    key === keys.baseManifest(...of) &&
    snapshot.key === keys.baseSnapshot(...of, isEncrypted) &&
    (configuration === undefined ||
      configuration.key === keys.baseConfiguration(...of, isEncrypted))
  );
}

const damagedManifest = (key: string, why: string): ContentFinding => ({
  code: 'ManifestDamaged',
  severity: 'error',
  key,
  message: `${key} is not used: ${why}`,
});

function flawOf(
  object: StoredObject,
  manifest: string,
  listing: Listing,
): ContentFinding | undefined {
  const bytes = listing.get(object.key);
  if (bytes === object.bytes) return undefined;
  return {
    code: bytes === undefined ? 'ObjectMissing' : 'ObjectDamaged',
    severity: 'error',
    key: object.key,
    message:
      bytes === undefined
        ? `${object.key} is missing, although ${manifest} describes it`
        : `${object.key} has ${bytes} bytes where ${manifest} says ${object.bytes}`,
  };
}
