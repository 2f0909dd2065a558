/**
 * What a server's settings must become on a hop. Rules are in ./configRules; here they are asked in turn.
 * What is taken away or changed needs no inverse: the way back puts the saved configuration back as it was.
 * JVM flags, heap and limits are never touched.
 */
import type { Finding, MemberFacts } from '../model/facts';
import type { ConfigChange } from '../model/plan';
import { flagFindings } from './configFlags';
import { CONFIG_RULES } from './configRules';
import { joinFindings } from './findings';
import { flagValue } from './members';

export interface ConfigMigrationInput {
  /** Version the configuration is for now, `a.b.c`. */
  from: string;
  to: string;
  /** zoo.cfg as it is. */
  settings: Readonly<Record<string, string>>;
  /** Text of java.env (or zookeeper-env.sh), where there is one. */
  javaEnv?: string;
  /** Flags of the running JVM; read from `javaEnv` where absent. */
  jvmFlags?: readonly string[];
  hasSnapshot: boolean;
  /** Whether log files lie beside; taken for true where it isn't known. */
  hasLogs?: boolean;
  members?: readonly MemberFacts[];
  /** Named in the findings. */
  server?: string;
}

export interface ConfigMigration {
  changes: ConfigChange[];
  findings: Finding[];
}

/** Pure, and idempotent: what is already as it should be gives no change. */
export function planConfigChanges(input: ConfigMigrationInput): ConfigMigration {
  const flags = input.jvmFlags ?? flagsOf(input.javaEnv ?? '');
  const context = {
    ...input,
    flags,
    setting: (name: string) => input.settings[name] ?? flagValue(flags, `zookeeper.${name}`),
  };
  const outcomes = CONFIG_RULES.map((rule) => rule(context));
  const named = (finding: Finding): Finding =>
    input.server === undefined ? finding : { ...finding, server: input.server };
  return {
    changes: outcomes.flatMap(({ changes = [] }) => changes),
    findings: joinFindings(
      outcomes.flatMap(({ findings = [] }) => findings).map(named),
      flagFindings(input.from, input.to, flags).map(named),
    ),
  };
}

/** `-D…`, `-X…` words of java.env, quotes removed. */
const flagsOf = (javaEnv: string): string[] =>
  [...javaEnv.matchAll(/(?:^|[\s"'=])(-[DX][^\s"']+)/gm)].map((match) => match[1]!);

/** zoo.cfg after the changes, as far as settings go. */
export function settingsAfter(
  settings: Readonly<Record<string, string>>,
  changes: readonly ConfigChange[],
): Record<string, string> {
  const after = { ...settings };
  for (const { file, setting, to } of changes) {
    if (file !== 'zoo.cfg') continue;
    if (to === undefined) delete after[setting];
    else after[setting] = to;
  }
  return after;
}

/** The changes that take temporary ones out again, for the moment given. */
export function takeOutTemporary(
  changes: readonly ConfigChange[],
  when: NonNullable<ConfigChange['temporary']>,
): ConfigChange[] {
  return changes
    .filter(({ temporary }) => temporary === when)
    .map(({ file, setting, from, to }) => ({
      file,
      setting,
      ...(to === undefined ? {} : { from: to }),
      ...(from === undefined ? {} : { to: from }),
      why: 'was needed for the hop only',
    }));
}
