/** What a bench has standing, taken down at its end or at a signal: newest first. */
const standing = new Set<() => Promise<void>>();

/** Remembers how to take something down. What it returns does so earlier, once. */
export function atEnd(takeDown: () => unknown): () => Promise<void> {
  const once = async () => {
    if (standing.delete(once)) await takeDown();
  };
  standing.add(once);
  return once;
}

/** Takes down all that is left; one failure keeps nothing else up, and is told on stderr. */
export async function cleanUp(): Promise<void> {
  for (const takeDown of [...standing].reverse())
    await takeDown().catch((error: unknown) => console.error(error));
}
