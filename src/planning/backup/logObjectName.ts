/** The name of a log object says everything a plan needs to know of it: docs/backup-format.md. */
import type { LogObject } from '../../model/repository';
import { compareZxids, fromHex16, hex16 } from '../../model/zxid';

export type LogObjectFacts = Omit<LogObject, 'key' | 'bytes'>;

const SUFFIX = '.log.zst';
const NAME =
  /^([0-9a-f]{16})-([0-9a-f]{16})\.(\d{1,16})\.(-?\d{1,16})-(-?\d{1,16})\.(\d{1,16})\.([0-9a-f]{64})\.log\.zst(\.age)?$/;

/** `sha256`: of the object as it is stored; `fromMs`, `toMs`: ms since 1970. */
export function logObjectName(facts: LogObjectFacts, encrypted: boolean): string {
  const { after, last, txns, fromMs, toMs, plainBytes, sha256 } = facts;
  const range = `${hex16(after)}-${hex16(last)}`;
  return `${range}.${txns}.${fromMs}-${toMs}.${plainBytes}.${sha256}${SUFFIX}${encrypted ? '.age' : ''}`;
}

/** Undefined for whatever `logObjectName` does not write: a half-written file, a foreign one. */
export function parseLogObjectName(name: string): LogObjectFacts | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, after = '', last = '', txns, fromMs, toMs, plainBytes, sha256 = '', age] = match;
  const facts: LogObjectFacts = {
    after: fromHex16(after),
    last: fromHex16(last),
    txns: Number(txns),
    fromMs: Number(fromMs),
    toMs: Number(toMs),
    plainBytes: Number(plainBytes),
    sha256,
  };
  const possible =
    facts.txns > 0 && facts.fromMs <= facts.toMs && compareZxids(facts.after, facts.last) < 0;
  return possible && logObjectName(facts, age !== undefined) === name ? facts : undefined;
}
