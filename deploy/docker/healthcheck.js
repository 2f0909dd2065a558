'use strict';
/**
 * What the image's HEALTHCHECK runs: a server must answer, a worker that serves metrics must poll Temporal. Of a worker
 * without metrics nobody can tell; then it counts as healthy while it runs. Exits 0 or 1.
 */
const { readFileSync } = require('node:fs');

const TIMEOUT_MS = 4_000;
const { ZKFERRY_METRICS, ZKFERRY_SERVER_PORT = '8420', ZKFERRY_HEALTH_ROLE } = process.env;

/** The word after the program, as the container was started. */
const role = () =>
  ZKFERRY_HEALTH_ROLE ??
  readFileSync('/proc/1/cmdline', 'utf8')
    .split('\0')
    .find((word) => word === 'worker' || word === 'server');

async function pageOf(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.text();
}

/** Pollers of all kinds, as Temporal's SDK counts them. */
const pollersIn = (page) =>
  page
    .split('\n')
    .filter((line) => line.startsWith('temporal_num_pollers{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);

async function check() {
  if (role() === 'server') return pageOf(`http://127.0.0.1:${ZKFERRY_SERVER_PORT}/healthz`);
  if (role() !== 'worker' || !ZKFERRY_METRICS) return undefined;
  const port = ZKFERRY_METRICS.slice(ZKFERRY_METRICS.lastIndexOf(':') + 1);
  if (pollersIn(await pageOf(`http://127.0.0.1:${port}/metrics`)) > 0) return undefined;
  throw new Error('nobody polls');
}

check().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
