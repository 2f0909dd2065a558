'use strict';
/**
 * The order of test files, of which some run at once: those without servers first, then the longest of the others, so that
 * none of these is left over at the end.
 */
const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Of those that take more than half a minute, the longest first, as two cores took them; then come the largest files. */
const LONGEST = [
  'backup/restoreEnsemble',
  'upgrade/upgrade',
  'integration/temporalUi',
  'resize/dynamic',
  'migrate/physicalRun',
  'migrate/logicalRun',
  'resize/static',
  'upgrade/badInput',
  'migrate/physical',
  'console/real',
  'resize/faults',
  'backup/hotBackup',
  'migrate/redirect',
  'backup/damage',
  'migrate/stretch',
  'api/api',
  'zookeeper/capture',
  'zookeeper/restore',
  'zookeeper/followTooLarge',
  'upgrade/intoRepository',
  'upgrade/fence',
  'console/console',
  'api/secrets',
  'zookeeper/tap',
  'host/dataRestore',
  'zookeeper/fileTap',
  'fence/side',
  'zookeeper/tapShared',
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
