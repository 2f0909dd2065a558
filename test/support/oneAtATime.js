'use strict';
/** Runs test files one after the other, whatever `maxWorkers` says: real ensembles share two cores. */
const { default: TestRunner } = require('jest-runner');

module.exports = class OneAtATime extends TestRunner {
  isSerial = true;
};
