/** Numbers plans and checks reckon with, each with its source. */

/** Longest write gap of a clean leader restart on a calm box: 0.7–1.4 s on 3.6+ (measured). */
export const LEADER_GAP_MS = 1_400;

/** The same where a 3.4 or 3.5 server takes part: 1.6 s, up to 1 s of it a learner's connect retry (measured on 3.5.10). */
export const OLD_LEADER_GAP_MS = 1_600;

/** Longest write gap of a follower restart: 0–0.3 s (measured). */
export const FOLLOWER_GAP_MS = 300;

/** A reconfiguration that leaves the leader alone: as a follower's restart at most (reasoned). */
export const RECONFIG_GAP_MS = 300;

/** Sessions shorter than twice the longest gap are in danger: the client must also find another server. */
export const SESSION_NEEDS_MS = 2 * OLD_LEADER_GAP_MS;

/**
 * How fast a server takes in a tree, bytes of snapshot a second: 19 MB in 0.7 s with digest was measured over
 * the learner stream; rounded down for disks slower than the measured one.
 */
export const LOAD_BYTES_PER_SECOND = 20e6;

/** Connecting, epoch agreement and the election's finalize wait, before a learner takes in data. */
export const SYNC_OVERHEAD_MS = 2_000;

/** Copying data directories to the backup and reading them back; a plain disk does more. */
export const BACKUP_BYTES_PER_SECOND = 20e6;

/** Stop, install, configure, start and settle one server, without soak and drain, on a small box. */
export const SERVER_TURN_MS = 15_000;

/** Verify and unpack one archive. */
export const STAGE_MS = 10_000;

/** Archive plus what it unpacks to, and room to spare, in archives. */
export const STAGE_ROOM = 3;

/** A release archive where its size isn't known: 3.9's is 21 MB. */
export const ARCHIVE_BYTES = 25e6;

/** The copy itself, a scratch copy to prove it with the snapshot that server writes, and a tenth for what comes meanwhile. */
export const BACKUP_ROOM = 3.1;

/** On top, however small the data: the scratch server preallocates a log of 64 MiB; twice that is asked for on the host. */
export const BACKUP_BASE_BYTES = 136e6;

/** Bytes of heap a server needs for each byte of its snapshot: objects, paths, watches and sessions around it. */
export const HEAP_PER_SNAPSHOT_BYTE = 3;

/** Below this, the tree itself doesn't fit. */
export const HEAP_PER_SNAPSHOT_BYTE_LEAST = 1.2;

/** JVM, network buffers, request queues. */
export const HEAP_BASE_BYTES = 64e6;

/** 0xfffff: jute.maxbuffer where nothing is said. */
export const DEFAULT_MAXBUFFER_BYTES = 0xfffff;
