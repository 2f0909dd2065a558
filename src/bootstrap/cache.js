'use strict';
/** Where downloads and builds are kept, outside the checkout, and how two set-ups at once share it. */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');

const LOCK_POLL_MS = 200;
/** A build of Temporal takes about four minutes on two cores; two in a row must fit. */
const LOCK_WAIT_MS = 20 * 60_000;

/** `$ZKFERRY_CACHE`, else `${XDG_CACHE_HOME:-~/.cache}/zkferry`; absolute. */
function cacheDirectory() {
  if (process.env.ZKFERRY_CACHE) return path.resolve(process.env.ZKFERRY_CACHE);
  const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(base, 'zkferry');
}

/** Kernel start time of a process in clock ticks (field 22 of /proc/PID/stat); undefined when it is gone or /proc is absent. */
function processStartTicks(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets: fields are counted after its closing one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function ownerIsGone(directory) {
  let owner;
  try {
    owner = JSON.parse(fs.readFileSync(path.join(directory, 'owner.json'), 'utf8'));
  } catch {
    // Made but not yet signed, or its owner died between the two: young ones get the benefit of the doubt.
    try {
      return Date.now() - fs.statSync(directory).mtimeMs > 10_000;
    } catch {
      return false;
    }
  }
  if (owner.host !== os.hostname()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return true;
  }
  const ticks = processStartTicks(owner.pid);
  return ticks !== undefined && owner.startTicks !== undefined && ticks !== owner.startTicks;
}

/**
 * Runs `work` while holding `<cache>/locks/<name>`. A lock whose owner died is taken over. Throws after
 * `waitMs` (default 20 min) naming the lock.
 */
async function withLock(name, work, { waitMs = LOCK_WAIT_MS, base = cacheDirectory() } = {}) {
  const locks = path.join(base, 'locks');
  const lock = path.join(locks, name.replace(/[^A-Za-z0-9._-]/g, '_'));
  fs.mkdirSync(locks, { recursive: true });
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      fs.mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (ownerIsGone(lock)) {
      const grave = `${lock}.stale-${process.pid}-${Date.now()}`;
      try {
        // Only one of several waiters wins the rename; the others go round again.
        fs.renameSync(lock, grave);
        fs.rmSync(grave, { recursive: true, force: true });
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `waited ${Math.round(waitMs / 1000)} s for another set-up that holds ${lock}; end it or, if it is gone, remove that directory`,
      );
    }
    await delay(LOCK_POLL_MS);
  }
  try {
    fs.writeFileSync(
      path.join(lock, 'owner.json'),
      JSON.stringify({
        pid: process.pid,
        startTicks: processStartTicks(process.pid),
        host: os.hostname(),
      }),
    );
    return await work();
  } finally {
    fs.rmSync(lock, { recursive: true, force: true });
  }
}

/** Writes a file so that a reader sees the old or the new one, never a part. */
function writeFileAtomic(file, content) {
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, content);
  fs.renameSync(temporary, file);
}

/** A fresh directory beside its destination, so that the final rename stays on one file system. */
function makeTemporaryDirectory(parent, label) {
  fs.mkdirSync(parent, { recursive: true });
  return fs.mkdtempSync(path.join(parent, `.${label}-`));
}

/** Hex digest of a file, read in pieces. */
function hashFile(file, algorithm = 'sha512') {
  const hash = createHash(algorithm);
  const descriptor = fs.openSync(file, 'r');
  const buffer = Buffer.allocUnsafe(1 << 20);
  try {
    for (;;) {
      const read = fs.readSync(descriptor, buffer, 0, buffer.length, null);
      if (read === 0) break;
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return hash.digest('hex');
}

module.exports = {
  cacheDirectory,
  hashFile,
  makeTemporaryDirectory,
  processStartTicks,
  withLock,
  writeFileAtomic,
};
