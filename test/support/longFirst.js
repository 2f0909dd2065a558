'use strict';
/**
 * The order of test files, of which two run at once: those without servers first, then the longest of the others, so that
 * none of these is left over at the end.
 */
const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const ORDER = [
  'unit/',
  'upgrade/upgrade',
  'zookeeper/capture',
  'resize/',
  'integration/',
  'backup/',
  'upgrade/',
  '',
];

module.exports = class LongFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => rank(one) - rank(other) || size(other) - size(one));
  }
};

const rank = ({ path, context }) => {
  const file = relative(`${context.config.rootDir}/test`, path);
  return ORDER.findIndex((beginning) => file.startsWith(beginning));
};

const size = ({ path, context }) => context.hasteFS.getSize(path) ?? 0;
