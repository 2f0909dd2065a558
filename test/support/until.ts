/** Asks until it gives a value other than false; fails with what was waited for. */
export async function until<T>(
  what: string | (() => string),
  attempt: () => T | undefined | Promise<T | undefined>,
  deadlineMs: number,
  everyMs = 100,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const value = await attempt();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline)
      throw new Error(`not within ${deadlineMs} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
