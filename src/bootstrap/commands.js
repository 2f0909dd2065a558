'use strict';
/** Running other programs: bounded in time and output, failing with what was run and what it said. */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const KEPT_CHARS = 32_000;
const SHOWN_CHARS = 4_000;

/** Set-up talks on stderr: stdout belongs to the task and may end in one line of JSON. */
function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Absolute path of a program on PATH or in one of `alsoIn`; undefined if there is none. */
function which(program, alsoIn = []) {
  const directories = (process.env.PATH || '').split(path.delimiter).filter(Boolean);
  return [...directories, ...alsoIn]
    .map((directory) => path.join(directory, program))
    .find(isExecutable);
}

/** Ends a process and all that it has started: what hangs is seldom the one that was waited for. */
function killTree(pid) {
  const children = new Map();
  for (const entry of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fs.readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It has ended.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  for (const one of found) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/**
 * Runs a program to its end. Resolves `{code, signal, stdout, stderr, timedOut}` (output: its last 32,000
 * characters, or 1 MB of stdout with `keepStdout`); rejects only if it could not be started.
 * `echo` copies its output to stderr as it comes.
 */
function runToEnd(
  program,
  args,
  { cwd, env, timeoutMs = 600_000, echo = false, keepStdout = false } = {},
) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const limits = { stdout: keepStdout ? 1 << 20 : KEPT_CHARS, stderr: KEPT_CHARS };
    const output = { stdout: '', stderr: '' };
    let timedOut = false;
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text) => {
        output[name] = (output[name] + text).slice(-limits[name]);
        if (echo) process.stderr.write(text);
      });
    }
    const timer = setTimeout(() => {
      timedOut = true;
      killTree(child.pid);
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, timedOut, ...output });
    });
  });
}

/** As `runToEnd`, but anything other than exit code 0 is an error that says what was run and its last words. */
async function runOrThrow(program, args, options = {}) {
  const shown = [path.basename(program), ...args].join(' ').slice(0, 300);
  const result = await runToEnd(program, args, options);
  if (result.code === 0) return result;
  const why = result.timedOut
    ? `did not end within ${(options.timeoutMs ?? 600_000) / 1000} s`
    : `ended with ${result.signal ?? `exit code ${result.code}`}`;
  const said = `${result.stdout}\n${result.stderr}`.trim();
  const failure = new Error(`\`${shown}\` ${why}${said ? `:\n${said.slice(-SHOWN_CHARS)}` : ''}`);
  failure.output = said;
  failure.timedOut = result.timedOut;
  throw failure;
}

module.exports = { isExecutable, runOrThrow, runToEnd, say, which };
