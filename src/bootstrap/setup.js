#!/usr/bin/env node
'use strict';
/**
 * Makes a fresh clone usable: checks what is there, installs what it may, and names what is missing with
 * the command that installs it. Does next to nothing when all is there.
 *
 *   node src/bootstrap/setup.js [--for demo|test|build] [--zookeeper VERSION[,VERSION…]]
 */
const path = require('node:path');
const { parseArgs } = require('node:util');
const { say } = require('./commands');

const ROOT = path.join(__dirname, '..', '..');
const DEMO_VERSIONS = ['3.8.4', '3.9.6'];
/** One of each line the strategies are proven on, and the neighbours the version rules speak of. */
const TEST_VERSIONS = ['3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.4', '3.8.6', '3.9.4', '3.9.6'];

function assertNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 3)) return;
  throw new Error(
    `this is Node ${process.versions.node}; zkferry needs 20.3 or later (https://nodejs.org)`,
  );
}

/** Versions of ZooKeeper a task begins with. */
const versionsFor = (task) =>
  task === 'test' ? TEST_VERSIONS : task === 'build' ? [] : DEMO_VERSIONS;

/**
 * `task`: `build` needs Node and the npm packages alone; `demo`, `proof` and `bench` need the lab; `test`
 * needs Chromium too. Throws with what is missing and what to do.
 */
async function ensureSetup({ task = 'demo', versions = versionsFor(task) } = {}) {
  assertNode();
  const { ensureDependencies } = require('./dependencies');
  if (task === 'build') return ensureDependencies(ROOT);
  const { checkJava, ensurePrograms } = require('./systemPackages');
  await ensurePrograms({ forTests: task === 'test' });
  checkJava();
  await ensureDependencies(ROOT);
  const { ensureTemporalBinary } = require('./temporal');
  if (!process.env.TEMPORAL_ADDRESS) await ensureTemporalBinary();
  const { ensureArchive } = require('./zookeeper');
  for (const version of new Set(versions)) await ensureArchive(version);
}

async function main() {
  const { values } = parseArgs({
    options: { for: { type: 'string', default: 'demo' }, zookeeper: { type: 'string' } },
  });
  const versions = values.zookeeper?.split(',').map((version) => version.trim());
  await ensureSetup({ task: values.for, ...(versions && { versions }) });
  say('everything is there');
}

module.exports = { DEMO_VERSIONS, ROOT, ensureSetup };

if (require.main === module) {
  main().catch((error) => {
    say(error.message);
    process.exitCode = 1;
  });
}
