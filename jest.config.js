'use strict';

const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    { ...common, testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...common,
      testMatch: ['<rootDir>/test/!(unit)/**/*.test.ts'],
      runner: '<rootDir>/test/support/oneAtATime.js',
    },
  ],
  maxWorkers: 2,
  testTimeout: 120_000,
  // A failed test may leave a client or a worker behind; the run has to end all the same.
  forceExit: true,
};
