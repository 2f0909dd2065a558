/** Applies a plan's changes to zoo.cfg and java.env; comments, order and line endings stay. */
import { ZkferryError } from '../model/errors';
import type { ConfigChange } from '../model/plan';
import { formatProperty, lineEndingOf, parseProperties } from './properties';

function refuseLineBreaks(change: ConfigChange): void {
  if (/[\r\n\0]/.test(`${change.setting}${change.to ?? ''}`)) {
    throw new ZkferryError(
      'InvalidInput',
      `the setting ${JSON.stringify(change.setting)} of ${change.file} holds a line break: give one line`,
    );
  }
}

const endsOpen = (text: string): boolean => text !== '' && !/[\r\n]$/.test(text);

/** Adds a line at the end in the text's own style; a text without a final line break stays without. */
function appendLine(text: string, line: string): string {
  const ending = lineEndingOf(text);
  return endsOpen(text) ? `${text}${ending}${line}` : `${text}${line}${ending}`;
}

/** Joins what is kept; if the last line went away from a text without final line break, so does the break before it. */
function joinKept(original: string, kept: string[]): string {
  const text = kept.join('');
  return endsOpen(original) ? text.replace(/(?:\r\n|\r|\n)$/, '') : text;
}

/**
 * Changes of file `zoo.cfg` only. `to` undefined takes a setting out (every occurrence); otherwise the last
 * occurrence, the one that counts, is replaced, or the setting is added at the end. Idempotent.
 * InvalidInput where a value holds a line break.
 */
export function applyConfigChanges(text: string, changes: ConfigChange[]): string {
  return changes
    .filter((change) => change.file === 'zoo.cfg')
    .reduce((current, change) => {
      refuseLineBreaks(change);
      return applySetting(current, change.setting, change.to?.trim());
    }, text);
}

function applySetting(text: string, setting: string, to: string | undefined): string {
  const lines = parseProperties(text);
  if (to === undefined) {
    const kept = lines.filter((line) => line.key !== setting);
    return kept.length === lines.length
      ? text
      : joinKept(
          text,
          kept.map((line) => line.raw),
        );
  }
  const last = lines.findLastIndex((line) => line.key === setting);
  if (last === -1) return appendLine(text, formatProperty(setting, to));
  if (lines[last]!.value === to) return text;
  const ending = /(?:\r\n|\r|\n)$/.exec(lines[last]!.raw)?.[0] ?? '';
  return lines
    .map((line, index) => (index === last ? formatProperty(setting, to) + ending : line.raw))
    .join('');
}

const DEFAULT_FLAGS_VARIABLE = 'SERVER_JVMFLAGS';

/**
 * Changes of file `java.env` only. A setting that begins with "-" is one JVM flag inside SERVER_JVMFLAGS
 * (`-Dzookeeper.x` with `to: 'true'`, `-Xmx` with `to: '2g'`); any other is a variable of its own.
 * Understands `[export ]NAME=value`, quoted or not, one a line. Idempotent.
 */
export function applyJavaEnvChanges(text: string, changes: ConfigChange[]): string {
  return changes
    .filter((change) => change.file === 'java.env')
    .reduce((current, change) => {
      refuseLineBreaks(change);
      return change.setting.startsWith('-')
        ? applyFlag(current, change.setting, change.to)
        : applyVariable(current, change.setting, change.to);
    }, text);
}

interface Assignment {
  before: string;
  quote: string;
  value: string;
  after: string;
}

function assignmentOf(line: string, name: string): Assignment | undefined {
  const match =
    /^([ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=)(?:(["'])(.*?)\3|([^\s"'#]*))([^]*)$/.exec(
      line,
    );
  if (!match || match[2] !== name) return undefined;
  return {
    before: match[1]!,
    quote: match[3] ?? '',
    value: match[4] ?? match[5] ?? '',
    after: match[6]!,
  };
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The value of a variable in java.env or zookeeper-env.sh; undefined where it isn't set on a line of its own. */
export function javaEnvVariable(text: string, name: string): string | undefined {
  return linesOf(text)
    .map((line) => assignmentOf(line, name)?.value)
    .findLast((value) => value !== undefined);
}

function applyVariable(text: string, name: string, to: string | undefined): string {
  const lines = linesOf(text);
  if (to === undefined) {
    const kept = lines.filter((line) => !assignmentOf(line, name));
    return kept.length === lines.length ? text : joinKept(text, kept);
  }
  const last = lines.findLastIndex((line) => assignmentOf(line, name));
  if (last === -1) return appendLine(text, `export ${name}="${to}"`);
  const found = assignmentOf(lines[last]!, name)!;
  if (found.value === to) return text;
  lines[last] = `${found.before}${found.quote || '"'}${to}${found.quote || '"'}${found.after}`;
  return lines.join('');
}

/** Whether a flag of the command line is the one a setting names: `-Dname` or `-Dname=…`, `-Xmx…`. */
function isFlag(flag: string, setting: string): boolean {
  if (setting.startsWith('-D')) return flag === setting || flag.startsWith(`${setting}=`);
  return setting.startsWith('-X') && !setting.startsWith('-XX')
    ? flag.startsWith(setting)
    : flag === setting || flag.startsWith(`${setting}=`);
}

function flagText(setting: string, to: string): string {
  if (to === '') return setting;
  return setting.startsWith('-X') && !setting.startsWith('-XX')
    ? `${setting}${to}`
    : `${setting}=${to}`;
}

function applyFlag(text: string, setting: string, to: string | undefined): string {
  const value = javaEnvVariable(text, DEFAULT_FLAGS_VARIABLE);
  const flags = (value ?? '').split(/\s+/).filter((flag) => flag !== '');
  const others = flags.filter((flag) => !isFlag(flag, setting));
  if (to === undefined) {
    if (others.length === flags.length) return text;
    return others.length === 0 && /^[ \t]*export SERVER_JVMFLAGS="[^"]*"[ \t]*$/m.test(text)
      ? applyVariable(text, DEFAULT_FLAGS_VARIABLE, undefined)
      : applyVariable(text, DEFAULT_FLAGS_VARIABLE, others.join(' '));
  }
  const wanted = flagText(setting, to);
  if (flags.includes(wanted) && others.length === flags.length - 1) return text;
  return applyVariable(text, DEFAULT_FLAGS_VARIABLE, [...others, wanted].join(' '));
}
