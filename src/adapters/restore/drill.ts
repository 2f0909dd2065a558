/** Holding a drill: a moment is chosen, proven by whatever way, and the outcome recorded, good or bad. */
import { isZkferryError, type ErrorType } from '../../model/errors';
import { REPOSITORY_FORMAT, type DrillDocument } from '../../model/repository';
import type { EnsembleContents, Extraction } from '../../planning/backup/contents';
import type { Target } from '../../planning/backup/target';
import { recordDrill } from '../repository/drills';
import type { Repository } from '../repository/repository';
import { chooseFrom } from './fromRepository';

/** `base`: where another one was read than the one that was chosen. */
export type Proof = Pick<DrillDocument, 'ok' | 'findings' | 'nodes' | 'digest' | 'serverVersion'> &
  Partial<Pick<DrillDocument, 'base'>>;

const MAX_FINDINGS = 200;
/** What the backup is to blame for. All else (no Java, no room, no such server) is of whoever holds the drill. */
const OF_THE_BACKUP: readonly ErrorType[] = [
  'BackupInvalid',
  'NotRestorable',
  'ObjectMissing',
  'RepositoryInvalid',
  'ZooKeeperRequestFailed',
];

export interface HoldOptions {
  /** What was found already, which counts too. */
  before?: Proof;
  /** Told where the outcome cannot be recorded; without it, that rejects. */
  onUnrecorded?: (error: Error) => void;
  signal?: AbortSignal;
}

/** A backup that does not restore is a drill that failed; rejects, and records nothing, where that could not be found out. */
export async function holdDrill(
  repository: Repository,
  contents: EnsembleContents,
  at: Target,
  prove: (extraction: Extraction) => Promise<Proof>,
  { before, onUnrecorded, signal }: HoldOptions = {},
): Promise<DrillDocument> {
  const startedAt = performance.now();
  const extraction = await chooseFrom(repository, contents, at, { acceptOlder: true }, signal);
  const proof = await prove(extraction).catch((error: unknown): Proof => {
    if (!isZkferryError(error) || error.retryable || !OF_THE_BACKUP.includes(error.type))
      throw error;
    return { ok: false, findings: [error.message] };
  });
  const drill: DrillDocument = {
    format: REPOSITORY_FORMAT,
    at: new Date().toISOString(),
    timeline: extraction.timeline,
    base: extraction.base.key,
    zxid: extraction.zxid,
    ...proof,
    ok: proof.ok && before?.ok !== false,
    findings: [...(before?.findings ?? []), ...proof.findings].slice(0, MAX_FINDINGS),
    durationMs: Math.round(performance.now() - startedAt),
  };
  try {
    await recordDrill(repository, contents.ensemble, drill, signal);
  } catch (error) {
    if (onUnrecorded === undefined || !isZkferryError(error)) throw error;
    onUnrecorded(error);
  }
  return drill;
}
