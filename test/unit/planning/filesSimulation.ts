/**
 * An ensemble whose members are changed by files, with what each server's own list makes of it: who votes, whom a
 * restarted follower must see to find the leader, who can elect, and whom a leader of 3.4 counts. Each step that
 * endangers it throws.
 */
import type { EnsembleFacts, MemberFacts, ServerFacts } from '../../../src/model/facts';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { leaderOf, versionOfServer } from '../../../src/planning/members';
import { idOf } from './ensembles';

interface MemberList {
  voters: readonly string[];
  observers: readonly string[];
}

/** Nothing is lost, but somebody has no leader. */
export class Unserved extends Error {}

const DOING = ['provisionServer', 'stopServer', 'writeMembers', 'startServer'];

export class FilesSimulation {
  /** Each server's file; also of those that have left. */
  private readonly lists: Map<string, MemberList>;
  private readonly up: Set<string>;
  /** Stopped and masked, since they leave. */
  private readonly gone = new Set<string>();
  private leader: string | undefined;
  /** The plan has said that for a moment a server votes that the others do not list. */
  private isWarned = false;
  private readonly countsStrangers: boolean;

  constructor(
    private readonly known: readonly ServerFacts[],
    facts: EnsembleFacts,
    members: MemberList,
    serving: readonly string[],
    /** Who is elected of those that could be; without it the one that the plan expects. */
    private readonly choose?: (able: readonly string[]) => string | undefined,
  ) {
    this.lists = new Map(
      [...members.voters, ...members.observers].map((name) => [name, members] as const),
    );
    this.up = new Set(serving);
    this.leader = leaderOf(facts);
    this.countsStrangers = facts.servers.some((one) => versionOfServer(one)?.startsWith('3.4'));
  }

  run(plan: Plan, steps: readonly PlanStep[] = plan.steps): void {
    this.isWarned ||= plan.findings.some(({ code }) => code === 'StrangerCounted');
    for (const step of steps.filter(({ activity }) => DOING.includes(activity))) {
      this.act(plan, step);
      this.check(step.id);
    }
  }

  /** The leader dies, another is elected, and the former one follows; false where that leaves somebody without a leader. */
  moveLead(): boolean {
    const former = this.leader!;
    this.up.delete(former);
    const next = this.electable(this.choose);
    this.up.add(former);
    const outside = [...this.up].some((name) => this.votes(name) && !this.sees(name));
    if (next === undefined || outside) return false;
    this.leader = next;
    this.check(`${former} has died, ${next} leads`);
    return true;
  }

  /** Why the guard of a step that stops a server would not let it: by the list that its quorum is counted by. */
  whyNotStop(step: PlanStep): string | undefined {
    const server = step.server!;
    if (step.guard.kind !== 'serverMayStop' || !this.up.has(server)) return undefined;
    const othersElect = step.role === 'leader' && !step.id.includes('/handOver/');
    const voters = othersElect
      ? step.membership!.after.voters
      : this.lists.get(this.leader!)!.voters;
    const left = voters.filter((name) => name !== server && this.votes(name));
    return left.length * 2 > voters.length ? undefined : `no quorum of ${voters.join(', ')}`;
  }

  get leads(): string | undefined {
    return this.leader;
  }

  /** As the leader says it. */
  get members(): MemberList {
    return this.lists.get(this.leader!)!;
  }

  private check(when: string): void {
    // Between the vote of a fourth and the first follower's restart there is no other order; plans warn of it.
    if (this.isWarned && this.hasLoneVoter()) return;
    const lost = this.whoCouldForget();
    if (lost) throw new Error(`${when}: ${lost}`);
  }

  /** What a look would find now. */
  look(facts: EnsembleFacts): { facts: EnsembleFacts; others: ServerFacts[] } {
    const members = facts.servers.map(({ server }) => server);
    const seen = this.known.map((one) => this.seen(one));
    return {
      facts: {
        ...facts,
        leader: this.leader,
        servers: seen.filter(({ server }) => members.includes(server)),
      },
      others: seen.filter(({ server }) => !members.includes(server)),
    };
  }

  /** The list of every server that is up, where all have the same. */
  get agreed(): MemberList | undefined {
    const lists = [...this.up].map((name) => this.lists.get(name)!);
    return lists.every((list) => sameList(list, lists[0])) ? lists[0] : undefined;
  }

  /** Members, by the list that all have, that do not run. */
  get down(): string[] {
    const { voters, observers } = this.agreed ?? { voters: [], observers: [] };
    return [...voters, ...observers].filter((name) => !this.up.has(name));
  }

  private act(plan: Plan, step: PlanStep): void {
    const { lists, up } = this;
    const server = step.server!;
    const { before, after } = step.membership!;
    switch (step.activity) {
      case 'provisionServer':
        this.lists.set(server, learning(before, server));
        break;
      case 'writeMembers':
        lists.set(server, step.role === 'learner' ? learning(before, server) : after);
        break;
      case 'stopServer':
        up.delete(server);
        if (!isMember(after, server)) this.gone.add(server);
        if (server === this.leader) this.elect(plan, step);
        break;
      case 'startServer':
        up.add(server);
        this.gone.delete(server);
        if (!this.votes(server) || this.sees(server)) break;
        throw new Unserved(`${step.id}: it cannot find the leader`);
    }
  }

  private elect(plan: Plan, step: PlanStep): void {
    const later = plan.steps.slice(plan.steps.indexOf(step) + 1);
    const expected = later.find((one) => one.activity === 'stopServer' && one.role === 'leader');
    this.leader = this.electable(
      this.choose ?? ((able) => able.find((name) => name === expected?.server)),
    );
    if (this.leader === undefined) throw new Unserved(`${step.id}: nobody can be elected`);
  }

  private electable(choose?: (able: readonly string[]) => string | undefined): string | undefined {
    const able = [...this.up].filter((name) => this.votes(name) && this.isListedByQuorum(name));
    return choose?.(able) ?? able[0];
  }

  private votes(name: string): boolean {
    return this.up.has(name) && this.lists.get(name)?.voters.includes(name) === true;
  }

  private sees(name: string): boolean {
    const { voters } = this.lists.get(name)!;
    return voters.filter((one) => this.votes(one)).length * 2 > voters.length;
  }

  /** Nobody takes the vote of a server, or for one, that its own list does not name. */
  private isListedByQuorum(name: string): boolean {
    const { voters } = this.lists.get(name)!;
    const supporters = voters.filter(
      (one) => this.votes(one) && this.lists.get(one)!.voters.includes(name),
    );
    return supporters.length * 2 > voters.length;
  }

  /** Whether somebody votes whom no other voter lists. */
  private hasLoneVoter(): boolean {
    const voters = [...this.lists].filter(
      ([name, list]) => !this.gone.has(name) && list.voters.includes(name),
    );
    return [...this.up].some(
      (name) =>
        this.votes(name) && voters.filter(([, list]) => list.voters.includes(name)).length === 1,
    );
  }

  private seen(one: ServerFacts): ServerFacts {
    const list = this.lists.get(one.server);
    const serves = this.up.has(one.server);
    const role =
      one.server === this.leader ? 'leader' : this.votes(one.server) ? 'follower' : 'observer';
    const members = list && membersOf(list);
    return {
      ...one,
      state: serves ? 'serving' : 'refusing',
      role: serves ? role : undefined,
      members: serves ? members : undefined,
      version: serves ? (versionOfServer(one) ?? versionOfServer(this.known[0]!)) : undefined,
      host: { ...one.host!, process: { running: serves }, members },
    };
  }

  /**
   * Whether servers that do not hold what the leader has acknowledged could elect one of them: each of them needs to see
   * a quorum of its own list. All sets of voters are looked through; one that is down may come up with what it has.
   */
  private whoCouldForget(): string | undefined {
    const { lists, up, gone, countsStrangers } = this;
    const leader = this.leader!;
    const own = lists.get(leader)!;
    const counted = [...up].filter(
      (name) => this.votes(name) && (countsStrangers || own.voters.includes(name)),
    );
    const voters = [...lists.keys()].filter(
      (name) => name !== leader && !gone.has(name) && lists.get(name)!.voters.includes(name),
    );
    const bitsOf = (names: readonly string[]): number =>
      names.reduce((bits, name) => bits | (1 << voters.indexOf(name)), 0);
    const seats = voters.map((name) => {
      const list = lists.get(name)!.voters;
      return {
        listed: bitsOf(list.filter((one) => voters.includes(one))),
        quorum: Math.floor(list.length / 2) + 1,
      };
    });
    const needed = Math.floor(own.voters.length / 2) + 1;
    const holding = bitsOf(counted.filter((name) => name !== leader));
    for (let set = 1; set < 1 << voters.length; set += 1) {
      if (1 + ones(holding & ~set) < needed) continue;
      const canElect = seats.every(
        ({ listed, quorum }, index) => (set & (1 << index)) === 0 || ones(set & listed) >= quorum,
      );
      if (canElect)
        return `${voters.filter((_, index) => (set & (1 << index)) !== 0).join(', ')} could elect without what ${counted.join(', ')} acknowledge`;
    }
    return undefined;
  }
}

const membersOf = ({ voters, observers }: MemberList): MemberFacts[] =>
  [...voters, ...observers].map((name) => ({
    ...{ id: idOf(name), host: `10.0.0.${idOf(name)}`, quorumPort: 2888, electionPort: 3888 },
    role: voters.includes(name) ? ('participant' as const) : ('observer' as const),
  }));

const learning = ({ voters, observers }: MemberList, name: string): MemberList => ({
  voters: voters.filter((one) => one !== name),
  observers: [...observers.filter((one) => one !== name), name],
});

const sameList = (a: MemberList, b: MemberList | undefined): boolean =>
  shown(a) === (b && shown(b));

const shown = ({ voters, observers }: MemberList): string =>
  `${[...voters].sort().join()} ${[...observers].sort().join()}`;

const isMember = ({ voters, observers }: MemberList, name: string): boolean =>
  [...voters, ...observers].includes(name);

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
