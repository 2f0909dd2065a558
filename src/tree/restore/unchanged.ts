/** Whether a living tree still is the restored one, but for what was written since: told by the zxids of its nodes. */
import { sameAcl } from '../aclTable';
import type { DataTree, TreeZnode } from '../dataTree';
import type { SourceNode } from '../source';
import { isServersOwn } from '../compareTrees';

const MAX_DIFFERENCES = 100;

/** `start`: the zxid that the restored servers began from. */
export class UnchangedCheck {
  private readonly seen = new Set<string>();
  private readonly differences: string[] = [];
  /** Parents whose children have come and gone since. */
  private readonly touchedParents = new Set<string>();
  private compared = 0;
  private changedSince = 0;

  constructor(
    private readonly restored: DataTree,
    private readonly start: bigint,
  ) {}

  /** Every node of the living tree, once. */
  add(node: SourceNode): void {
    const { path, stat } = node;
    if (isServersOwn(path)) return;
    if (stat.pzxid > this.start) this.touchedParents.add(path);
    const before = this.restored.get(path);
    if (before === undefined) {
      if (stat.czxid <= this.start) this.differ(`${path} is there, and was not`);
      else this.changedSince += 1;
      return;
    }
    this.seen.add(path);
    this.compare(node, before);
  }

  finish(): { compared: number; changedSince: number; differences: string[] } {
    for (const { path } of this.restored.nodes()) {
      if (this.seen.has(path) || isServersOwn(path)) continue;
      if (this.wasRemovedSince(path)) this.changedSince += 1;
      else this.differ(`${path} is missing`);
    }
    const { compared, changedSince, differences } = this;
    return { compared, changedSince, differences };
  }

  private compare({ path, data, acl, stat }: SourceNode, before: TreeZnode): void {
    this.compared += 1;
    if (stat.czxid > this.start) {
      this.changedSince += 1;
      return;
    }
    if (stat.mzxid > this.start) this.changedSince += 1;
    else if (stat.mzxid !== before.stat.mzxid || !sameData(data, before.data))
      this.differ(`${path} has other data`);
    // Setting an ACL leaves no zxid, only a version.
    if (stat.aversion === before.stat.aversion && !sameAcl(acl, before.acl))
      this.differ(`${path} has another ACL`);
    if (stat.aversion < before.stat.aversion) this.differ(`${path} has an earlier ACL`);
    if (stat.pzxid <= this.start && stat.cversion !== before.stat.cversion)
      this.differ(`${path} has another counter`);
  }

  /** Somewhere above, children have come or gone. */
  private wasRemovedSince(path: string): boolean {
    for (let at = path.lastIndexOf('/'); at >= 0; at = path.lastIndexOf('/', at - 1)) {
      if (this.touchedParents.has(at === 0 ? '/' : path.slice(0, at))) return true;
      if (at === 0) break;
    }
    return false;
  }

  private differ(text: string): void {
    if (this.differences.length < MAX_DIFFERENCES) this.differences.push(text);
  }
}

function sameData(one: Buffer | null, other: Buffer | null): boolean {
  if (one === null || other === null) return one === other;
  return one.equals(other);
}
