'use strict';
/** `node -r` this: TypeScript files are compiled as they are required, for what a test runs in a process of its own. */
const { transformFileSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file).code, file);
