/** What the tree itself says: nodes that need a flag, counters that end, what no 3.4 server can hold. */
import type { EnsembleFacts, Finding, ServerFacts, TreeFacts } from '../../model/facts';
import { error, info, warning } from '../findings';
import { settingOf, treeOf } from '../members';

/** What is true whatever is planned; nothing where the tree is not known. */
export function treeFindings(facts: EnsembleFacts): Finding[] {
  const tree = treeOf(facts);
  return tree === undefined
    ? []
    : [...ttlFindings(tree, facts.servers), ...counterFindings(tree.countersNearLimit)];
}

/** An unknown tree is no empty one. */
export const unknownTreeFindings = ({ tree }: EnsembleFacts): Finding[] =>
  tree !== undefined && 'unknown' in tree
    ? [
        info(
          'TreeUnknown',
          `whether there are containers, nodes with a time to live or counters near their end is not known: ${tree.unknown}`,
          {
            hint: 'let the worker reach the quorum ports, or see to extendedTypesEnabled yourself',
          },
        ),
      ]
    : [];

/**
 * Without the flag a server takes a TTL node for an ephemeral (EphemeralType.get), and as leader it closes the
 * session of such a mark, which nobody has: the nodes are gone (measured on 3.8.4 and 3.9.4).
 */
function ttlFindings({ ttls }: TreeFacts, servers: readonly ServerFacts[]): Finding[] {
  if (ttls === 0) return [];
  const named = (list: readonly ServerFacts[]) => list.map(({ server }) => server).join(', ');
  const without = servers.filter(
    (server) => settingOf(server, 'extendedTypesEnabled')?.toLowerCase() !== 'true',
  );
  const seen = without.filter(({ host }) => host?.jvmFlags !== undefined);
  const unseen = without.filter((server) => !seen.includes(server));
  const there = `there are ${ttls} nodes with a time to live`;
  return [
    ...(seen.length === 0
      ? []
      : [
          error(
            'ExtendedTypesMissing',
            `${there}, but ${named(seen)} run${seen.length === 1 ? 's' : ''} without extendedTypesEnabled: as leader such a server deletes them silently`,
            {
              hint: 'add -Dzookeeper.extendedTypesEnabled=true to the JVM flags of every server and restart followers first, or delete these nodes',
            },
          ),
        ]),
    ...(unseen.length === 0
      ? []
      : [
          warning(
            'ExtendedTypesMissing',
            `${there}, and whether ${named(unseen)} run${unseen.length === 1 ? 's' : ''} with extendedTypesEnabled cannot be seen`,
            {
              hint: 'make sure of -Dzookeeper.extendedTypesEnabled=true there: as leader a server without it deletes them silently',
            },
          ),
        ]),
  ];
}

function counterFindings({ count, listed }: TreeFacts['countersNearLimit']): Finding[] {
  if (count === 0) return [];
  const shown = listed.map(({ path, next }) => `${path} (next ${next})`).join(', ');
  return [
    warning(
      'CountersNearLimit',
      `the sequence numbers of ${count} node${count === 1 ? '' : 's'} come to an end at 2147483647: ${shown}${count > listed.length ? ', …' : ''}`,
      {
        hint: 'let clients use a new parent: from 3.6 on every sequential create past the end fails, before that numbers turn negative and sort wrongly',
      },
    ),
  ];
}
