/** Clients in the batches they are redirected in. */

/** `size`: a number of clients, or a share of all of them such as `25%`, rounded up; the last batch may be smaller. */
export function batchesOf(clients: readonly string[], size: number | string): string[][] {
  const each =
    typeof size === 'number' ? size : Math.ceil((clients.length * Number.parseInt(size, 10)) / 100);
  const batches: string[][] = [];
  for (let from = 0; from < clients.length; from += Math.max(1, each))
    batches.push(clients.slice(from, from + Math.max(1, each)));
  return batches;
}

export interface RedirectProgress {
  /** Of the first batch that is not done, who is still to be led: those that failed are tried again. */
  next: string[];
  failed: string[];
  /** More failed than may: nothing more is begun until somebody says so. */
  held: boolean;
}

/** Where a redirection is, from how it went so far; clients without an outcome have not been tried. */
export function redirectProgress(
  batches: readonly (readonly string[])[],
  outcomes: ReadonlyMap<string, 'done' | 'failed'>,
  maxFailures = 0,
): RedirectProgress {
  const failed = batches.flat().filter((client) => outcomes.get(client) === 'failed');
  const held = failed.length > maxFailures;
  // Failures that are let be do not keep the following batches from their turn.
  const isOpen = (client: string): boolean =>
    held ? outcomes.get(client) !== 'done' : !outcomes.has(client);
  const next = batches.map((batch) => batch.filter(isOpen)).find((batch) => batch.length > 0) ?? [];
  return { next, failed, held };
}
