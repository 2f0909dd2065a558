'use strict';
/**
 * The order of test files, of which some run at once: those without servers first, then the longest of the others, so that
 * none of these is left over at the end.
 */
const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Of those that take more than half a minute, the longest first, as two cores took them; then come the largest files. */
const LONGEST = [
  'upgrade/upgrade',
  'backup/restoreEnsemble',
  'integration/temporalUi',
  'resize/dynamic',
  'backup/damage',
  'migrate/physical',
  'resize/static',
  'resize/faults',
  'upgrade/fence',
  'upgrade/badInput',
  'console/real',
  'migrate/redirect',
  'migrate/stretch',
  'backup/hotBackup',
  'upgrade/intoRepository',
  'migrate/logicalRun',
  'migrate/physicalRun',
  'api/contract',
  'zookeeper/capture',
  'zookeeper/restore',
  'resize/refusals',
  'zookeeper/followTooLarge',
  'api/api',
  'api/secrets',
  'console/console',
];

module.exports = class LongFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => rank(one) - rank(other) || size(other) - size(one));
  }
};

const rank = ({ path, context }) => {
  const file = relative(`${context.config.rootDir}/test`, path);
  if (file.startsWith('unit/')) return -1;
  const place = LONGEST.indexOf(file.replace(/\.test\.ts$/, ''));
  return place === -1 ? LONGEST.length : place;
};

const size = ({ path, context }) => context.hasteFS.getSize(path) ?? 0;
