#!/usr/bin/env node
import { processIo } from './io';
import { runCommand } from './program';

// A reader that leaves early (`zkferry status | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

void runCommand(process.argv.slice(2), processIo()).then((code) => {
  process.exitCode = code;
});
