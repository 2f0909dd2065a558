/** A place that a tree is to be copied to, and that is not empty. */
import type { Finding } from '../../model/facts';
import { error } from '../findings';

export interface TakenPlace {
  /** Name of the ensemble. */
  ensemble: string;
  root: string;
  /** Of znodes below `root`, as far as they were counted. */
  count: number;
  /** Whether there are more than `count`. */
  more: boolean;
  /** The first of them, in their order. */
  paths: readonly string[];
}

const SHOWN = 5;

export function takenFinding({ ensemble, root, count, more, paths }: TakenPlace): Finding {
  const shown = paths.slice(0, SHOWN);
  const isWhole = count === shown.length && !more;
  // Not only what is below it: a parent has given numbers to its children that a copy could not take back.
  const hint =
    root === '/'
      ? 'give {"from": "/", "to": "/moved"} in trees, or take a target that nobody has used'
      : `give another path as its to in trees; or, if nobody needs it, delete ${root} itself, with all below it (deleteall ${root} of zkCli.sh)`;
  return error(
    'TargetNotEmpty',
    `${root} of ${ensemble} has ${more ? 'more than ' : ''}${count} znode(s) already (${shown.join(', ')}${isWhole ? '' : ', …'}): mode logical copies into an empty place, and overwrites nothing`,
    { hint },
  );
}
