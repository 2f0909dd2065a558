/** What a bench has standing, taken down at its end or at a signal: newest first. */
const standing = new Set<() => Promise<void>>();

/**
 * Remembers how to take something down. What it returns does so earlier; called again, it waits for the
 * first time.
 */
export function atEnd(takeDown: () => unknown): () => Promise<void> {
  let done: Promise<void> | undefined;
  const once = () => (done ??= Promise.resolve(takeDown()).then(() => void standing.delete(once)));
  standing.add(once);
  return once;
}

/** Takes down all that is left; one failure keeps nothing else up, and is told on stderr. */
export async function cleanUp(): Promise<void> {
  for (const takeDown of [...standing].reverse())
    await takeDown().catch((error: unknown) => console.error(error));
}
