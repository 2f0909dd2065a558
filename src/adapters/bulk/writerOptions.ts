import type { ServerAddress } from '../zookeeper/fourLetterClient';

export interface WriterOptions<P = unknown> {
  servers: readonly ServerAddress[];
  /** The servers, for messages. */
  shown: string;
  auth: readonly { scheme: string; credential: string }[];
  /** What gives `auth`, for messages. */
  authFrom?: string;
  marker: {
    /** An existing znode that nobody else writes. */
    path: string;
    /** Its version now. */
    version: number;
  };
  /** Most bytes of one request; the target's jute.maxbuffer is the limit. */
  maxRequestBytes?: number;
  maxInFlight?: number;
  /** No limit where absent. */
  opsPerSecond?: number;
  /** Longest time without an acknowledgement, reconnecting included. */
  stallTimeoutMs?: number;
  /** Sends what there is as soon as there is room for another request, however little. */
  eager?: boolean;
  /** Told the `position` up to which everything is acknowledged. */
  onAcknowledged?: (position: P) => void;
  /** Told once that nothing more will be written: `add` and `flush` reject with the reason. */
  onFailure?: () => void;
}
