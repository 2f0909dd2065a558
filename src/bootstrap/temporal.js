'use strict';
/** A Temporal CLI with its development server: found, fetched, or built from its published Go module. */
const fs = require('node:fs');
const path = require('node:path');
const { cacheDirectory, makeTemporaryDirectory, withLock } = require('./cache');
const { isExecutable, runOrThrow, runToEnd, say, which } = require('./commands');

/** The newest that `go install` accepts: later ones carry a replace directive. */
const VERSION = '1.5.1';
const DOWNLOAD_DEADLINE_MS = 20_000;
const BUILD_DEADLINE_MS = 18 * 60_000;

const builtPath = () => path.join(cacheDirectory(), 'temporal', VERSION, 'temporal');
const downloads = () => path.join(cacheDirectory(), 'temporal', 'download');

function downloadedPath() {
  try {
    return fs
      .readdirSync(downloads())
      .filter((name) => /^temporal/.test(name) && !/\.(tmp|download|part)/.test(name))
      .map((name) => path.join(downloads(), name))
      .find(isExecutable);
  } catch {
    return undefined;
  }
}

/** `temporal` on PATH, else in the cache; undefined if neither. */
function findTemporalBinary() {
  const built = builtPath();
  return which('temporal') ?? (isExecutable(built) ? built : downloadedPath());
}

/** Runs in a child: the download can't be cancelled from within, and its failure must not hold us. */
const DOWNLOADER = `
const { TestWorkflowEnvironment } = require('@temporalio/testing');
TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir: process.argv[1] }, ip: '127.0.0.1' },
}).then((environment) => environment.teardown()).then(
  () => process.exit(0),
  (error) => { console.error(String(error)); process.exit(1); },
);`;

async function downloadBySdk() {
  const root = path.join(__dirname, '..', '..');
  if (!fs.existsSync(path.join(root, 'node_modules', '@temporalio', 'testing'))) {
    throw new Error('@temporalio/testing is not installed');
  }
  fs.mkdirSync(downloads(), { recursive: true });
  const result = await runToEnd(process.execPath, ['-e', DOWNLOADER, downloads()], {
    cwd: root,
    timeoutMs: DOWNLOAD_DEADLINE_MS,
  });
  const binary = result.code === 0 ? downloadedPath() : undefined;
  if (binary !== undefined) return binary;
  const why = result.timedOut
    ? `nothing came within ${DOWNLOAD_DEADLINE_MS / 1000} s`
    : result.stderr.trim().split('\n').pop();
  throw new Error(why || `the download ended with exit code ${result.code}`);
}

async function buildWithGo() {
  const go = which('go', ['/usr/local/go/bin']);
  if (go === undefined) throw new Error('`go` is not on PATH (https://go.dev/dl)');
  const destination = builtPath();
  const stage = makeTemporaryDirectory(path.dirname(path.dirname(destination)), 'build');
  try {
    say(`building the Temporal CLI ${VERSION} with go install; takes about four minutes, once`);
    await runOrThrow(
      go,
      [
        'install',
        '-trimpath',
        '-ldflags=-s -w',
        `github.com/temporalio/cli/cmd/temporal@v${VERSION}`,
      ],
      {
        cwd: stage,
        env: { ...process.env, GOBIN: stage, GOFLAGS: '-mod=mod' },
        timeoutMs: BUILD_DEADLINE_MS,
      },
    );
    fs.mkdirSync(path.dirname(destination), { recursive: true });
    fs.renameSync(path.join(stage, 'temporal'), destination);
    return destination;
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

/** Path of a Temporal CLI; fetched or built if there is none yet. Throws naming everything that was tried. */
async function ensureTemporalBinary() {
  const found = findTemporalBinary();
  if (found) return found;
  return withLock('temporal', async () => {
    const meanwhile = findTemporalBinary();
    if (meanwhile) return meanwhile;
    const tried = [];
    for (const [what, work] of [
      ["the SDK's download", downloadBySdk],
      ['go install', buildWithGo],
    ]) {
      try {
        return await work();
      } catch (error) {
        say(`Temporal: ${what} did not work out`);
        tried.push(`${what}: ${error.message}`);
      }
    }
    throw new Error(
      `no Temporal server to be had here:\n- ${tried.join('\n- ')}\nset TEMPORAL_ADDRESS to a running one, or put the \`temporal\` command on PATH`,
    );
  });
}

module.exports = { TEMPORAL_VERSION: VERSION, ensureTemporalBinary, findTemporalBinary };
