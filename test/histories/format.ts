/**
 * Histories as JSON with enums by name, 64-bit numbers as text and bytes in base64. Not the form of Temporal's
 * other tools: the SDK's own converters need one copy of protobufjs in the whole tree, which npm does not promise.
 */
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;

export type History = temporal.api.history.v1.IHistory;
export interface HistoryJson {
  events: HistoryEventJson[];
}
export interface HistoryEventJson {
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  [attributes: string]: unknown;
}

export const toJson = (history: History): HistoryJson =>
  History.toObject(History.fromObject(history), {
    enums: String,
    longs: String,
    bytes: String,
  }) as HistoryJson;

export const fromJson = (json: HistoryJson): History => History.fromObject(json);
