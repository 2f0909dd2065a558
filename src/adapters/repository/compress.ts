/**
 * zstd as repositories use it: frames of at most 1 MiB plain, one after the other, which `zstd -d` reads. Each frame is
 * measured before it is decompressed, so that none can fill the memory.
 */
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type * as ZstdWasm from '@bokuweb/zstd-wasm';
import { measureZstdFrame } from '../../codec/zstdFrame';
import { ZkferryError } from '../../model/errors';

export const FRAME_PLAIN_BYTES = 1 << 20;
/** ZSTD_compressBound of 1 MiB and the headers: no frame of ours is longer. */
const MAX_FRAME_BYTES = FRAME_PLAIN_BYTES + 64 * 1024;
const LEVEL = 3;
/** Of the time that work in the background takes, how much longer it then rests. */
const REST_SHARE = 2;
const MOST_REST_MS = 50;

type Zstd = typeof ZstdWasm;
let loading: Promise<Zstd> | undefined;

/** Loaded at the first use: its start is not every command's. */
async function loadZstd(): Promise<Zstd> {
  loading ??= import('@bokuweb/zstd-wasm').then(async (zstd) => {
    await zstd.init();
    return zstd;
  });
  return loading;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What is done between two frames, which take milliseconds each: whatever else this process does has its turn. */
export type Breath = () => Promise<void>;

/** Leaves most of the thread to others: what comes of a frame, its encryption too, counts as work. */
export function resting(): Breath {
  let since = performance.now();
  return async () => {
    await delay(Math.min(MOST_REST_MS, REST_SHARE * (performance.now() - since)));
    since = performance.now();
  };
}

/** Frames of what `source` gives, whatever its chunks are; one empty frame for nothing at all. */
export async function* compressed(
  source: Iterable<Buffer> | AsyncIterable<Buffer>,
  breathe: Breath = turn,
): AsyncGenerator<Buffer> {
  const zstd = await loadZstd();
  let frames = 0;
  for await (const block of inBlocks(source)) {
    yield asBuffer(zstd.compress(block, LEVEL));
    frames += 1;
    if (block.length === FRAME_PLAIN_BYTES) await breathe();
  }
  if (frames === 0) yield asBuffer(zstd.compress(Buffer.alloc(0), LEVEL));
}

async function* inBlocks(source: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + FRAME_PLAIN_BYTES - length);
      parts.push(part);
      length += part.length;
      at += part.length;
      if (length < FRAME_PLAIN_BYTES) continue;
      yield parts.length === 1 ? part : Buffer.concat(parts, length);
      parts = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(parts, length);
}

/**
 * The way back, frame by frame. `plainBytes`: what must come out in all; BackupInvalid as soon as there is more, at the
 * end where there is less, and for whatever is no frame of at most 1 MiB.
 */
export async function* decompressed(
  source: Iterable<Buffer> | AsyncIterable<Buffer>,
  plainBytes: number,
): AsyncGenerator<Buffer> {
  const zstd = await loadZstd();
  let rest: Buffer = Buffer.alloc(0);
  let given = 0;
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const frame = measureZstdFrame(rest);
      if (frame.kind === 'invalid') throw damaged(frame.reason);
      if (frame.kind === 'partial') {
        if (rest.length > MAX_FRAME_BYTES) throw damaged('a zstd frame of more than 1 MiB');
        break;
      }
      if (frame.plainBytes > FRAME_PLAIN_BYTES || given + frame.plainBytes > plainBytes) {
        throw damaged(`more than the ${plainBytes} bytes it should hold`);
      }
      const plain = decompressFrame(zstd, rest.subarray(0, frame.bytes), frame.plainBytes);
      given += plain.length;
      rest = rest.subarray(frame.bytes);
      if (plain.length > 0) yield plain;
      if (plain.length === FRAME_PLAIN_BYTES) await turn();
    }
  }
  if (rest.length > 0) throw damaged('an end within a zstd frame');
  if (given !== plainBytes) throw damaged(`${given} bytes where it should hold ${plainBytes}`);
}

function decompressFrame(zstd: Zstd, frame: Buffer, plainBytes: number): Buffer {
  let plain: Uint8Array;
  try {
    plain = zstd.decompress(frame);
  } catch {
    throw damaged('a zstd frame that cannot be decompressed');
  }
  if (plain.length !== plainBytes) throw damaged('a zstd frame that holds other than it says');
  return asBuffer(plain);
}

const damaged = (what: string): ZkferryError => new ZkferryError('BackupInvalid', `has ${what}`);
