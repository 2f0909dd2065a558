/** What a repository says of itself, and what it restores, held against the trees that there were. */
import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Repository } from '../../src/adapters/repository/repository';
import { treeAt } from '../../src/adapters/restore';
import { checkEnsemble } from '../../src/adapters/restore/checkEnsemble';
import { chooseFrom, openExtraction } from '../../src/adapters/restore/fromRepository';
import { isZkferryError } from '../../src/model/errors';
import type { ContentFinding, EnsembleContents } from '../../src/planning/backup/contents';
import { restorableRanges } from '../../src/planning/backup/restorable';
import type { Target } from '../../src/planning/backup/target';
import type { DataTree } from '../../src/tree/dataTree';
import { fingerprintOf, type RecordedTree } from './recordedTrees';

const REFUSALS = [
  'NotRestorable',
  'BackupInvalid',
  'RepositoryInvalid',
  'ObjectMissing',
  'NotDecrypted',
];

export interface Examined {
  /** Of severity error, as `backup verify` tells them; or why there is no repository. */
  errors: string[];
  /** Of severity warning. */
  warnings: string[];
  /** Indexes of the points that are refused. */
  lost: number[];
  /** `restored`: to the last point. */
  latest: 'restored' | 'refused';
  /** What is said where it is refused; rejects where it is not. */
  refusalOf: (target: Target) => Promise<string>;
}

/** The tree of a moment; rejects with a refusal. */
export async function extractedAt(
  repository: Repository,
  contents: EnsembleContents,
  target: Target,
): Promise<{ zxid: string; tree: DataTree }> {
  const work = await mkdtemp(join(tmpdir(), 'zkferry-examine-'));
  try {
    const extraction = await chooseFrom(repository, contents, target);
    const input = await openExtraction(repository, contents, extraction, work);
    const { tree } = await treeAt(input);
    return { zxid: extraction.zxid, tree };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The same, by its fingerprint. */
export async function fingerprintAt(
  ...of: Parameters<typeof extractedAt>
): Promise<{ zxid: string; fingerprint: string }> {
  const { zxid, tree } = await extractedAt(...of);
  return { zxid, fingerprint: fingerprintOf(tree) };
}

/** Rejects with an assertion where anything is restored that is not what was, or a refusal does not say what can be. */
export async function examine(
  open: () => Promise<Repository>,
  ensemble: string,
  points: readonly RecordedTree[],
): Promise<Examined> {
  const closed = (why: string): Examined => ({
    errors: [why],
    warnings: [],
    lost: points.map((_, index) => index),
    latest: 'refused',
    refusalOf: () => Promise.resolve(why),
  });
  const repository = await open().catch(refusal);
  if (typeof repository === 'string') return closed(repository);
  const listed = await repository.contents(ensemble);
  const { contents: sound, findings } = await checkEnsemble(repository, ensemble);
  const ranges = sound.timelines.flatMap(restorableRanges);
  const attempt = (contents: EnsembleContents, target: Target) =>
    fingerprintAt(repository, contents, target).catch(refusal);
  const isRight = async (target: Target, point: RecordedTree): Promise<boolean> => {
    const right = { zxid: point.zxid, fingerprint: point.fingerprint };
    // Without the check damage shows while it is read.
    const unchecked = await attempt(listed, target);
    if (typeof unchecked !== 'string') assert.deepEqual(unchecked, right);
    const checked = await attempt(sound, target);
    if (typeof checked !== 'string') assert.deepEqual(checked, right);
    else if (ranges.length > 0)
      assert.ok(
        ranges.some(({ from, to }) => checked.includes(from) || checked.includes(to)),
        `what can be restored is not said: ${checked}`,
      );
    return typeof checked !== 'string';
  };
  const lost: number[] = [];
  for (const [index, point] of points.entries()) {
    const byZxid = await isRight({ kind: 'zxid', zxid: point.zxid }, point);
    if (!byZxid) lost.push(index);
  }
  const latest = await isRight({ kind: 'latest' }, points.at(-1)!);
  const told = (severity: ContentFinding['severity']): string[] =>
    findings.filter((finding) => finding.severity === severity).map(({ message }) => message);
  return {
    errors: told('error'),
    warnings: told('warning'),
    lost,
    latest: latest ? 'restored' : 'refused',
    refusalOf: async (target) => {
      const outcome = await attempt(sound, target);
      assert.equal(typeof outcome, 'string', 'it was restored');
      return outcome as string;
    },
  };
}

function refusal(error: unknown): string {
  if (isZkferryError(error) && REFUSALS.includes(error.type)) return error.message;
  throw error;
}
