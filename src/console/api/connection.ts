/** Whether the server can be reached, known from every request; while it cannot, it is asked again and again. */
import { useSyncExternalStore } from 'react';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

type Listener = () => void;

let lost = false;
let waitMs = FIRST_WAIT_MS;
let timer: number | undefined;
const listeners = new Set<Listener>();
const recovered = new Set<Listener>();
let probe: () => Promise<void> = () => Promise.resolve();

/** What is asked to see whether it is back; it reports by `reached` and `unreached` like any request. */
export const setProbe = (ask: () => Promise<void>): void => {
  probe = ask;
};

export function reached(): void {
  if (!lost) return;
  lost = false;
  waitMs = FIRST_WAIT_MS;
  window.clearTimeout(timer);
  timer = undefined;
  for (const listener of [...listeners, ...recovered]) listener();
}

export function unreached(): void {
  if (!lost) {
    lost = true;
    for (const listener of listeners) listener();
  }
  timer ??= window.setTimeout(() => {
    timer = undefined;
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    void probe();
  }, waitMs);
}

export function onRecovered(listener: Listener): () => void {
  recovered.add(listener);
  return () => recovered.delete(listener);
}

const subscribe = (listener: Listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useConnectionLost = (): boolean => useSyncExternalStore(subscribe, () => lost);
