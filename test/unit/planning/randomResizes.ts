/** Random ensembles, and what is asked of them. */
import fc from 'fast-check';
import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import { parseEnsemble } from './ensembles';
import { spare } from './resizePlans';

/** Nine servers at most: how many are members, in which roles, which are down, and what is asked for. */
export const anyCase = fc.record({
  voters: fc.integer({ min: 1, max: 6 }),
  observers: fc.nat(2),
  spares: fc.nat(3),
  leader: fc.nat(),
  down: fc.array(fc.nat(8), { maxLength: 2 }),
  version: fc.constantFrom('3.4.14', '3.5.10', '3.9.6'),
  reconfig: fc.boolean(),
  /** How far a run gets before it is taken back, of 1. */
  point: fc.double({ min: 0, max: 1, noNaN: true }),
  /** How far the way back gets before it is planned anew, of 1. */
  again: fc.double({ min: 0, max: 1, noNaN: true }),
  wants: fc.array(fc.constantFrom('stay', 'stay', 'leave', 'turn'), { minLength: 9, maxLength: 9 }),
});
export type Case = typeof anyCase extends fc.Arbitrary<infer One> ? One : never;

export interface Asked {
  facts: EnsembleFacts;
  request: Record<'add' | 'remove' | 'promote' | 'demote', string[]>;
  candidates: ServerFacts[];
  serving: string[];
}

export function askedIn(one: Case): Asked {
  const isVoter = (index: number): boolean => index < one.voters;
  const size = one.voters + one.observers;
  const downs = new Set(one.down.filter((index) => index < size));
  const up = Array.from({ length: one.voters }, (_, index) => index).filter((i) => !downs.has(i));
  const hasQuorum = up.length * 2 > one.voters;
  const leads = hasQuorum ? up[one.leader % up.length] : undefined;
  const roleOf = (index: number): string =>
    downs.has(index) || !hasQuorum
      ? isVoter(index)
        ? 'down'
        : 'downObserver'
      : !isVoter(index)
        ? 'observer'
        : index === leads
          ? 'leader'
          : 'follower';
  const names = Array.from({ length: size }, (_, index) => `zk${index + 1}`);
  const text = names.map((name, index) => `${name} ${roleOf(index)} ${one.version}`).join(', ');
  const facts = {
    ...parseEnsemble(text),
    reconfigEnabled: one.reconfig && one.version !== '3.4.14',
  };
  const candidates = Array.from({ length: one.spares }, (_, index) =>
    spare(`zk${size + index + 1}`, index === 2 ? 'observer' : 'participant'),
  );
  const wanting = (want: string) => names.filter((_, index) => one.wants[index] === want);
  const request = {
    add: candidates.map(({ server }) => server),
    remove: wanting('leave'),
    promote: wanting('turn').filter((name) => !isVoter(names.indexOf(name))),
    demote: wanting('turn').filter((name) => isVoter(names.indexOf(name))),
  };
  const serving = names.filter((_, index) => !downs.has(index));
  return { facts, request, candidates, serving };
}
