/** A joiner's files, made from a member's own, so that no setting of the ensemble is forgotten. Pure. */
import { withMemberList } from '../../codec/memberList';
import { formatProperty, lineEndingOf, parseProperties } from '../../codec/properties';
import type { MemberFacts } from '../../model/facts';
import type { ResolvedServer } from '../../model/inventory';
import { atLeast } from '../../model/version';

export interface JoinerFilesInput {
  version: string;
  /** The member whose files are taken, and their text. */
  model: ResolvedServer;
  modelZooCfg: string;
  modelJavaEnv?: string;
  joiner: ResolvedServer;
  /** The list it starts with: the members there are, and itself as an observer. */
  members: readonly MemberFacts[];
  /** Lines of members as they are written elsewhere, by id. */
  known: ReadonlyMap<number, string>;
}

export interface JoinerFiles {
  zooCfg: string;
  javaEnv?: string;
  dataDir: string;
  dataLogDir?: string;
}

/** What stands for the model in its files, and what stands for the joiner in its place; longest first. */
function substitutions(model: ResolvedServer, joiner: ResolvedServer): [string, string][] {
  const pairs: [string | undefined, string | undefined][] = [
    ...(['config', 'data', 'dataLog', 'state', 'backup'] as const).map(
      (name): [string | undefined, string | undefined] => [
        model.directories?.[name],
        joiner.directories?.[name],
      ],
    ),
    [model.javaHome, joiner.javaHome],
    [model.host, joiner.host],
  ];
  return pairs
    .filter((pair): pair is [string, string] => pair[0] !== undefined && pair[1] !== undefined)
    .sort(([a], [b]) => b.length - a.length);
}

/** Whole values and the beginnings of paths only: a host name inside another word is left alone. */
function translated(value: string, pairs: readonly [string, string][]): string {
  for (const [from, to] of pairs) {
    if (value === from) return to;
    if (from.startsWith('/') && value.startsWith(`${from}/`)) return to + value.slice(from.length);
  }
  return value;
}

export function joinerFiles(input: JoinerFilesInput): JoinerFiles {
  const { model, joiner, members, known, version } = input;
  const pairs = substitutions(model, joiner);
  const own: Record<string, string | undefined> = {
    dataDir: joiner.directories?.data,
    dataLogDir: joiner.directories?.dataLog,
    clientPort: String(joiner.clientPort),
  };
  const settings = new Map<string, string>();
  const text = parseProperties(input.modelZooCfg)
    .map(({ raw, key, value = '' }) => {
      if (key === undefined || key === '') return raw;
      const next = own[key] ?? translated(value, pairs);
      settings.set(key, next);
      return next === value ? raw : `${formatProperty(key, next)}${lineEndingOf(raw)}`;
    })
    .join('');
  const dataDir = settings.get('dataDir');
  return {
    zooCfg: withMemberList(text, {
      members,
      self: joiner.id,
      modern: atLeast(version, '3.5.0'),
      known,
    }),
    ...(input.modelJavaEnv !== undefined && {
      javaEnv: translatedEnv(input.modelJavaEnv, pairs),
    }),
    dataDir: dataDir ?? joiner.directories?.data ?? '',
    ...(settings.has('dataLogDir') && { dataLogDir: settings.get('dataLogDir') }),
  };
}

/** In a shell file a path may stand anywhere: followed by a slash, a quote, a blank or the end. */
function translatedEnv(text: string, pairs: readonly [string, string][]): string {
  return pairs
    .filter(([from]) => from.startsWith('/'))
    .reduce((result, [from, to]) => {
      const pattern = new RegExp(
        `${from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?=["'/\\s:]|$)`,
        'gm',
      );
      return result.replace(pattern, () => to);
    }, text);
}
