import type { EnsembleFacts } from '../../../src/model/facts';
import type { Plan } from '../../../src/model/plan';
import { isHandOver } from '../../../src/planning/resize/steps';

/**
 * Runs a plan's steps on a set of servers that are up; the list in force is the leader's own. Throws at the step that
 * endangers them.
 */
export function runThrough(plan: Plan, facts: EnsembleFacts, serving: string[]): void {
  const isDynamic = facts.reconfigEnabled === true;
  const up = new Set(serving);
  const stopped = new Set<string>();
  let voters = plan.members!.before.voters;
  const members = new Set([...voters, ...plan.members!.before.observers]);
  const quorum = (names: string[]): boolean =>
    names.filter((name) => up.has(name)).length * 2 > names.length;
  for (const step of plan.steps) {
    const server = step.server ?? '';
    if (step.activity === 'stopServer') {
      // All others have the new list by then, and elect by it.
      if (!isDynamic && step.role === 'leader' && !isHandOver(step))
        voters = step.membership!.after.voters;
      up.delete(server);
      if (
        members.has(server) &&
        step.membership!.after.voters.concat(step.membership!.after.observers).includes(server)
      )
        stopped.add(server);
      if (stopped.size > 1) throw new Error(`${step.id}: ${[...stopped].join(' and ')} are down`);
    }
    if (step.activity === 'startServer') {
      up.add(server);
      stopped.delete(server);
    }
    if (step.activity === 'changeMembers') {
      const { after } = step.membership!;
      const others = after.voters.filter((name) => name !== server && up.has(name));
      // The request itself: a quorum of the new voters without the one that only becomes one by it.
      const own = voters.includes(server) && up.has(server) && after.voters.includes(server);
      if ((others.length + Number(own)) * 2 <= after.voters.length)
        throw new Error(`${step.id}: no quorum of the new voters is in step`);
      voters = after.voters;
    }
    if (step.activity === 'changeMembers' || step.activity === 'verifyMembers') {
      voters = step.membership!.after.voters;
      for (const name of [...voters, ...step.membership!.after.observers]) members.add(name);
    }
    if (!quorum(voters)) throw new Error(`${step.id}: no quorum of ${voters.join(', ')}`);
  }
  expect([...voters].sort()).toEqual([...plan.members!.after.voters].sort());
}
