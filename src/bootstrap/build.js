'use strict';
/** Compiles into dist/ where a source is newer than the last good build. */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { withLock, writeFileAtomic } = require('./cache');
const { runToEnd, say } = require('./commands');

const SOURCES = ['src', 'workflows', 'activities', 'worker', 'test'];
const SETTINGS = ['tsconfig.json', 'package-lock.json'];
const COMPILE_TIMEOUT_MS = 10 * 60_000;

function sourceFiles(root) {
  const trees = SOURCES.map((name) => path.join(root, name)).filter(fs.existsSync);
  return trees
    .flatMap((tree) =>
      fs
        .readdirSync(tree, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|json)$/.test(entry.name))
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)),
    )
    .sort();
}

/** Changes whenever a source comes, goes or is written. */
function fingerprint(root) {
  const hash = createHash('sha256');
  for (const file of [...sourceFiles(root), ...SETTINGS.map((name) => path.join(root, name))]) {
    const { mtimeMs, size } = fs.statSync(file);
    hash.update(`${path.relative(root, file)}\0${mtimeMs}\0${size}\n`);
  }
  return `${hash.digest('hex')}\n`;
}

/** Returns at once when dist/ is up to date. Throws after the compiler has said why on stderr. */
async function ensureBuilt(root) {
  const stampFile = path.join(root, 'dist', '.built');
  const isBuilt = (stamp) =>
    fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp;
  if (isBuilt(fingerprint(root))) return;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  await withLock(`build-${id}`, async () => {
    // Taken before compiling: what is written meanwhile is built by the next run.
    const stamp = fingerprint(root);
    if (isBuilt(stamp)) return;
    say('compiling');
    const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const result = await runToEnd(process.execPath, [compiler, '-p', 'tsconfig.json'], {
      cwd: root,
      timeoutMs: COMPILE_TIMEOUT_MS,
      echo: true,
    });
    if (result.code !== 0) throw new Error('the build failed: see the messages above');
    const bundle = await runToEnd(process.execPath, ['dist/worker/buildBundle.js'], {
      cwd: root,
      timeoutMs: COMPILE_TIMEOUT_MS,
      echo: true,
    });
    if (bundle.code !== 0) throw new Error('bundling the workflows failed: see the messages above');
    // `npx zkferry` runs the file itself.
    fs.chmodSync(path.join(root, 'dist', 'src', 'cli', 'main.js'), 0o755);
    writeFileAtomic(stampFile, stamp);
  });
}

module.exports = { ensureBuilt };
