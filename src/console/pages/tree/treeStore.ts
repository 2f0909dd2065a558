/**
 * The part of a tree that somebody has opened, as rows. Children come page by page, in order; those not fetched yet
 * have rows too, so that the scroll bar tells the truth, and are fetched once they come into view. Kept outside React
 * and changed in place: a hundred thousand names are not copied for each page.
 */
import type { ChildrenPage } from '../../api/types';

export interface Row {
  path: string;
  /** Absent: not fetched yet. */
  name?: string;
  depth: number;
  /** From 1, among its siblings. */
  position: number;
  siblings: number;
  isOpen: boolean;
  /** Known to have no children. */
  isLeaf: boolean;
  isLoading: boolean;
}

interface Branch {
  names: string[];
  positions: Map<string, number>;
  total: number;
  nextCursor?: string;
  contains: string;
  isComplete: boolean;
  isFetching: boolean;
  /** Row that is looked at, counted from 0: fetched up to here. */
  wanted: number;
  error?: unknown;
}

/** Rows that follow one another, of one parent. */
interface Stretch {
  start: number;
  parent: string;
  from: number;
  to: number;
  depth: number;
}

export type FetchPage = (query: {
  path: string;
  limit: number;
  cursor?: string;
  contains?: string;
}) => Promise<ChildrenPage>;

export const PAGE_SIZE = 500;

export const joinPath = (parent: string, name: string): string =>
  parent === '/' ? `/${name}` : `${parent}/${name}`;

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

export class TreeStore {
  private readonly branches = new Map<string, Branch>();
  private readonly opened = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private stretches: Stretch[] | undefined;
  private changes = 0;

  constructor(private readonly fetchPage: FetchPage) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly version = (): number => this.changes;

  get rowCount(): number {
    const last = this.layout().at(-1);
    return last === undefined ? 1 : last.start + last.to - last.from;
  }

  row(index: number): Row {
    if (index === 0)
      return { path: '/', name: '/', depth: 0, position: 1, siblings: 1, ...this.standing('/') };
    const { parent, from, start, depth } = this.stretchAt(index);
    const branch = this.branches.get(parent);
    const at = from + index - start;
    const name = branch?.names[at];
    const path = joinPath(parent, name ?? `#${at}`);
    return {
      path,
      name,
      depth,
      position: at + 1,
      siblings: branch?.total ?? 1,
      ...(name === undefined
        ? { isOpen: false, isLeaf: true, isLoading: true }
        : this.standing(path)),
    };
  }

  errorAt(path: string): unknown {
    return this.branches.get(path)?.error;
  }

  filterOf(path: string): string {
    return this.branches.get(path)?.contains ?? '';
  }

  /** How many children it has that pass the filter; absent where nobody has looked. */
  totalOf(path: string): number | undefined {
    return this.branches.get(path)?.total;
  }

  open(path: string): void {
    this.opened.add(path);
    const branch = this.branches.get(path);
    if (branch === undefined || branch.error !== undefined)
      this.restart(path, branch?.contains ?? '');
    else this.changed();
  }

  close(path: string): void {
    this.opened.delete(path);
    this.changed();
  }

  toggle(path: string): void {
    if (this.opened.has(path)) this.close(path);
    else this.open(path);
  }

  /** Only children whose name contains it; empty: all. */
  filter(path: string, contains: string): void {
    this.opened.add(path);
    this.restart(path, contains);
  }

  /** Asks for its children again, where they were asked for before. */
  refresh(path: string): void {
    const branch = this.branches.get(path);
    if (branch) this.restart(path, branch.contains);
  }

  /** What failed is asked for again. */
  retry(): void {
    for (const [path, branch] of this.branches) {
      if (branch.error === undefined) continue;
      branch.error = undefined;
      this.fetchWanted(path, branch);
    }
    this.changed();
  }

  /** These rows are looked at: what is missing of them is fetched, and nothing that is not looked at any more. */
  look(first: number, last: number): void {
    for (const { parent, start, from, to } of this.layout()) {
      const isSeen = start <= last && start + (to - from) > first;
      const branch = this.branches.get(parent);
      if (branch && isSeen) {
        branch.wanted = from + Math.min(last - start, to - from - 1);
        this.fetchWanted(parent, branch);
      }
    }
  }

  private standing(path: string): Pick<Row, 'isOpen' | 'isLeaf' | 'isLoading'> {
    const branch = this.branches.get(path);
    return {
      isOpen: this.opened.has(path) && branch !== undefined && branch.total > 0,
      isLeaf:
        branch !== undefined && branch.isComplete && branch.total === 0 && branch.contains === '',
      isLoading: branch !== undefined && branch.isFetching && branch.names.length === 0,
    };
  }

  private restart(path: string, contains: string): void {
    const branch: Branch = {
      names: [],
      positions: new Map(),
      total: 0,
      contains,
      isComplete: false,
      isFetching: false,
      wanted: 0,
    };
    this.branches.set(path, branch);
    this.changed();
    this.fetchWanted(path, branch);
  }

  private fetchWanted(path: string, branch: Branch): void {
    if (branch.isFetching || branch.isComplete || branch.error !== undefined) return;
    if (branch.names.length > branch.wanted) return;
    branch.isFetching = true;
    const { nextCursor: cursor, contains } = branch;
    const isCurrent = () => this.branches.get(path) === branch;
    this.fetchPage({ path, limit: PAGE_SIZE, cursor, contains: contains || undefined }).then(
      ({ items, total, nextCursor }) => {
        if (!isCurrent()) return;
        for (const { name } of items) {
          branch.positions.set(name, branch.names.length);
          branch.names.push(name);
        }
        branch.isFetching = false;
        branch.nextCursor = nextCursor;
        branch.isComplete = nextCursor === undefined;
        // Some may have come or gone since the first page.
        branch.total = branch.isComplete
          ? branch.names.length
          : Math.max(total, branch.names.length + 1);
        this.changed();
        this.fetchWanted(path, branch);
      },
      (error: unknown) => {
        if (!isCurrent()) return;
        branch.isFetching = false;
        branch.error = error;
        this.changed();
      },
    );
  }

  private changed(): void {
    this.stretches = undefined;
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }

  private layout(): Stretch[] {
    if (this.stretches) return this.stretches;
    const openChildren = new Map<string, number[]>();
    for (const path of this.opened) {
      if (path === '/') continue;
      const parent = parentOf(path);
      const position = this.branches
        .get(parent)
        ?.positions.get(path.slice(path.lastIndexOf('/') + 1));
      if (position !== undefined)
        openChildren.set(parent, [...(openChildren.get(parent) ?? []), position]);
    }
    const stretches: Stretch[] = [];
    let start = 1;
    const add = (parent: string, from: number, to: number, depth: number) => {
      if (to <= from) return;
      stretches.push({ start, parent, from, to, depth });
      start += to - from;
    };
    const walk = (path: string, depth: number) => {
      const branch = this.branches.get(path);
      if (!this.opened.has(path) || branch === undefined) return;
      let from = 0;
      for (const position of (openChildren.get(path) ?? []).sort((one, other) => one - other)) {
        add(path, from, position + 1, depth);
        from = position + 1;
        walk(joinPath(path, branch.names[position] ?? ''), depth + 1);
      }
      add(path, from, branch.total, depth);
    };
    walk('/', 1);
    this.stretches = stretches;
    return stretches;
  }

  private stretchAt(index: number): Stretch {
    const stretches = this.layout();
    let low = 0;
    let high = stretches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((stretches[middle]?.start ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const found = stretches[low];
    if (found === undefined) throw new Error(`the tree has no row ${index}`);
    return found;
  }
}
