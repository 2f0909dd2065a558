/**
 * What is known of ZooKeeper's releases. Sources: the release page and the tags of apache/zookeeper, the
 * project's security page, and the JIRA issues named. Newest looked at: 3.8.6 and 3.9.6.
 */
import { atLeast, compareVersions, lineOf } from '../model/version';

export interface ReleaseLine {
  /** `3.8` */
  line: string;
  /** Newest release known of the line. */
  newest: string;
  /** The release a path passes through when the line lies between start and target. */
  hop: string;
  /** Day the community stopped supporting the line; absent while it is supported. */
  endOfLife?: string;
  /** Oldest Java (major) its releases run on, from each line's administrator's guide. */
  minimumJava: number;
}

/** Oldest first; a path goes one line at a time. */
export const RELEASE_LINES: readonly ReleaseLine[] = [
  { line: '3.4', newest: '3.4.14', hop: '3.4.14', endOfLife: '2020-06-01', minimumJava: 6 },
  { line: '3.5', newest: '3.5.10', hop: '3.5.10', endOfLife: '2022-06-01', minimumJava: 7 },
  { line: '3.6', newest: '3.6.4', hop: '3.6.4', endOfLife: '2022-12-30', minimumJava: 8 },
  { line: '3.7', newest: '3.7.2', hop: '3.7.2', endOfLife: '2024-02-02', minimumJava: 8 },
  { line: '3.8', newest: '3.8.6', hop: '3.8.6', minimumJava: 8 },
  { line: '3.9', newest: '3.9.6', hop: '3.9.6', minimumJava: 8 },
];

/** `version`: as `parseVersion` reads it. */
export const isKnownLine = (version: string): boolean =>
  RELEASE_LINES.some(({ line }) => line === lineOf(version));

/** Oldest release that may step straight to 3.5 (ZOOKEEPER-1805, "Upgrading to 3.5.0" of the reconfiguration guide). */
export const OLDEST_TO_LEAVE_3_4 = '3.4.6';

interface VersionRange {
  /** First affected release. */
  from: string;
  /** Last affected release. */
  to: string;
}

export interface KnownBadRelease {
  affects: VersionRange[];
  issue: string;
  reason: string;
  /** Where the fault is mended, by line. */
  fixedIn: string[];
}

/** Releases refused as the final target. */
export const KNOWN_BAD: readonly KnownBadRelease[] = [
  {
    affects: [{ from: '3.5.6', to: '3.5.6' }],
    issue: 'ZOOKEEPER-3644',
    reason: 'data loss after an upgrade from 3.4 with snapshot.trust.empty',
    fixedIn: ['3.5.7'],
  },
  {
    affects: [{ from: '3.9.3', to: '3.9.3' }],
    issue: 'ZOOKEEPER-4925',
    reason:
      'data loss: a follower synced by DIFF keeps a hole in its log and passes it on when it leads',
    fixedIn: ['3.9.4'],
  },
  {
    affects: [
      { from: '3.8.0', to: '3.8.4' },
      { from: '3.9.0', to: '3.9.1' },
    ],
    issue: 'ZOOKEEPER-4785',
    reason: 'transactions are lost by a race while a learner syncs by DIFF',
    fixedIn: ['3.8.5', '3.9.2'],
  },
];

/** Releases that were alpha or beta only, never supported in production. */
export const PRERELEASES: readonly VersionRange[] = [
  { from: '3.4.0', to: '3.4.0' },
  { from: '3.5.0', to: '3.5.4' },
];

export interface KnownVulnerability {
  id: string;
  affects: VersionRange[];
  /** What must be in use for it to matter. */
  where: 'always' | 'quorumSasl' | 'adminServer' | 'tls';
  what: string;
}

/** From the project's security page. Ranges begin at 3.4.0, the oldest release this tool knows. */
export const VULNERABILITIES: readonly KnownVulnerability[] = [
  {
    id: 'CVE-2023-44981',
    affects: [
      { from: '3.4.0', to: '3.7.1' },
      { from: '3.8.0', to: '3.8.2' },
      { from: '3.9.0', to: '3.9.0' },
    ],
    where: 'quorumSasl',
    what: 'a server can join a SASL-protected quorum without being allowed to',
  },
  {
    id: 'CVE-2024-23944',
    affects: [
      { from: '3.6.0', to: '3.7.2' },
      { from: '3.8.0', to: '3.8.3' },
      { from: '3.9.0', to: '3.9.1' },
    ],
    where: 'always',
    what: 'persistent watches tell the paths of znodes their owner may not read',
  },
  {
    id: 'CVE-2024-51504',
    affects: [{ from: '3.9.0', to: '3.9.2' }],
    where: 'adminServer',
    what: 'the AdminServer believes a forged client address',
  },
  {
    id: 'CVE-2025-58457',
    affects: [{ from: '3.9.0', to: '3.9.3' }],
    where: 'adminServer',
    what: 'AdminServer commands snapshot and restore check too few permissions',
  },
  {
    id: 'CVE-2026-24281',
    affects: [
      { from: '3.8.0', to: '3.8.5' },
      { from: '3.9.0', to: '3.9.4' },
    ],
    where: 'tls',
    what: 'hostname verification falls back to reverse DNS',
  },
];

export const lineInfo = (version: string): ReleaseLine | undefined =>
  RELEASE_LINES.find(({ line }) => line === lineOf(version));

const within = (version: string, { from, to }: VersionRange): boolean =>
  atLeast(version, from) && compareVersions(version, to) <= 0;

export const knownBad = (version: string): KnownBadRelease | undefined =>
  KNOWN_BAD.find(({ affects }) => affects.some((range) => within(version, range)));

export const isPrerelease = (version: string): boolean =>
  PRERELEASES.some((range) => within(version, range));

export const vulnerabilitiesOf = (version: string): KnownVulnerability[] =>
  VULNERABILITIES.filter(({ affects }) => affects.some((range) => within(version, range)));

/** Position of a version's line among the known ones; -1 for an unknown line. */
export const lineIndex = (version: string): number =>
  RELEASE_LINES.findIndex(({ line }) => line === lineOf(version));
