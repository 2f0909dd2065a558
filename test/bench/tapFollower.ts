/**
 * Follows an ensemble by the tap in a process of its own, forked by the tap bench. Says `attached`; on
 * `begin` it starts to count anew; on `{upTo}`, once that transaction is there, it gives back what it saw.
 */
import { rm } from 'node:fs/promises';
import { openTap, type TapOptions } from '../../src/adapters/tap';
import { machineMsOf } from './clock';

export type ToFollower = 'begin' | { upTo: bigint };

export interface Followed {
  zxids: BigInt64Array;
  /** When each came, by `machineMs`. */
  receivedAt: Float64Array;
  /** User and system, since `begin`. */
  cpuMs: number;
}

export type FromFollower = 'attached' | 'begun' | Followed;

const { servers, directory } = JSON.parse(process.argv[2]!) as Pick<
  TapOptions,
  'servers' | 'directory'
>;
const tap = openTap({ servers, directory });
const say = (message: FromFollower): void => void process.send!(message);
const seen: { zxids: bigint[]; receivedAt: number[] } = { zxids: [], receivedAt: [] };
let cpu = process.cpuUsage();
let upTo: bigint | undefined;

process.on('message', (message: ToFollower) => {
  if (message === 'begin') {
    seen.zxids = [];
    seen.receivedAt = [];
    cpu = process.cpuUsage();
    return say('begun');
  }
  upTo = message.upTo;
  reportIfThere();
});
process.on('disconnect', () => process.exit(0));

function reportIfThere(): void {
  if (upTo === undefined || (seen.zxids.at(-1) ?? 0n) < upTo) return;
  upTo = undefined;
  const { user, system } = process.cpuUsage(cpu);
  say({
    zxids: BigInt64Array.from(seen.zxids),
    receivedAt: Float64Array.from(seen.receivedAt),
    cpuMs: (user + system) / 1000,
  });
}

async function follow(): Promise<void> {
  for (let events = await tap.take(); events.length > 0; events = await tap.take()) {
    for (const event of events) {
      if (event.kind === 'txn') {
        seen.zxids.push(event.zxid);
        seen.receivedAt.push(machineMsOf(event.receivedAt));
      } else if (event.kind === 'snapshot') await rm(event.file);
      else if (event.kind === 'attached') say('attached');
      else throw new Error(`the tap said ${event.kind}`);
    }
    reportIfThere();
  }
}

follow().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
