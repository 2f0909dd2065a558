'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testSequencer: '<rootDir>/test/support/longFirst.js',
  // Most of a test on real servers is waiting for them: two cores bear three.
  maxWorkers: 3,
  testTimeout: 120_000,
  // A failed test may leave a client or a worker behind; the run has to end all the same.
  forceExit: true,
};
