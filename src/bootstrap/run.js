#!/usr/bin/env node
'use strict';
/**
 * What `npm run build|demo|test|proof|bench` runs: set-up, build, then the task, whose exit code is passed
 * on. Works in a clone without node_modules. Set-up speaks on stderr only.
 */
const { spawn } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { ensureBuilt } = require('./build');
const { say } = require('./commands');
const { DEMO_VERSIONS, ROOT, ensureSetup } = require('./setup');

const TASKS = {
  build: undefined,
  demo: ['dist/src/cli/main.js', 'demo'],
  test: ['node_modules/jest/bin/jest.js'],
  proof: ['dist/test/proof/main.js'],
  bench: ['dist/test/bench/main.js'],
};

/** Value of `--name value` or `--name=value`. */
function optionOf(args, name) {
  const index = args.findIndex((word) => word === name || word.startsWith(`${name}=`));
  if (index < 0) return undefined;
  return args[index] === name ? args[index + 1] : args[index].slice(name.length + 1);
}

/** The versions a demo was asked for; a wrong one is left to the demo to refuse, in its own words. */
function demoVersions(args) {
  const [from, to] = DEMO_VERSIONS;
  const asked = [optionOf(args, '--from') ?? from, optionOf(args, '--to') ?? to];
  return asked.filter((version) => /^3\.\d{1,3}\.\d{1,3}$/.test(version));
}

/** Runs Node on the task in the foreground; resolves to its exit code (128 + number for a signal). */
function runTask(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
    // A terminal's Ctrl-C reaches the child by itself: we only must not end before it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (os.constants.signals[signal] ?? 0)),
    );
  });
}

async function main([task = '', ...rest]) {
  if (!Object.hasOwn(TASKS, task)) {
    say(`usage: run.js ${Object.keys(TASKS).join('|')} [-- ARGUMENTS]`);
    return 2;
  }
  const args = rest[0] === '--' ? rest.slice(1) : rest;
  if (!(task === 'demo' && args.some((word) => word === '--help' || word === '-h'))) {
    await ensureSetup({ task, ...(task === 'demo' && { versions: demoVersions(args) }) });
  } else await ensureSetup({ task: 'build' });
  await ensureBuilt(ROOT);
  const program = TASKS[task];
  if (program === undefined) return 0;
  const [script, ...words] = program;
  return runTask([path.join(ROOT, script), ...words, ...args]);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    say(error.message);
    process.exitCode = 1;
  },
);
