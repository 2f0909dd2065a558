/** What a run tells people as it goes on: the newest events only. */
import type { StatusEvent } from '../../src/model/status';

const MAX_EVENTS = 100;

export function addEvent(events: StatusEvent[], text: string): void {
  events.push({ at: new Date().toISOString(), text });
  if (events.length > MAX_EVENTS) events.splice(0, events.length - MAX_EVENTS);
}
