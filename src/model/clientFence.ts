/** What keeps clients from a server while its members still reach it. */
import { createHash } from 'node:crypto';
import type { ResolvedServer } from './inventory';
import type { FenceToken, OperationContext } from './ports';

/**
 * - `held`: closed, as it was closed
 * - `raisedAgain`: its rules were gone or others, and are there again
 * - `busy`: another operation has the host; not looked at
 * - `none`: not closed by us
 */
export type HeldFence = 'held' | 'raisedAgain' | 'busy' | 'none';

export interface ClientFencePort {
  /** Reads only. Unsupported where there is no nft or no right to use it, with what to do. */
  checkClientFence(server: ResolvedServer, context: OperationContext): Promise<void>;
  /** Puts `ruleset` in force, and remembers it on the host. Idempotent. */
  raiseClientFence(
    server: ResolvedServer,
    ruleset: string,
    token: FenceToken,
    context: OperationContext,
  ): Promise<void>;
  /** `lifted: false` where nothing was closed. */
  liftClientFence(
    server: ResolvedServer,
    token: FenceToken,
    context: OperationContext,
  ): Promise<{ lifted: boolean }>;
  /** Brings back what was raised, where it is not as it was: a flush, a restart of the host. */
  holdClientFence(server: ResolvedServer, context: OperationContext): Promise<HeldFence>;
}

/**
 * Local ports that a connection comes from where a fence is to let it through: below every range that systems choose from
 * by themselves, so that no client of the ensemble has one by chance.
 */
export const PASSAGE_PORTS = { from: 20_224, to: 20_351 } as const;

/** Whom a fence lets through: what brings the writes of the side that serves to the one that is closed. */
export interface FencePassage {
  /** IP address that its connections come from, as the closed server sees it. */
  address: string;
  ports: Readonly<{ from: number; to: number }>;
}

const NAME_DIGITS = 12;

/** Of one server: found again by every later worker, whatever run it is of. */
export function fenceTable({ ensemble, name }: Pick<ResolvedServer, 'ensemble' | 'name'>): string {
  const digest = createHash('sha256').update(`${ensemble}\0${name}`).digest('hex');
  return `zkferry_${digest.slice(0, NAME_DIGITS)}`;
}
