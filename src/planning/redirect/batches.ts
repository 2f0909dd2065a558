/** Clients in the batches they are redirected in. */

/** `size`: a number of clients, or a share of all of them such as `25%`, rounded up; the last batch may be smaller. */
export function batchesOf(clients: readonly string[], size: number | string): string[][] {
  const share = typeof size === 'string' ? Number.parseInt(size, 10) / 100 : undefined;
  const each = share === undefined ? Number(size) : Math.ceil(clients.length * share);
  const batches: string[][] = [];
  for (let from = 0; from < clients.length; from += Math.max(1, each))
    batches.push(clients.slice(from, from + Math.max(1, each)));
  return batches;
}
