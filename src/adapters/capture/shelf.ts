/** Where one writer puts its log objects: pieces while they are fresh, segments once they are sealed. */
import { keys, logObjectName } from '../../planning/backup/keys';
import { zxidText } from '../../model/zxid';
import type { LogObject } from '../../model/repository';
import type { Repository } from '../repository/repository';
import type { PendingLog } from './pendingLog';

export interface WriterPlace {
  ensemble: string;
  timeline: number;
  generation: number;
}

export class Shelf {
  private readonly encrypted: boolean;

  constructor(
    private readonly repository: Repository,
    readonly place: WriterPlace,
  ) {
    this.encrypted = repository.document.encryption.kind !== 'none';
  }

  get leastFlushMs(): number {
    return this.repository.store.leastFlushMs;
  }

  /** Resolves once the object is durable. `isBackground`: others are waited for by somebody, this one is not. */
  async put(
    log: PendingLog,
    kind: 'piece' | 'segment',
    { isBackground = false, signal }: { isBackground?: boolean; signal?: AbortSignal } = {},
  ): Promise<LogObject> {
    const { ensemble, timeline, generation } = this.place;
    const { bytes, sha256 } = await this.repository.seal(log.plain(), { isBackground });
    const facts = {
      after: zxidText(log.after),
      last: zxidText(log.last),
      txns: log.txns,
      fromMs: log.fromMs,
      toMs: log.toMs,
      plainBytes: log.plainBytes,
      sha256,
    };
    const folder =
      kind === 'piece' ? keys.pieces(ensemble, timeline, generation) : keys.log(ensemble, timeline);
    const key = `${folder}${logObjectName(facts, this.encrypted)}`;
    await this.repository.store.put(key, bytes, signal);
    return { key, ...facts, bytes: bytes.length };
  }

  async drop(objects: readonly { key: string }[], signal?: AbortSignal): Promise<void> {
    if (objects.length === 0) return;
    await this.repository.store.delete(
      objects.map(({ key }) => key),
      signal,
    );
  }
}
