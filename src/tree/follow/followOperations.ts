/** A committed transaction of the source to what keeps a copy equal to it. Pure, beside the ephemerals it counts. */
import type { WriteOp } from '../../codec/clientRequests';
import type { AclEntry, Txn, TxnBody } from '../../codec/records';
import { raiseOperations, type FinalAcl } from '../copy/operations';
import type { Rights } from '../copy/rights';
import type { Selection } from '../copy/selection';
import { parentOf } from '../paths';
import type { Ephemerals } from './ephemerals';

/** One of both, or neither where the transaction does not concern the copy. */
export interface FollowStep {
  /** Go into one transaction, as they came. */
  ops: WriteOp[];
  acl?: FinalAcl;
}

/** What servers take a null list for (ReferenceCountedACLCache.convertAcls). */
const OPEN: AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];

export class FollowOperations {
  constructor(
    private readonly selection: Selection,
    private readonly rights: Rights,
    private readonly ephemerals: Ephemerals,
  ) {}

  of({ header, body }: Txn): FollowStep {
    const step: FollowStep = { ops: [] };
    if (body.kind === 'closeSession') {
      for (const path of body.paths ?? []) this.ephemerals.delete(path);
      this.ephemerals.closeSession(header.clientId);
    } else if (body.kind === 'multi') {
      // Of a multi that failed only its errors are recorded: nothing was done.
      if (!body.txns.some(({ kind }) => kind === 'error'))
        for (const part of body.txns) this.apply(part, header.clientId, step);
    } else this.apply(body, header.clientId, step);
    return step;
  }

  private apply(body: TxnBody, clientId: bigint, step: FollowStep): void {
    if (!('path' in body) || !this.selection.means(body.path)) return;
    const path = this.selection.targetPath(body.path);
    switch (body.kind) {
      case 'create':
      case 'create2':
        if (body.ephemeral) return this.createEphemeral(body.path, clientId, step);
        step.ops.push({ kind: 'create', path, data: body.data, acl: this.acl(body.acl) });
        return;
      case 'createContainer':
        step.ops.push({ kind: 'createContainer', path, data: body.data, acl: this.acl(body.acl) });
        return;
      case 'createTtl': {
        const ttlMs = Number(body.ttl);
        step.ops.push({
          kind: 'createTtl',
          path,
          data: body.data,
          acl: this.acl(body.acl),
          ttlMs,
        });
        return;
      }
      case 'delete':
        if (!this.ephemerals.delete(body.path)) step.ops.push({ kind: 'delete', path });
        return;
      case 'deleteContainer':
        // The target looks after its containers and times to live itself, and may have been first.
        step.ops.push({ kind: 'delete', path, mayBeGone: true });
        return;
      case 'setData':
      case 'reconfig':
        if (!this.ephemerals.has(body.path))
          step.ops.push({ kind: 'setData', path, data: body.data });
        return;
      case 'setAcl':
        if (!this.ephemerals.has(body.path)) step.acl = { path, acl: this.acl(body.acl) };
    }
  }

  /** It takes a number of its parent, here as there. */
  private createEphemeral(sourcePath: string, owner: bigint, step: FollowStep): void {
    this.ephemerals.add(sourcePath, owner);
    const parent = parentOf(sourcePath);
    if (!this.selection.means(parent)) return;
    const path = this.selection.targetPath(parent);
    for (const pair of raiseOperations({ path, pairs: 1 })) step.ops.push(...pair);
  }

  private acl(acl: AclEntry[] | null): readonly AclEntry[] {
    return this.rights.keepsIn(acl ?? OPEN);
  }
}
