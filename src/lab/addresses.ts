/** Each lab gets a loopback block 127.A.B.0/24 of its own, so that several can run at once. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ZkferryError } from '../model/errors';
import { labsDirectory } from './labState';

/** 127.64.1 … 127.126.254: clear of 127.0.0.0/16, where everything else on a machine listens. */
const FIRST_A = 64;
const COUNT_A = 63;
const COUNT_B = 254;
const MAX_TRIES = 64;

const blocksDirectory = () => join(labsDirectory(), '.blocks');

/** The block tried as number `attempt`: derived from the directory, so that a lab keeps its addresses when made again. */
function candidate(directory: string, attempt: number): string {
  const digest = createHash('sha256').update(`${directory}\0${attempt}`).digest();
  return `127.${FIRST_A + (digest.readUInt16BE(0) % COUNT_A)}.${1 + (digest.readUInt16BE(2) % COUNT_B)}`;
}

/** Whether a listener could be opened on `host:port` now. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** True when `directory` now holds the block (or held it already). */
function reserve(block: string, directory: string): boolean {
  const file = join(blocksDirectory(), block);
  mkdirSync(blocksDirectory(), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, directory, { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    let holder: string;
    try {
      holder = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    if (holder === directory) return true;
    if (holder === '' || existsSync(holder)) return false;
    rmSync(file, { force: true });
  }
}

/**
 * Reserves a block whose first address has all of `ports` free, for the lab in `directory` (which must
 * exist: a reservation of a vanished directory counts as given up).
 */
export async function allocateBlock(directory: string, ports: number[]): Promise<string> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const block = candidate(directory, attempt);
    if (!reserve(block, directory)) continue;
    const free = await Promise.all(ports.map((port) => isFree(`${block}.1`, port)));
    if (free.every(Boolean)) return block;
    releaseBlock(block, directory);
  }
  throw new ZkferryError(
    'Unsupported',
    `no free loopback block for the lab: ports ${ports.join(', ')} can't be opened on any of ${MAX_TRIES} addresses in 127.64.0.0/10; something may listen on these ports on all addresses (see \`ss -ltn\`)`,
  );
}

/** Gives the block up if it is still reserved for the lab in `directory`. */
export function releaseBlock(block: string, directory: string): void {
  const file = join(blocksDirectory(), block);
  try {
    if (readFileSync(file, 'utf8') === directory) rmSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** `127.A.B` of one of its addresses. */
export const blockOf = (host: string): string => host.split('.').slice(0, 3).join('.');
