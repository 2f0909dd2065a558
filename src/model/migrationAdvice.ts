/** What speaks for and against each way of moving an ensemble, and what no run can change for people. Plain JSON. */
import type { BoundAcl, EnsembleFacts, Finding } from './facts';
import type { MigrationMode } from './migrationInputs';

/** One way of moving these two ensembles. */
export interface ModeAdvice {
  mode: MigrationMode;
  /** A plan of it would have no finding of severity error. */
  possible: boolean;
  recommended: boolean;
  keeps: string[];
  loses: string[];
  /** Longest time without writes, as a plan of it reckons it; absent where no plan can be made. */
  expectedOutageMs?: number;
  /** Why it is not possible; else why it is recommended, and what should be known of it. */
  reasons: string[];
  /** What must be so, or be made so, before it can be taken. */
  needs: string[];
}

/** Something that people must change themselves: no mode carries it over. */
export interface ManualChange {
  what: string;
  where: string;
  why: string;
}

/** Software found by its znodes. */
export interface ClientUse {
  software: string;
  /** `/`, or the chroot that its paths are under. */
  root: string;
  /** What it was told by; three at most. */
  paths: string[];
  /** For a move. */
  means: string;
  /** Modes after which it does not work on. */
  harmedBy: MigrationMode[];
}

export interface MigrationAdvice {
  /** All three, the best first. */
  modes: ModeAdvice[];
  manual: ManualChange[];
  users: ClientUse[];
  /** What could not be seen, so that nothing above is told from it; empty where all could. */
  unknown: string[];
}

/** What a plan of this mode comes to. */
export interface ModeLook {
  mode: MigrationMode;
  findings: Finding[];
  /** Longest time without writes, as that plan reckons it; absent where none could be made. */
  outageMs?: number;
  /** Why none could be made. */
  refused?: { message: string; hint?: string };
}

/** Paths that software is known by, as far as a bounded look got. */
export interface KnownZnodes {
  paths: string[];
  acls: BoundAcl[];
  /** Of ZooKeeper, reads all of them. */
  requests: number;
  /** Why there may be more, or nothing is known; absent where the look got to its end. */
  incomplete?: string;
}

/** A client of the inventory, as far as advice goes. */
export interface MovingClient {
  name: string;
  /** Where its sessions come from: addresses or names. */
  addresses: string[];
}

export interface AdviceFacts {
  /** The one that was asked for. */
  chosen: MigrationMode;
  source: EnsembleFacts;
  /** `host.jvmFlags` of servers that do not run: what their environment files would give them. */
  target: EnsembleFacts;
  /** One a mode. */
  looks: ModeLook[];
  /** Of stretch: what the new servers shall run, where that was said. */
  version?: string;
  /** Software that may be harmed, in small letters. */
  acceptHarm: readonly string[];
  znodes: KnownZnodes;
  clients: MovingClient[];
}
