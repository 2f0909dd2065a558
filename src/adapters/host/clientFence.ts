/** A server's listeners closed to clients, and opened again. */
import { fenceTable, type ClientFencePort } from '../../model/clientFence';

import { needed, type HostRunner } from './runner';
import {
  CHECK_CLIENT_FENCE_MAIN,
  HOLD_CLIENT_FENCE_MAIN,
  LIFT_CLIENT_FENCE_MAIN,
  RAISE_CLIENT_FENCE_MAIN,
} from './scripts/clientFence';

const TIMEOUT_MS = 20_000;
const HOLD_WAIT_S = 2;

export const clientFenceOperations = (runner: HostRunner): ClientFencePort => ({
  async checkClientFence(server, context) {
    const operation = { what: 'look for nft', parts: [], main: CHECK_CLIENT_FENCE_MAIN };
    await runner.run(server, { ...operation, timeoutMs: TIMEOUT_MS }, context);
  },

  async raiseClientFence(server, ruleset, token, context) {
    needed(server.directories, server, 'directories.config');
    await runner.run(
      server,
      {
        what: 'close to clients',
        parts: [],
        main: RAISE_CLIENT_FENCE_MAIN,
        values: {
          table: fenceTable(server),
          ruleset: Buffer.from(ruleset).toString('base64'),
        },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
  },

  async liftClientFence(server, token, context) {
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'open to clients',
        parts: [],
        main: LIFT_CLIENT_FENCE_MAIN,
        values: { table: fenceTable(server) },
        token,
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    return { lifted: result.get('lifted') === 'yes' };
  },

  async holdClientFence(server, context) {
    const result = await runner.run(
      server,
      {
        what: 'look after the fence',
        parts: [],
        main: HOLD_CLIENT_FENCE_MAIN,
        values: { table: fenceTable(server), lock_wait: String(HOLD_WAIT_S) },
        timeoutMs: TIMEOUT_MS,
      },
      context,
    );
    const state = result.get('state');
    return state === 'held' || state === 'raisedAgain' || state === 'busy' ? state : 'none';
  },
});
