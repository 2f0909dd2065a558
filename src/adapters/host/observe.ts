/** Observing a host: one round trip, no lock, never a rejection for a host that cannot be asked. */
import { isZkferryError } from '../../model/errors';
import type { HostPort } from '../../model/ports';
import { hostFactsOf } from './observation';
import type { HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { JAVA, OBSERVE_MAIN, PACKAGE_FACTS } from './scripts/observe';
import { PROCESS, SERVICE } from './scripts/process';

const TIMEOUT_MS = 30_000;

export const observeOperation = (runner: HostRunner): Pick<HostPort, 'observe'> => ({
  async observe(server, context, { depth = 'full' } = {}) {
    try {
      const values = await runner.run(
        server,
        {
          what: 'observe the host',
          parts: [PROCESS, SERVICE, ZOO_CFG, PACKAGE_FACTS, JAVA],
          main: OBSERVE_MAIN,
          values: { depth },
          timeoutMs: TIMEOUT_MS,
        },
        context,
      );
      return hostFactsOf(values, server);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isZkferryError(error)) throw error;
      // Whoever asked says of which server it is.
      const { message } = isZkferryError(error.cause) ? error.cause : error;
      return { reachable: false, error: { type: error.type, message } };
    }
  },
});
