/** A copy that is kept equal to its source until it is stopped. */
import { ZkferryError } from '../../model/errors';
import { endedBefore, leftBehind } from './copyTree';
import { Follower } from './follower';
import { pairOf } from './identity';
import { CopyJournal } from './journal';
import type { FollowJob, FollowOptions, FollowResult } from './options';

/** @throws BadUsage for options that do not go with following */
export async function followTree(job: FollowJob, options: FollowOptions): Promise<FollowResult> {
  const { conflict = 'fail' } = options;
  if (conflict !== 'fail' && conflict !== 'mirror')
    throw new ZkferryError(
      'BadUsage',
      `--conflict: expected fail or mirror with --follow, which makes the target equal to the source; got ${conflict}`,
    );
  if (job.selection.patterns.startsWith('[["'))
    throw new ZkferryError(
      'BadUsage',
      '--include: not with --follow, which takes a whole subtree: name it in the paths, and leave out parts of it with --exclude',
    );
  const journal = await CopyJournal.at(options.journals, pairOf(job));
  const act = () => followWith(journal, job, options);
  return options.execute ? journal.alone(act) : act();
}

async function followWith(
  journal: CopyJournal,
  job: FollowJob,
  options: FollowOptions,
): Promise<FollowResult> {
  const left = await leftBehind(job, journal, { ...options, follows: true });
  if (left?.phase === 'done')
    return {
      ...endedBefore(left, options),
      ...{ transactions: 0, resyncs: 0, complete: true, lagP50Ms: 0, lagP99Ms: 0 },
    };
  const follower = new Follower(job, journal, options, left);
  return follower.run();
}
