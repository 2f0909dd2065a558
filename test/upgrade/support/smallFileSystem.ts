/** A real file system with hardly any room. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** Mounting needs root, and is not granted in every container. */
export function canMount(probe: string): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    mountSmall(probe, 1)();
    return true;
  } catch {
    return false;
  }
}

/** Mounts a tmpfs of `megabytes` at `path`. @returns how to take it away again */
export function mountSmall(path: string, megabytes: number): () => void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', path], {
    stdio: 'pipe',
  });
  return () => void execFileSync('umount', [path], { stdio: 'pipe' });
}
