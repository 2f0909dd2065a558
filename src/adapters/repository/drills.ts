/** Records of proofs that a backup restores. */
import { drillDocumentSchema, type DrillDocument } from '../../model/repository';
import { damageOf } from './damage';
import { proven } from './documents';
import type { ContentFinding } from '../../planning/backup/contents';
import { keys, prefixes } from '../../planning/backup/keys';
import type { Repository } from './repository';

export async function recordDrill(
  repository: Repository,
  ensemble: string,
  drill: DrillDocument,
  signal?: AbortSignal,
): Promise<void> {
  await repository.putDocument(keys.drill(ensemble, drill.at), proven(drill), signal);
}

/** Those that cannot be read as what they are; nothing rests on them but what is told of proofs. */
export async function drillFindings(
  repository: Repository,
  ensemble: string,
  signal?: AbortSignal,
): Promise<ContentFinding[]> {
  const findings: ContentFinding[] = [];
  for await (const entries of repository.store.list(prefixes.drills(ensemble), signal))
    for (const { key } of entries) {
      const flaw = await flawOf(repository, ensemble, key, signal);
      if (flaw === undefined) continue;
      const message = `${key} proves nothing: ${flaw}`;
      findings.push({ code: 'DrillDamaged', severity: 'error', key, message });
    }
  return findings;
}

async function flawOf(
  repository: Repository,
  ensemble: string,
  key: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    const { at } = await repository.getDocument(key, drillDocumentSchema, { signal });
    return keys.drill(ensemble, at) === key ? undefined : `it is that of ${at}`;
  } catch (error) {
    return damageOf(error);
  }
}

/** The newest; undefined where there was none. */
export async function lastDrill(
  repository: Repository,
  ensemble: string,
  signal?: AbortSignal,
): Promise<DrillDocument | undefined> {
  let newest: string | undefined;
  for await (const entries of repository.store.list(prefixes.drills(ensemble), signal))
    newest = entries.at(-1)?.key ?? newest;
  if (newest === undefined) return undefined;
  return repository.getDocument(newest, drillDocumentSchema, { signal });
}
