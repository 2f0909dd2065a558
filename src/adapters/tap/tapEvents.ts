/** What consumers of any tap do with it. */
import { rm } from 'node:fs/promises';
import type { TapEvent } from './events';
import type { Tap } from './tap';

/** The events one by one. Leaving the loop closes the tap. */
export async function* eventsOf(tap: Tap): AsyncGenerator<TapEvent> {
  try {
    for (;;) {
      const events = await tap.take();
      if (events.length === 0) return;
      yield* events;
    }
  } finally {
    await tap.close();
  }
}

/** Nobody wants the event: a snapshot's file goes with it. */
export async function discard(event: TapEvent): Promise<void> {
  if (event.kind === 'snapshot') await rm(event.file, { force: true });
}
