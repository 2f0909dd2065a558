'use strict';
/** Compiles into dist/, and the console into dist/console, each where a source is newer than its last good build. */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { withLock, writeFileAtomic } = require('./cache');
const { runToEnd, say } = require('./commands');

const CONSOLE = path.join('src', 'console');
const COMPILE_TIMEOUT_MS = 10 * 60_000;

const PROGRAM = {
  name: 'program',
  stamp: path.join('dist', '.built'),
  sources: ['src', 'workflows', 'activities', 'worker', 'test'],
  settings: ['tsconfig.json', 'package-lock.json'],
  isSource: (file) => /\.(ts|json)$/.test(file) && !file.startsWith(`${CONSOLE}${path.sep}`),
  make: buildProgram,
};
const WEB_CONSOLE = {
  name: 'console',
  stamp: path.join('dist', 'console', '.built'),
  // Of the model it takes names, and types that are checked elsewhere.
  sources: [CONSOLE, path.join('src', 'model')],
  settings: ['package-lock.json'],
  isSource: () => true,
  make: buildConsole,
};

function sourceFiles(root, { sources, isSource }) {
  const trees = sources.map((name) => path.join(root, name)).filter(fs.existsSync);
  return trees
    .flatMap((tree) =>
      fs
        .readdirSync(tree, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)),
    )
    .filter((file) => isSource(path.relative(root, file)))
    .sort();
}

/** Changes whenever a source comes, goes or is written. */
function fingerprint(root, part) {
  const hash = createHash('sha256');
  const settings = part.settings.map((name) => path.join(root, name));
  for (const file of [...sourceFiles(root, part), ...settings]) {
    const { mtimeMs, size } = fs.statSync(file);
    hash.update(`${path.relative(root, file)}\0${mtimeMs}\0${size}\n`);
  }
  return `${hash.digest('hex')}\n`;
}

/** Returns at once when dist/ is up to date. Throws after the compiler has said why on stderr. */
async function ensureBuilt(root) {
  for (const part of [PROGRAM, WEB_CONSOLE]) await ensurePart(root, part);
}

async function ensurePart(root, part) {
  const stampFile = path.join(root, part.stamp);
  const isBuilt = (stamp) =>
    fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp;
  if (isBuilt(fingerprint(root, part))) return;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  await withLock(`build-${id}`, async () => {
    // Taken before compiling: what is written meanwhile is built by the next run.
    const stamp = fingerprint(root, part);
    if (isBuilt(stamp)) return;
    say(`compiling the ${part.name}`);
    await part.make(root);
    writeFileAtomic(stampFile, stamp);
  });
}

async function buildProgram(root) {
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(root, [compiler, '-p', 'tsconfig.json'], 'the build failed');
  await run(root, ['dist/worker/buildBundle.js'], 'bundling the workflows failed');
  // `npx zkferry` runs the file itself.
  fs.chmodSync(path.join(root, 'dist', 'src', 'cli', 'main.js'), 0o755);
}

async function buildConsole(root) {
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const config = path.join(CONSOLE, 'vite.config.mjs');
  await run(root, [vite, 'build', '-c', config], 'building the console failed');
}

async function run(root, command, failure) {
  const { code } = await runToEnd(process.execPath, command, {
    cwd: root,
    timeoutMs: COMPILE_TIMEOUT_MS,
    echo: true,
  });
  if (code !== 0) throw new Error(`${failure}: see the messages above`);
}

module.exports = { ensureBuilt };
