/** What is lost, or would be, where a source's data go to an older release. */
import type { Finding } from '../../model/facts';
import { error, warning } from '../findings';

export interface NotHeldFacts {
  /** Those there are; listed are the first ones. */
  nodeCount: number;
  nodes: readonly { path: string; type: 'container' | 'ttl'; zxid: string }[];
  reconfigCount: number;
  reconfigs: readonly { path: string; zxid: string }[];
}

/** `version`: of the target, one that knows the old types only. */
export function notHeldFindings(
  { nodes, nodeCount, reconfigs, reconfigCount }: NotHeldFacts,
  version: string,
): Finding[] {
  return [
    ...nodes.map(({ path, type, zxid }) =>
      error(
        'TargetCannotHold',
        `${path}, a ${type === 'ttl' ? 'node with a time to live' : 'container'} created by ${zxid}, would be deleted by ${version}`,
        { hint: 'delete it where it is, or move to a newer release' },
      ),
    ),
    ...more(nodeCount - nodes.length, 'such nodes'),
    ...reconfigs.map(({ path, zxid }) =>
      warning(
        'TargetCannotHold',
        `${zxid} changed the members by reconfig, which ${version} does not know: of it ${path} stays, as a plain znode`,
        { hint: 'the target’s zoo.cfg says who belongs to it' },
      ),
    ),
    ...more(reconfigCount - reconfigs.length, 'such changes'),
  ];
}

const more = (count: number, what: string): Finding[] =>
  count > 0 ? [warning('TargetCannotHold', `and ${count} more ${what}`)] : [];
