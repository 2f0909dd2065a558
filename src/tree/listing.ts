/** Many of something: all are counted, the first are named. */
export interface Listing<T> {
  count: number;
  listed: T[];
}

export const MAX_LISTED = 1_000;

export const emptyListing = <T>(): Listing<T> => ({ count: 0, listed: [] });

export function list<T>(listing: Listing<T>, entry: T): void {
  listing.count += 1;
  if (listing.listed.length < MAX_LISTED) listing.listed.push(entry);
}
