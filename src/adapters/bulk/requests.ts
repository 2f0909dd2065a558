/** What an ordered writer sends, in the order in which it was cut. */
import type { WriteOp } from '../../codec/clientRequests';
import type { ZkAcl } from '../../model/ports';

export interface Batch<P> {
  kind: 'multi';
  ops: WriteOp[];
  bytes: number;
  /** The marker's version before this batch. */
  version: number;
  position: P | undefined;
  sentAt: number;
  /** Sent before; whether it was applied was not known. */
  again: boolean;
}

export interface AclChange<P> {
  kind: 'acl';
  path: string;
  acl: readonly ZkAcl[];
  position: P | undefined;
  /** As of a batch; also where an earlier process may have sent it. */
  again: boolean;
}

export type Request<P> = Batch<P> | AclChange<P>;
