/**
 * Live events of runs. However many watch a run, it is asked once a second; each gets the newest status only when it changed, and
 * whoever reads too slowly misses what is old, never what is newest.
 */
import type { ServerResponse } from 'node:http';
import { ZkferryError } from '../model/errors';
import type { StatusDocument } from '../model/status';
import { isAway } from '../adapters/temporal/failure';
import { isOver } from '../adapters/temporal/over';

/** Nobody takes what is for all. */
const SHARE_OF_ONE = 1 / 4;
const ASK_EVERY_MS = 1_000;
/** So long a token that was taken out still hears. */
const KEEP_ALIVE_MS = 5_000;
const NOT_ANY_MORE =
  'may watch no more: the token was revoked or has expired, its session was logged out, or the right to look was taken away';

interface Watch {
  watchers: Set<Watcher>;
  /** The newest event, for whoever comes. */
  newest?: string;
  timer?: NodeJS.Timeout;
}

interface Watcher {
  response: ServerResponse;
  keepAlive: NodeJS.Timeout;
  /** What waits until the one before was taken. */
  waiting?: string;
}

export interface WatchersOptions {
  most: number;
  /** How a run has ended that nobody tells the status of; undefined where it has not, or nobody knows. */
  ended: (workflowId: string) => Promise<string | undefined>;
}

export interface WhoWatches {
  actor: string;
  stillMay: () => Promise<boolean>;
}

export interface RunWatchers {
  /** @throws TemporalUnavailable (retryable) where too many watch already; 429 where too many of them are this one's */
  refuseIfFull(actor: string): void;
  /** Sends events to it until the run ends, whoever watches goes, or `stillMay` says that they may not any more. */
  add(workflowId: string, response: ServerResponse, watcher: WhoWatches): void;
  readonly count: number;
  /** Ends all of them. */
  close(): void;
}

export function createRunWatchers(
  ask: (workflowId: string) => Promise<StatusDocument>,
  { most, ended }: WatchersOptions,
): RunWatchers {
  const watches = new Map<string, Watch>();
  const mostOfOne = Math.max(1, Math.ceil(most * SHARE_OF_ONE));
  const byActor = new Map<string, number>();
  let count = 0;
  let closed = false;

  const look = async (workflowId: string, watch: Watch): Promise<void> => {
    let over = false;
    try {
      const status = await ask(workflowId);
      over = isOver(status.state);
      const end = over ? eventText('end', { outcome: status.closed ?? status.state }) : '';
      tell(watch, eventText('status', status) + end);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // It may end while nobody tells its status.
      const outcome = isAway(error) ? await ended(workflowId).catch(() => undefined) : undefined;
      over = outcome !== undefined || !isAway(error);
      tell(
        watch,
        eventText(over ? 'end' : 'away', outcome === undefined ? { message } : { outcome }),
      );
    }
    if (over) {
      watches.delete(workflowId);
      for (const { response, waiting } of [...watch.watchers]) response.end(waiting);
    }
    if (closed || watch.watchers.size === 0 || over) return;
    watch.timer = setTimeout(() => void look(workflowId, watch), ASK_EVERY_MS);
  };

  return {
    get count() {
      return count;
    },
    refuseIfFull(actor) {
      if ((byActor.get(actor) ?? 0) >= mostOfOne)
        throw Object.assign(
          new Error(
            `${actor} watches ${mostOfOne} times already, a quarter of what all together may: close some, or poll the runs`,
          ),
          { statusCode: 429 },
        );
      if (count >= most)
        throw new ZkferryError(
          'TemporalUnavailable',
          `${most} watch live events already: ask again later, or poll the run`,
          { retryable: true },
        );
    },
    add(workflowId, response, { actor, stillMay }) {
      // Who has gone while the run was looked up tells so no more: kept, they would hold the process for ever.
      if (closed || response.destroyed) {
        response.end();
        return;
      }
      count += 1;
      byActor.set(actor, (byActor.get(actor) ?? 0) + 1);
      const keepAlive = setInterval(() => {
        void stillMay().then((may) => {
          if (!may) response.end(eventText('end', { message: NOT_ANY_MORE }));
          else if (!response.writableNeedDrain) response.write(': still here\n\n');
        });
      }, KEEP_ALIVE_MS);
      const watcher: Watcher = { response, keepAlive };
      const known = watches.get(workflowId);
      const watch = known ?? { watchers: new Set() };
      watch.watchers.add(watcher);
      watches.set(workflowId, watch);
      response.on('close', () => {
        count -= 1;
        const left = (byActor.get(actor) ?? 1) - 1;
        if (left === 0) byActor.delete(actor);
        else byActor.set(actor, left);
        clearInterval(keepAlive);
        watch.watchers.delete(watcher);
        if (watch.watchers.size > 0) return;
        clearTimeout(watch.timer);
        if (watches.get(workflowId) === watch) watches.delete(workflowId);
      });
      response.on('drain', () => {
        const { waiting } = watcher;
        delete watcher.waiting;
        if (waiting !== undefined && !response.writableEnded) response.write(waiting);
      });
      if (watch.newest !== undefined) send(watcher, watch.newest);
      if (known === undefined) void look(workflowId, watch);
    },
    close() {
      closed = true;
      for (const watch of watches.values()) {
        clearTimeout(watch.timer);
        for (const { response } of watch.watchers) response.end();
      }
    },
  };
}

const eventText = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

function tell(watch: Watch, text: string): void {
  if (watch.newest === text) return;
  watch.newest = text;
  for (const watcher of watch.watchers) send(watcher, text);
}

function send(watcher: Watcher, text: string): void {
  if (watcher.response.writableNeedDrain) watcher.waiting = text;
  else watcher.response.write(text);
}
