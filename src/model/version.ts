/** ZooKeeper versions: `major.minor.patch`, whatever a packager appended. */
import { z } from 'zod';

export interface Version {
  major: number;
  minor: number;
  patch: number;
}

const PREFIX = /^\s*v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})/;
const EXACT = /^\d{1,4}\.\d{1,4}\.\d{1,4}$/;

/** Reads the leading `a.b.c` of a version text (`3.8.0-${mvngit.commit.id}` is 3.8.0); undefined if there is none. */
export function parseVersion(text: string): Version | undefined {
  const match = PREFIX.exec(text);
  if (!match) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/** As `parseVersion`, for text already validated; throws a RangeError otherwise. */
export function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (!version) throw new RangeError(`not a ZooKeeper version: "${text}"`);
  return version;
}

export function formatVersion(version: Version): string {
  return `${version.major}.${version.minor}.${version.patch}`;
}

/** Negative when `a` is older than `b`, 0 when equal. Accepts anything `parseVersion` reads. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [versionOf(a), versionOf(b)];
  return x.major - y.major || x.minor - y.minor || x.patch - y.patch;
}

export const atLeast = (version: string, floor: string): boolean =>
  compareVersions(version, floor) >= 0;

/** `3.9.6` → `3.9` */
export function lineOf(text: string): string {
  const version = versionOf(text);
  return `${version.major}.${version.minor}`;
}

export const versionSchema = z.string().regex(EXACT, { error: 'expected a version such as 3.9.6' });
