/** Stopping and starting a server's process. */
import type { ResolvedServer } from '../../model/inventory';
import type { FenceToken, HostPort, OperationContext } from '../../model/ports';
import { needed, type HostRunner } from './runner';
import { PROCESS, SERVICE, START_MAIN, STOP_MAIN } from './scripts/process';

/** A stop that waits for long would act on what was true before: whoever asked must look again instead. */
const STOP_LOCK_WAIT_MS = 2_000;
/** How long the process may take to appear after a start; serving is somebody else's wait. */
const APPEAR_TIMEOUT_MS = 20_000;
/** What a service's start command itself may take on top. */
const START_COMMAND_MS = 60_000;

export const serviceOperations = (
  runner: HostRunner,
): Pick<HostPort, 'stopServer' | 'startServer'> => ({
  async stopServer(
    server: ResolvedServer,
    token: FenceToken,
    context: OperationContext,
    timeoutMs: number,
  ) {
    needed(server.service, server, 'service');
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'stop',
        parts: [PROCESS, SERVICE],
        main: STOP_MAIN,
        values: { timeout_ms: String(Math.ceil(timeoutMs)) },
        token,
        timeoutMs: timeoutMs + 15_000,
        lockWaitMs: STOP_LOCK_WAIT_MS,
      },
      context,
    );
    return { alreadyStopped: result.get('already_stopped') === 'yes' };
  },

  async startServer(server: ResolvedServer, token: FenceToken, context: OperationContext) {
    needed(server.service, server, 'service');
    needed(server.directories, server, 'directories.config');
    const result = await runner.run(
      server,
      {
        what: 'start',
        parts: [PROCESS, SERVICE],
        main: START_MAIN,
        values: { timeout_ms: String(APPEAR_TIMEOUT_MS) },
        token,
        timeoutMs: APPEAR_TIMEOUT_MS + START_COMMAND_MS,
      },
      context,
    );
    const pid = Number(result.get('pid'));
    return {
      alreadyRunning: result.get('already_running') === 'yes',
      ...(pid > 0 && { pid }),
    };
  },
});
