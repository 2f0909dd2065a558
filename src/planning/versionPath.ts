/**
 * The way from the versions seen to the target, one release line at a time. The whole chain
 * 3.4.14 → 3.5.10 → 3.6.4 → 3.7.2 → 3.8 → 3.9 was measured to keep sessions, ephemerals and writes.
 */
import type { Finding } from '../model/facts';
import type { VersionHop } from '../model/plan';
import { compareVersions, lineOf, parseVersion } from '../model/version';
import { error, hasErrors, info, warning } from './findings';
import { cautionsOf } from './cautions';
import {
  isPrerelease,
  knownBad,
  lineIndex,
  lineInfo,
  OLDEST_TO_LEAVE_3_4,
  RELEASE_LINES,
  vulnerabilitiesOf,
  type KnownVulnerability,
} from './releases';

export interface VersionPathOptions {
  /** Another release to pass through on a line than the newest known one: `{"3.8": "3.8.5"}`. */
  hopVersions?: Readonly<Record<string, string>>;
  /** What the ensemble uses; where it isn't said, everything but quorum SASL and TLS is taken to be in use. */
  uses?: { quorumSasl?: boolean; adminServer?: boolean; tls?: boolean };
}

export interface VersionPath {
  hops: VersionHop[];
  findings: Finding[];
}

/**
 * `from`: the version of each server, in any order, `a.b.c` at the beginning of the text. No hops where there
 * is nothing to do, and none where a finding of severity error stands against the target or the start.
 */
export function planVersionPath(
  from: readonly string[],
  target: string,
  options: VersionPathOptions = {},
): VersionPath {
  const findings = [
    ...startFindings(from, target),
    ...targetFindings(target, options),
    ...optionFindings(options),
  ];
  if (hasErrors(findings)) return { hops: [], findings };
  const sorted = [...from].sort(compareVersions);
  const oldest = sorted[0]!;
  if (sorted.every((version) => compareVersions(version, target) === 0)) {
    const done = info('NothingToDo', `every server has ${target} already`);
    return { hops: [], findings: [done] };
  }
  const stops = [oldest, ...stopsBetween(oldest, target, options), target];
  const hops = stops.slice(1).map((to, index) => {
    const before = stops[index]!;
    return { from: before, to, cautions: cautionsOf(before, to) };
  });
  return { hops, findings: [...findings, ...hopFindings(hops)] };
}

/**
 * Whether a server of this version must be taken along on a hop: to the target, every server that isn't
 * there yet; to a stop in between, only servers of older lines.
 */
export function needsHop(version: string, hop: VersionHop, target: string): boolean {
  if (compareVersions(hop.to, target) === 0) return compareVersions(version, target) < 0;
  if (lineOf(hop.from) === lineOf(hop.to)) return compareVersions(version, hop.to) < 0;
  return lineIndex(version) < lineIndex(hop.to);
}

function stopsBetween(oldest: string, target: string, options: VersionPathOptions): string[] {
  const [first, last] = [lineIndex(oldest), lineIndex(target)];
  const between = RELEASE_LINES.slice(first + 1, last).map(
    ({ line, hop }) => options.hopVersions?.[line] ?? hop,
  );
  const leaves34 = lineOf(oldest) === '3.4' && lineOf(target) !== '3.4';
  return leaves34 && compareVersions(oldest, OLDEST_TO_LEAVE_3_4) < 0
    ? [RELEASE_LINES[0]!.hop, ...between]
    : between;
}

function startFindings(from: readonly string[], target: string): Finding[] {
  const unreadable = from.filter((version) => !parseVersion(version));
  if (from.length === 0 || unreadable.length > 0) {
    return [
      error(
        'VersionUnknown',
        unreadable.length > 0
          ? `not a ZooKeeper version: ${unreadable.map((text) => JSON.stringify(text)).join(', ')}`
          : 'no server told its version',
        { hint: 'every server must tell its version, over its client port or its host' },
      ),
    ];
  }
  const findings: Finding[] = [];
  const sorted = [...new Set(from)].sort(compareVersions);
  const lines = [...new Set(sorted.map(lineOf))];
  const unknown = sorted.filter((version) => lineIndex(version) === -1);
  if (unknown.length > 0) {
    findings.push(
      error('UnknownLine', `servers run ${unknown.join(', ')}; this tool knows ${knownLines()}`, {
        hint: 'use a release of this tool that knows the line',
      }),
    );
  }
  if (lines.length > 2) {
    findings.push(
      error(
        'TooManyLines',
        `servers run ${sorted.join(', ')}: ${lines.length} release lines at once; at most two, as in the middle of an upgrade, can be carried on`,
        { hint: 'bring the servers to two neighbouring lines by hand first' },
      ),
    );
  } else if (sorted.length > 1) {
    const apart = lineIndex(sorted.at(-1)!) - lineIndex(sorted[0]!);
    findings.push(
      apart > 1
        ? warning(
            'VersionsFarApart',
            `servers run ${sorted.join(' and ')}, more than one release line apart, which nobody tests; the older ones are taken along first`,
          )
        : info('VersionsMixed', `servers run ${sorted.join(', ')}: the older ones go first`),
    );
  }
  if (!parseVersion(target)) return findings;
  const newest = sorted.at(-1)!;
  if (compareVersions(target, newest) < 0) {
    findings.push(
      error('TargetOlder', `the target ${target} is older than ${newest}, which a server runs`, {
        hint: 'to go back, use rollback on the run that upgraded the ensemble; an upgrade never goes down',
      }),
    );
  }
  return findings;
}

const knownLines = (): string => RELEASE_LINES.map(({ line }) => line).join(', ');

function targetFindings(target: string, options: VersionPathOptions): Finding[] {
  if (!parseVersion(target)) {
    return [error('TargetUnknown', `not a ZooKeeper version: ${JSON.stringify(target)}`)];
  }
  const line = lineInfo(target);
  if (!line) {
    return [
      error(
        'UnknownLine',
        `the target ${target} is of a line this tool doesn't know: it knows ${knownLines()}`,
        {
          hint: 'what a new line changes must be known before it is rolled out; use a release of this tool that knows it',
        },
      ),
    ];
  }
  const findings: Finding[] = [];
  const newest = `take ${line.newest}`;
  const bad = knownBad(target);
  if (bad) {
    findings.push(
      error('TargetKnownBad', `${target} is refused as a target: ${bad.reason} (${bad.issue})`, {
        hint: `${newest}; fixed in ${bad.fixedIn.join(', ')}`,
      }),
    );
  }
  if (isPrerelease(target)) {
    findings.push(
      error(
        'TargetPrerelease',
        `${target} was an alpha or beta release, never meant for production`,
        {
          hint: newest,
        },
      ),
    );
  }
  if (line.endOfLife !== undefined) {
    findings.push(
      warning(
        'TargetEndOfLife',
        `${line.line} gets no fixes since ${line.endOfLife}: good to pass through, not to stay on`,
        { hint: `choose ${supported().join(' or ')}` },
      ),
    );
  }
  if (compareVersions(target, line.newest) > 0) {
    findings.push(
      info(
        'TargetNewerThanKnown',
        `${target} is newer than ${line.newest}, the newest of its line known here: treated like it`,
      ),
    );
  }
  findings.push(...vulnerabilityFindings(target, line.newest, options.uses ?? {}));
  return findings;
}

const supported = (): string[] =>
  RELEASE_LINES.filter(({ endOfLife }) => endOfLife === undefined).map(({ newest }) => newest);

function vulnerabilityFindings(
  target: string,
  newest: string,
  uses: NonNullable<VersionPathOptions['uses']>,
): Finding[] {
  const concerns = ({ where }: KnownVulnerability): boolean =>
    where === 'always' ||
    (where === 'adminServer' && uses.adminServer !== false) ||
    (where === 'quorumSasl' && uses.quorumSasl === true) ||
    (where === 'tls' && uses.tls === true);
  const safe = vulnerabilitiesOf(newest).filter(concerns).length === 0;
  return vulnerabilitiesOf(target)
    .filter(concerns)
    .map(({ id, what }) =>
      warning('TargetVulnerable', `${target} is exposed to ${id}: ${what}`, {
        hint: `choose ${safe ? newest : supported().join(' or ')}`,
      }),
    );
}

function optionFindings({ hopVersions = {} }: VersionPathOptions): Finding[] {
  return Object.entries(hopVersions)
    .filter(([line, version]) => !parseVersion(version) || lineOf(version) !== line)
    .map(([line, version]) =>
      error(
        'HopVersionInvalid',
        `hopVersions["${line}"] is ${JSON.stringify(version)}: expected a release of line ${line}`,
      ),
    );
}

/** What the stops on the way, chosen by people, are known for. */
function hopFindings(hops: VersionHop[]): Finding[] {
  return hops.slice(0, -1).flatMap(({ to }) => {
    const bad = knownBad(to);
    return bad
      ? [
          warning('HopKnownBad', `the way passes through ${to}: ${bad.reason} (${bad.issue})`, {
            hint: `pass through ${lineInfo(to)?.hop ?? bad.fixedIn.join(' or ')} instead`,
          }),
        ]
      : [];
  });
}
