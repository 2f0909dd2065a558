'use strict';
/**
 * Runs main.ts where it has not been built, that is under jest in a fresh checkout: the load must be a
 * process of its own even then. Needs the development dependency @swc/core.
 */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    module: { type: 'commonjs' },
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  });
  module._compile(code, filename);
};
require('./main.ts');
