/**
 * What a copy has to do where the target holds something already: source and target, each as sorted lines,
 * to one action for every node of the source, and what must go. Pure.
 */
import { FIELD_INDEX, fieldsOf, pathOf } from '../diff/line';
import { emptyListing, list, type Listing } from '../listing';
import { parentOf } from '../paths';

/** What becomes of nodes that the target has already. */
export const CONFLICT_POLICIES = ['fail', 'skip', 'overwrite', 'mirror'] as const;
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number];

/** Bits of what is done to a node of the source. */
export const ACTION = { leave: 0, create: 1, setData: 2, setAcl: 4 } as const;

/** Ends a line of the target. */
export interface TargetMark {
  /** The copy may do everything to the node. */
  mayWork: boolean;
  ephemeral: boolean;
  /** Not meant: only there because the target has it. */
  excluded: boolean;
}

export interface MergePlan {
  /** Of ACTION, by the node's place in the source's order. */
  actions: Uint8Array;
  /** Relative to the roots; children before their parents. */
  deletions: string[];
  /** What the target has of parents that stay, by relative path: next number, and children that need no create. */
  existing: Map<string, { next: number; children: number }>;
  created: number;
  changed: number;
  /** Exist on the target and differ, but are left alone. */
  skipped: number;
  refused: {
    /** Held by a session of the target where the source has a node, or where nodes are to go. */
    ephemerals: Listing<string>;
    /** The copy may not change them. */
    forbidden: Listing<string>;
    /** Of another type than the source's, and with children: can't be made anew. */
    otherType: Listing<string>;
    /** Must stay although the nodes above them are to go. */
    excluded: Listing<string>;
    /** Have given numbers where the source's node never had a child. */
    ahead: Listing<{ path: string; by: number }>;
  };
}

type Lines = AsyncIterator<string> | Iterator<string>;

/** A line of the source: as LineWriter makes it, and the node's place in the source's order. */
export const sourceLine = (line: string, index: number): string => `${line}\t${index}`;

export const targetLine = (line: string, mark: TargetMark): string =>
  `${line}\t${mark.mayWork ? 'w' : ''}${mark.ephemeral ? 'e' : ''}${mark.excluded ? 'x' : ''}`;

interface SourceSide {
  path: string;
  fields: string[];
  index: number;
}

interface TargetSide extends TargetMark {
  path: string;
  fields: string[];
}

/** A node of the target above the current one. */
interface Above {
  path: string;
  mayWork: boolean;
  /** It is deleted, and perhaps made anew. */
  goes: boolean;
}

const { data: DATA, acl: ACL, type: TYPE, nextSequence: NEXT } = FIELD_INDEX;

/** `nodes`: how many the source has in its order. Both sides sorted, each path once a side. */
export async function mergeLines(
  source: Lines,
  target: Lines,
  nodes: number,
  policy: Exclude<ConflictPolicy, 'fail'>,
): Promise<MergePlan> {
  const merge = new Merge(nodes, policy);
  let [left, right] = [await nextSource(source), await nextTarget(target)];
  while (left !== undefined || right !== undefined) {
    const order =
      left === undefined ? 1 : right === undefined ? -1 : compare(left.path, right.path);
    if (order < 0) merge.onlySource(left!);
    else if (order > 0) merge.onlyTarget(right!);
    else merge.both(left!, right!);
    if (order <= 0) left = await nextSource(source);
    if (order >= 0) right = await nextTarget(target);
  }
  merge.plan.deletions.reverse();
  return merge.plan;
}

class Merge {
  readonly plan: MergePlan;
  private readonly above: Above[] = [];

  constructor(
    nodes: number,
    private readonly policy: Exclude<ConflictPolicy, 'fail'>,
  ) {
    this.plan = {
      actions: new Uint8Array(nodes),
      deletions: [],
      existing: new Map(),
      created: 0,
      changed: 0,
      skipped: 0,
      refused: {
        ephemerals: emptyListing(),
        forbidden: emptyListing(),
        otherType: emptyListing(),
        excluded: emptyListing(),
        ahead: emptyListing(),
      },
    };
  }

  onlySource({ path, index }: SourceSide): void {
    const parent = this.parent(path);
    if (parent?.path === parentOf(path) && !parent.goes) this.mustWork(parent);
    this.plan.actions[index] = ACTION.create;
    this.plan.created += 1;
  }

  onlyTarget(node: TargetSide): void {
    const { refused, deletions } = this.plan;
    const parent = this.parent(node.path);
    const goes = parent?.goes === true || (this.policy === 'mirror' && !node.excluded);
    if (parent?.goes === true && node.excluded) list(refused.excluded, node.path);
    else if (parent?.goes === true && this.policy !== 'mirror')
      list(refused.otherType, parent.path);
    else if (node.ephemeral) {
      if (parent?.goes === true) list(refused.ephemerals, node.path);
    } else if (goes) {
      if (parent !== undefined) this.mustWork(parent);
      deletions.push(node.path);
    }
    this.above.push({ path: node.path, mayWork: node.mayWork, goes });
  }

  both(ours: SourceSide, theirs: TargetSide): void {
    const { path } = ours;
    const parent = this.parent(path);
    if (parent?.goes === true) {
      this.onlyTarget(theirs);
      this.plan.actions[ours.index] = ACTION.create;
      this.plan.created += 1;
      return;
    }
    this.above.push({ path, mayWork: theirs.mayWork, goes: false });
    // Above what was chosen, and not chosen itself: it is there, and that will do.
    if (theirs.excluded) return this.stays(ours, theirs);
    if (theirs.ephemeral) return list(this.plan.refused.ephemerals, path);
    if (ours.fields[TYPE] !== theirs.fields[TYPE]) return this.otherType(ours, theirs, parent);
    this.sameType(ours, theirs);
  }

  private sameType(ours: SourceSide, theirs: TargetSide): void {
    const { plan } = this;
    this.stays(ours, theirs);
    const change =
      (ours.fields[DATA] === theirs.fields[DATA] ? 0 : ACTION.setData) |
      (ours.fields[ACL] === theirs.fields[ACL] ? 0 : ACTION.setAcl);
    if (change === 0) return;
    if (this.policy === 'skip') return void (plan.skipped += 1);
    this.mustWork(theirs);
    plan.actions[ours.index] = change;
    plan.changed += 1;
  }

  private otherType(ours: SourceSide, theirs: TargetSide, parent: Above | undefined): void {
    const { plan } = this;
    if (this.policy === 'skip') {
      plan.skipped += 1;
      return this.stays(ours, theirs);
    }
    if (parent !== undefined) this.mustWork(parent);
    this.above.at(-1)!.goes = true;
    plan.deletions.push(ours.path);
    plan.actions[ours.index] = ACTION.create;
    plan.created += 1;
  }

  /** The node is not made anew: its counter goes on from where it is. */
  private stays(ours: SourceSide, theirs: TargetSide): void {
    const { existing, refused } = this.plan;
    const next = Number(theirs.fields[NEXT]);
    if (ours.path !== '/') {
      const parent = existing.get(parentOf(ours.path));
      if (parent !== undefined && !theirs.excluded) parent.children += 1;
    }
    if (next === 0) return;
    existing.set(ours.path, { next, children: 0 });
    if (Number(ours.fields[NEXT]) === 0 && this.policy !== 'skip' && !theirs.excluded)
      list(refused.ahead, { path: ours.path, by: next });
  }

  private mustWork({ path, mayWork }: { path: string; mayWork: boolean }): void {
    const { forbidden } = this.plan.refused;
    if (!mayWork && forbidden.listed.at(-1) !== path) list(forbidden, path);
  }

  /** The nearest node of the target above `path`. */
  private parent(path: string): Above | undefined {
    const { above } = this;
    while (above.length > 0 && !isBelow(path, above.at(-1)!.path)) above.pop();
    return above.at(-1);
  }
}

const isBelow = (path: string, root: string): boolean =>
  root === '/' ? path !== '/' : path.startsWith(`${root}/`);

/** As lines sort. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const difference = weight(one.charCodeAt(at)) - weight(other.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** A slash comes before everything else that a path may hold. */
const weight = (code: number): number => (code === 47 ? 1 : code);

async function nextSource(lines: Lines): Promise<SourceSide | undefined> {
  const next = await lines.next();
  if (next.done === true) return undefined;
  const fields = fieldsOf(next.value);
  return { path: pathOf(next.value), index: Number(fields.pop()), fields };
}

async function nextTarget(lines: Lines): Promise<TargetSide | undefined> {
  const next = await lines.next();
  if (next.done === true) return undefined;
  const fields = fieldsOf(next.value);
  const mark = fields.pop()!;
  return {
    path: pathOf(next.value),
    fields,
    mayWork: mark.includes('w'),
    ephemeral: mark.includes('e'),
    excluded: mark.includes('x'),
  };
}
