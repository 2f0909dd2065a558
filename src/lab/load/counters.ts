import type { JournalRecord } from './journalRecords';

const WINDOW_MS = 1000;
const SLOT_MS = 100;
const SLOTS = WINDOW_MS / SLOT_MS;

/** What a running load says about itself. Times are wall-clock ms, rates are over the last second. */
export interface LoadStats {
  /** Every client was connected and the first write acknowledged. */
  ready: boolean;
  pid: number;
  at: number;
  ackedPerSecond: number;
  ackedWrites: number;
  unknownWrites: number;
  failedWrites: number;
  reads: number;
  sessionsLost: number;
  /** Clients connected at this moment, of `clients`. */
  connectedClients: number;
  clients: number;
  /** When the newest acknowledgement came; 0 before the first. */
  lastAckAt: number;
  /** The journal is complete and the process about to end. */
  ended: boolean;
}

type Counted = Omit<LoadStats, 'ready' | 'pid' | 'at' | 'connectedClients' | 'clients' | 'ended'>;

/** Counts records as they are written; memory is constant. */
export class Counters {
  private acked = 0;
  private unknown = 0;
  private failed = 0;
  private reads = 0;
  private lost = 0;
  private lastAckAt = 0;
  private readonly slots = new Array<{ slot: number; acked: number }>(SLOTS);

  add(record: JournalRecord): void {
    if (record.t === 'r') this.reads++;
    if (record.t === 'session' && record.what === 'lost') this.lost++;
    if (record.t !== 'w') return;
    if (record.o === 'unknown') this.unknown++;
    if (record.o === 'failed') this.failed++;
    if (record.o !== 'acked') return;
    this.acked++;
    this.lastAckAt = record.e;
    const slot = Math.floor(record.e / SLOT_MS);
    const held = this.slots[slot % SLOTS];
    if (held?.slot === slot) held.acked++;
    else this.slots[slot % SLOTS] = { slot, acked: 1 };
  }

  read(at: number): Counted {
    const oldest = Math.floor(at / SLOT_MS) - SLOTS;
    let recent = 0;
    this.slots.forEach((held) => (recent += held.slot > oldest ? held.acked : 0));
    return {
      ackedPerSecond: (recent * 1000) / WINDOW_MS,
      ackedWrites: this.acked,
      unknownWrites: this.unknown,
      failedWrites: this.failed,
      reads: this.reads,
      sessionsLost: this.lost,
      lastAckAt: this.lastAckAt,
    };
  }
}
