/** Whether one request is what breaks the connection: the same each time, while others are answered. Pure. */
const LEAST_TIMES = 5;
/** A target that loses servers or its leader may cut off a few requests, but not one alone for so long. */
const LEAST_MS = 10_000;

export interface Broken {
  times: number;
  forMs: number;
}

export class Breaker<T> {
  private suspect: { item: T; times: number; sinceMs: number } | undefined;
  private readonly leastTimes: number;

  /** `servers`: one of them may take what others do not. */
  constructor(servers: number) {
    this.leastTimes = Math.max(LEAST_TIMES, 2 * servers);
  }

  /** `item` was the only one sent when the connection broke, and another request was answered since. */
  broke(item: T, nowMs: number): Broken | undefined {
    if (this.suspect?.item !== item) this.suspect = { item, times: 0, sinceMs: nowMs };
    const { suspect } = this;
    suspect.times += 1;
    const forMs = nowMs - suspect.sinceMs;
    if (suspect.times < this.leastTimes || forMs < LEAST_MS) return undefined;
    return { times: suspect.times, forMs };
  }
}
