'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testSequencer: '<rootDir>/test/support/longFirst.js',
  // Two keep two cores nearly busy, servers and browsers included; a third starved them of what they need to answer in time.
  maxWorkers: 2,
  testTimeout: 120_000,
  // A failed test may leave a client or a worker behind; the run has to end all the same.
  forceExit: true,
};
