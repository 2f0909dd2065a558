/** A run's status as it changes, over server-sent events; a broken stream is opened again, later and later. */
import { apiUrl, request } from './client';
import { enc } from './queries';
import { onRecovered, reached } from './connection';
import type { RunStatus } from './types';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export interface RunListener {
  onStatus: (status: RunStatus) => void;
  /** The server is there, but nobody answers for the run now. */
  onAway: (message: string) => void;
  onEnd: (outcome: string | undefined) => void;
}

/** @returns what ends it */
export function followRun(id: string, { onStatus, onAway, onEnd }: RunListener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let waitMs = FIRST_WAIT_MS;
  let isOver = false;

  const open = () => {
    window.clearTimeout(timer);
    source?.close();
    const stream = new EventSource(apiUrl(`/runs/${enc(id)}/events`));
    source = stream;
    const on = <T>(name: string, take: (data: T) => void) =>
      stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
        reached();
        waitMs = FIRST_WAIT_MS;
        take(JSON.parse(data) as T);
      });
    on<RunStatus>('status', onStatus);
    on<{ message?: string }>('away', ({ message }) => onAway(message ?? 'nobody answers for it'));
    on<{ outcome?: string }>('end', ({ outcome }) => {
      close();
      onEnd(outcome);
    });
    stream.onopen = () => reached();
    // It would try again by itself only where the connection broke, and for ever where the session is over.
    stream.onerror = () => {
      stream.close();
      if (isOver || source !== stream) return;
      timer = window.setTimeout(open, waitMs);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
      // Tells apart a server that is gone (the banner), a session that is over (the login), and a stream that ended.
      void request('GET', '/me').catch(() => undefined);
    };
  };
  const close = () => {
    isOver = true;
    window.clearTimeout(timer);
    source?.close();
    stopWatching();
  };
  const stopWatching = onRecovered(() => {
    if (!isOver && source?.readyState === EventSource.CLOSED) open();
  });
  open();
  return close;
}
