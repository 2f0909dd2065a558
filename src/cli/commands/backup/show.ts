/** `zkferry backup show REPOSITORY ENSEMBLE/path --at …`: a znode as it was, and who changed it when. */
import type { Command } from 'commander';
import { ZkferryError } from '../../../model/errors';
import type { HistoryEntry } from '../../../planning/backup/historyOf';
import { permsText } from '../../../model/permsText';
import { zxidText } from '../../../model/zxid';
import { readingOf } from '../../../planning/backup/standAlone';
import { isoTime } from '../../../planning/backup/target';
import type { DataTree, TreeZnode } from '../../../tree/dataTree';
import { ensembleAndPath, withMoment, type MomentOptions } from '../../backupPlace';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { chooseMoment, withMomentOpen, type Moment } from '../../moment';
import { wholeNumber } from '../../options';
import { count } from '../../render/text';

const SHOWN_BYTES = 4_096;

interface ShowOptions extends MomentOptions {
  history?: boolean;
  children?: boolean;
  below?: boolean;
  limit: number;
}

export function registerShow(backup: Command, runner: Runner): void {
  withMoment(withCommonOptions(backup.command('show <repository> <ensemble>')))
    .description('a znode (ENSEMBLE/path) as of a moment: data, ACL, children; or its history')
    .option('--history', 'who changed it when, up to that moment, as far back as the log goes')
    .option('--children', 'with --history: children that came and went, too')
    .option('--below', 'with --history: every change of every znode below, too')
    .option(
      '--limit <n>',
      'most lines: children, or the newest changes',
      wholeNumber(1, 1_000_000),
      100,
    )
    .action(
      action<[string, string], ShowOptions>(runner, async (context, [name, place], options) => {
        if (options.history === true) return history(context, name, place, options);
        for (const option of ['below', 'children'] as const)
          if (options[option] === true)
            throw new ZkferryError('BadUsage', `--${option}: only with --history`);
        return show(context, name, place, options);
      }),
    );
}

async function show(
  context: CommandContext,
  repositoryName: string,
  place: string,
  options: ShowOptions,
): Promise<Outcome> {
  const { ensemble, path } = ensembleAndPath(place);
  const { treeAt } = await import('../../../adapters/restore');
  const moment = await chooseMoment(context, repositoryName, ensemble, options);
  const { tree } = await withMomentOpen(context, moment, (input, signal) =>
    treeAt(input, { signal }),
  );
  const node = tree.get(path);
  if (node === undefined)
    throw new ZkferryError(
      'NotRestorable',
      `${path} was not there at ${moment.extraction.zxid}: see when with --history`,
    );
  const children = tree.childrenOf(path).sort();
  return {
    text: textOf(moment, node, children, options.limit),
    document: { asOf: moment.extraction.zxid, ...documentOf(node, tree), children },
  };
}

function textOf(
  { extraction }: Moment,
  node: TreeZnode,
  children: readonly string[],
  limit: number,
): string {
  const { path, data, acl, stat, type } = node;
  return [
    `${path} as of ${extraction.zxid}: ${type === 'persistent' ? 'a znode' : type}, version ${stat.version}, ${count(children.length, 'child', 'children')}`,
    `created ${isoTime(Number(stat.ctime))} (${zxidText(stat.czxid)}), data set ${isoTime(Number(stat.mtime))} (${zxidText(stat.mzxid)})`,
    ...readingOf(extraction.base),
    ...(acl ?? []).map(({ perms, scheme, id }) => `acl ${scheme}:${id} ${permsText(perms)}`),
    data === null ? 'no data (null)' : `${count(data.length, 'byte')} of data`,
    ...(data !== null && data.length > 0 ? [shownData(data)] : []),
    ...children.slice(0, limit).map((name) => `  ${name}`),
    ...(children.length > limit ? [`  and ${children.length - limit} more: --limit`] : []),
  ].join('\n');
}

/** Text where it is text without control characters, else hex. */
function shownData(data: Buffer): string {
  const some = data.subarray(0, SHOWN_BYTES);
  const text = some.toString('utf8');
  const isText = !text.includes('\ufffd') && /^[^\p{Cc}]*(?:[\n\r\t][^\p{Cc}]*)*$/u.test(text);
  return `${isText ? text : some.toString('hex')}${data.length > some.length ? ' …' : ''}`;
}

const documentOf = ({ path, data, acl, stat, type }: TreeZnode, tree: DataTree) => ({
  path,
  type,
  data: data?.toString('base64') ?? null,
  acl,
  stat: Object.fromEntries(
    Object.entries(stat).map(([name, value]: [string, number | bigint]) => [
      name,
      typeof value === 'number' ? value : /time$/.test(name) ? Number(value) : zxidText(value),
    ]),
  ),
  nextSequence: tree.nextSequence(path),
});

/** From the first restorable transaction on, not only from the base that the moment needs. */
async function history(
  context: CommandContext,
  repositoryName: string,
  place: string,
  options: ShowOptions,
): Promise<Outcome> {
  const { ensemble, path } = ensembleAndPath(place);
  const { pathHistory } = await import('../../../adapters/repository/pathHistory');
  const { repository, contents, extraction } = await chooseMoment(
    context,
    repositoryName,
    ensemble,
    options,
  );
  const { children, below, limit } = options;
  const { from, to, total, changes, gaps } = await pathHistory(
    repository,
    contents,
    extraction,
    path,
    {
      ...{ children: children === true, below: below === true, limit },
    },
  );
  const head = `${path}${below === true ? ' and below' : ''}: ${count(total, 'change')} from ${from} to ${to}`;
  return {
    text: [
      head,
      ...(total > changes.length ? [`  … ${total - changes.length} earlier ones: --limit`] : []),
      ...changes.map(lineOf),
      ...gaps.map((gap) => `  not known: ${gap}`),
    ].join('\n'),
    document: { path, from, to, total, changes, gaps },
  };
}

const CHANGES: Record<HistoryEntry['change'], string> = {
  created: 'created',
  set: 'data set',
  deleted: 'deleted',
  acl: 'ACL set',
  childCreated: 'child created:',
  childDeleted: 'child deleted:',
};

const lineOf = ({
  time,
  zxid,
  session,
  change,
  version,
  dataBytes,
  child,
  path,
  ephemeral,
}: HistoryEntry) =>
  [
    `  ${time} ${zxid} by session ${session}: ${path === undefined ? '' : `${path} `}${CHANGES[change]}`,
    ...(child === undefined ? [] : [child]),
    ...(ephemeral ? ['as an ephemeral'] : []),
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(dataBytes === undefined ? [] : [`(${count(dataBytes, 'byte')})`]),
  ].join(' ');
