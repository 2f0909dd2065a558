'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  // Real ensembles share two cores: files run one after the other so that measurements mean something.
  maxWorkers: 1,
  testTimeout: 120_000,
  // A failed test may leave a client or a worker behind; the run has to end all the same.
  forceExit: true,
};
