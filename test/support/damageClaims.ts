/** Each kind of object, damaged in each way: it is told, nothing wrong is restored, and what does not need it still is. */
import { strict as assert } from 'node:assert';
import type { Repository } from '../../src/adapters/repository/repository';
import { writeEnsemble } from '../../src/adapters/capture/claim';
import type { ObjectStore } from '../../src/model/backupPorts';
import { damages, deleted, objectsIn, swapped, type Damage, type ObjectKind } from './damage';
import { examine } from './examineRepository';
import { ENSEMBLE } from './runningCapture';
import type { SmallRepository } from './smallRepository';

export interface DamageStage {
  /** A copy that may be damaged. */
  store: ObjectStore;
  open: () => Promise<Repository>;
  /** Of another repository that holds an ensemble of the same name. */
  another: ObjectStore;
  small: SmallRepository;
}

/** Whether some moments are lost with it. */
const kinds: Partial<Record<ObjectKind, 'loses' | 'none'>> = {
  repository: 'none',
  ensemble: 'none',
  state: 'none',
  index: 'none',
  baseManifest: 'loses',
  baseSnapshot: 'loses',
  baseConfiguration: 'none',
  log: 'loses',
  piece: 'loses',
  drill: 'none',
};

export const damagedKinds = Object.keys(kinds) as ObjectKind[];

/** What may lie in another repository. */
export async function fillAnother(repository: Repository): Promise<void> {
  const timelines = [{ number: 1, startedAt: new Date().toISOString(), reason: 'another' }];
  const members = [{ id: 1, address: 'elsewhere:2181', role: 'participant' as const }];
  await writeEnsemble(repository, ENSEMBLE, { members, timelines });
}

/** A writer that is killed may leave one that no state names any more, or names yet. */
export async function namedIndexes(open: () => Promise<Repository>): Promise<string[]> {
  const { timelines } = await (await open()).contents(ENSEMBLE);
  return timelines[0]!.indexes.map(({ key }) => key);
}

/** The one that is damaged, and another of its kind. */
async function victimOf(
  { store, another, open }: DamageStage,
  kind: ObjectKind,
): Promise<{ key: string; other: { store: ObjectStore; key: string } }> {
  const found =
    kind === 'index' ? await namedIndexes(open) : ((await objectsIn(store)).get(kind) ?? []);
  if (kind === 'repository' || kind === 'ensemble')
    return { key: found[0]!, other: { store: another, key: found[0]! } };
  assert.ok(found.length > 1, `only one object of kind ${kind}`);
  const at = kind === 'state' || kind === 'drill' ? [-1, -2] : kind === 'log' ? [2, 3] : [0, 1];
  return { key: found.at(at[0]!)!, other: { store, key: found.at(at[1]!)! } };
}

async function assertTold(stage: DamageStage, kind: ObjectKind, damage: Damage): Promise<void> {
  const { store, small } = stage;
  const { key, other } = await victimOf(stage, kind);
  await damage(store, key, other);
  const { errors, lost, latest } = await examine(() => stage.open(), ENSEMBLE, small.points);
  const name = nameOf(kind, key, damage);
  assert.ok(
    errors.some((error) => error.includes(name)),
    `nothing names ${name}: ${errors.join('; ') || 'no error is told'}`,
  );
  if (kind === 'repository' && damage !== swapped) {
    assert.equal(lost.length, small.points.length);
    return;
  }
  assert.equal(lost.length > 0, kinds[kind] === 'loses', `lost: ${lost.join()}`);
  assert.ok(lost.length < small.points.length, 'nothing is restored any more');
  // Behind the damage a later base leads on, but for the newest pieces, and for what tells which are the newest.
  const isEnd =
    kind === 'piece' || kind === 'state' || kind === 'ensemble' || kind === 'repository';
  assert.equal(latest, isEnd ? 'refused' : 'restored');
}

/** What is gone is named by who names it, or by what it leaves. */
function nameOf(kind: ObjectKind, key: string, damage: Damage): string {
  if (damage !== deleted) return key;
  if (kind === 'state') return 'is older than what lies there';
  return kind === 'piece' ? rangeOf(key) : key;
}

/** As messages write it. */
function rangeOf(piece: string): string {
  const [after = '', last = ''] = piece.slice(piece.lastIndexOf('/') + 1).split(/[-.]/);
  const text = (hex: string) => `0x${BigInt(`0x${hex}`).toString(16)}`;
  return `after ${text(after)} up to ${text(last)} are missing`;
}

export interface DamageClaim {
  kind: ObjectKind;
  how: string;
  assert: (stage: DamageStage) => Promise<void>;
}

export const damageClaims: DamageClaim[] = damagedKinds.flatMap((kind) =>
  Object.entries(damages)
    // Nothing names a drill, and nothing rests on it.
    .filter(([, damage]) => kind !== 'drill' || damage !== deleted)
    .map(([how, damage]) => ({ kind, how, assert: (stage) => assertTold(stage, kind, damage) })),
);
