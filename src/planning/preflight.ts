/**
 * What stands against an upgrade, or should be known before it, by facts alone: each finding names the value
 * seen and what would be accepted. Rules by subject are in ./preflight/.
 */
import type { EnsembleFacts, Finding } from '../model/facts';
import type { VersionHop } from '../model/plan';
import { joinFindings } from './findings';
import { ensembleFindings } from './preflight/ensemble';
import { hostFindings } from './preflight/hosts';
import { memberFindings } from './preflight/members';
import { limitFindings } from './preflight/limits';
import { treeFindings, unknownTreeFindings } from './preflight/tree';
import { wayBackFindings } from './preflight/wayBack';

/** Outcome of asking for one version on one server, before anything is changed. */
export interface PackageCheck {
  server: string;
  version: string;
  /** Size of the archive, where known. */
  bytes?: number;
  /** Why it can't be had. */
  error?: { type: string; message: string };
}

/** The repository that the inventory gives the ensemble. */
export interface RepositoryCheck {
  name: string;
  /** Why no backup can be made in it, or proven by reading it back. */
  error?: { type: string; message: string };
}

export interface PreflightInput {
  target: string;
  hops: readonly VersionHop[];
  /** Synced voters that must remain beyond the quorum while one server is down. */
  margin: number;
  packageChecks?: readonly PackageCheck[];
  repository?: RepositoryCheck;
}

export function preflightFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  return joinFindings(
    ensembleFindings(facts, input),
    memberFindings(facts),
    hostFindings(facts, input),
    limitFindings(facts),
    treeFindings(facts),
    unknownTreeFindings(facts),
    wayBackFindings(facts, input),
  );
}
