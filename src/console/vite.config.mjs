/** How the console is built: into dist/console, for any path it is served under, without anything inline. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: './',
  // `npx vite -c src/console/vite.config.mjs` beside a server, while the console itself is worked on.
  server: {
    host: '127.0.0.1',
    proxy: { '/v1': 'http://127.0.0.1:8420' },
  },
  build: {
    outDir: here('../../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    // A data: URL in a style sheet or an inline polyfill would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    rollupOptions: {
      // "use client" says nothing to a page that has no server side; every file of two libraries begins with it.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
  logLevel: 'warn',
});
