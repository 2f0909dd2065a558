/** Which nodes of a source are meant, and where each goes. Pure. */
import picomatch from 'picomatch';
import { ZkferryError } from '../../model/errors';
import { parentOf } from '../paths';

export interface SelectionOptions {
  /** Root of what is copied or compared: absolute, `/` for all. */
  sourceRoot: string;
  targetRoot: string;
  /** Glob patterns on source paths; a node that matches is meant with all that is below it. */
  include?: readonly string[];
  exclude?: readonly string[];
  /** zkferry's own subtree at the source: locks and markers. */
  ownRoot?: string;
}

/** Every server keeps its own: quotas and the configuration. */
const SYSTEM_ROOT = '/zookeeper';

export class Selection {
  readonly sourceRoot: string;
  readonly targetRoot: string;
  private readonly sourcePrefix: string;
  private readonly targetPrefix: string;
  private readonly included: ((path: string) => boolean) | undefined;
  private readonly excluded: ((path: string) => boolean) | undefined;
  private readonly left: { root: string; below: string }[];

  /** The path that patterns are asked about. */
  private asked = (path: string): string => path;

  /** @throws InvalidInput for a path or a pattern that is not absolute */
  constructor(private readonly options: SelectionOptions) {
    this.sourceRoot = absolute(options.sourceRoot, 'source path');
    this.targetRoot = absolute(options.targetRoot, 'target path');
    this.sourcePrefix = this.sourceRoot === '/' ? '/' : `${this.sourceRoot}/`;
    this.targetPrefix = this.targetRoot === '/' ? '/' : `${this.targetRoot}/`;
    this.included = matcher(options.include, 'include');
    this.excluded = matcher(options.exclude, 'exclude');
    this.left = [SYSTEM_ROOT, ...(options.ownRoot === undefined ? [] : [options.ownRoot])].map(
      (root) => ({ root, below: `${root}/` }),
    );
  }

  /** What was taken in and left out, as a text: equal for equal choices. */
  get patterns(): string {
    const { include = [], exclude = [] } = this.options;
    return JSON.stringify([include, exclude]);
  }

  /** Whether the node is meant. The ancestors of what `include` matches are not, by themselves: see `ancestorsOf`. */
  means(path: string): boolean {
    if (!this.isWithin(path)) return false;
    if (this.excluded?.(this.asked(path))) return false;
    return this.included === undefined || this.included(this.asked(path));
  }

  /** Below the root, or the root itself, and not of the subtrees that no copy concerns. */
  isWithin(path: string): boolean {
    if (path !== this.sourceRoot && !path.startsWith(this.sourcePrefix)) return false;
    return !this.left.some(({ root, below }) => path === root || path.startsWith(below));
  }

  /** Nodes between the root and `path` that it can't exist without, the root included, `path` not. */
  ancestorsOf(path: string): string[] {
    const ancestors: string[] = [];
    for (let at = path; at !== this.sourceRoot && at !== '/';) {
      at = parentOf(at);
      ancestors.push(at);
    }
    return ancestors.reverse();
  }

  /** Below the source's root: `/` is the root itself. */
  relativePath(path: string): string {
    return path === this.sourceRoot ? '/' : `/${path.substring(this.sourcePrefix.length)}`;
  }

  /**
   * The same choice, made of the target's own paths. Patterns are about the source's paths, so each path is
   * asked about as it is called there.
   */
  ofTarget(): Selection {
    const mirrored = new Selection({ ...this.options, sourceRoot: this.targetRoot });
    mirrored.asked = (path) => this.sourcePath(path);
    return mirrored;
  }

  /** The source's path of a node of the target. */
  sourcePath(path: string): string {
    if (path === this.targetRoot) return this.sourceRoot;
    return this.sourcePrefix + path.substring(this.targetPrefix.length);
  }

  /** Of a path as `relativePath` gives it. */
  targetOfRelative(relative: string): string {
    return relative === '/' ? this.targetRoot : this.targetPrefix + relative.substring(1);
  }

  targetPath(path: string): string {
    if (path === this.sourceRoot) return this.targetRoot;
    return this.targetPrefix + path.substring(this.sourcePrefix.length);
  }
}

function matcher(patterns: readonly string[] | undefined, option: string) {
  if (patterns === undefined || patterns.length === 0) return undefined;
  for (const pattern of patterns)
    if (!pattern.startsWith('/'))
      throw new ZkferryError(
        'InvalidInput',
        `${option}: expected a pattern of absolute paths, such as /app/** or /*/tmp; got ${JSON.stringify(pattern)}`,
      );
  const matches = picomatch([...patterns], { dot: true });
  return orBelow((path) => matches(path));
}

/** True too for what is below a match. Siblings come together, so the parent's answer is kept. */
function orBelow(matches: (path: string) => boolean): (path: string) => boolean {
  let lastParent = '';
  let lastAnswer = false;
  const matchesUpwards = (path: string): boolean => {
    for (let at = path; at !== '/'; at = parentOf(at)) if (matches(at)) return true;
    return matches('/');
  };
  return (path) => {
    const parent = parentOf(path);
    if (parent !== lastParent) {
      lastParent = parent;
      lastAnswer = matchesUpwards(parent);
    }
    return lastAnswer || matches(path);
  };
}

function absolute(path: string, what: string): string {
  if (path === '/') return path;
  const parts = path.split('/');
  const isPlain =
    path.startsWith('/') &&
    parts.slice(1).every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain)
    throw new ZkferryError(
      'InvalidInput',
      `${what}: expected an absolute path without a final slash, such as / or /app; got ${JSON.stringify(path)}`,
    );
  return path;
}
