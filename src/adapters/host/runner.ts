/** Runs host programs over SSH: fence values, heartbeats, errors. */
import type { Readable, Writable } from 'node:stream';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ResolvedServer } from '../../model/inventory';
import type { FenceToken, OperationContext } from '../../model/ports';
import { execScript } from '../ssh/exec';
import type { SshAccess, SshPool } from '../ssh/pool';
import { hostProgram, parseOutput, scriptError, serverValues, tokenText } from './program';
import { FENCE } from './scripts/base';

export interface HostOperation {
  /** For messages and the lock's holder: "stop server". */
  what: string;
  parts: string[];
  main: string;
  values?: Record<string, string>;
  /** With a token the script must begin with `fence_enter`. */
  token?: FenceToken;
  timeoutMs: number;
  /** How long another holder of the host's lock is waited for; the runner's own limit by default. */
  lockWaitMs?: number;
  stdin?: Readable;
  /** Gets standard output as it comes; the result is empty then. */
  stdout?: Writable;
  /** Each progress line; the default makes it a heartbeat. */
  onProgress?(text: string): void;
}

export interface HostRunner {
  readonly pool: SshPool;
  run(
    server: ResolvedServer,
    operation: HostOperation,
    context: OperationContext,
  ): Promise<Map<string, string>>;
}

const HEARTBEAT_INTERVAL_MS = 2_000;
const MAX_RESULT_BYTES = 4 * 1024 * 1024;

export function createHostRunner(pool: SshPool, options: { lockWaitMs: number }): HostRunner {
  return {
    pool,
    async run(server, operation, context) {
      const access = accessOf(server);
      const lockWaitMs = operation.lockWaitMs ?? options.lockWaitMs;
      const fence = operation.token && {
        token: tokenText(operation.token),
        operation: `${operation.what} ${server.name}`,
        lock_wait: (lockWaitMs / 1000).toFixed(3),
      };
      const script = hostProgram(
        { ...serverValues(server), ...fence, ...operation.values },
        fence ? [FENCE, ...operation.parts] : operation.parts,
        operation.main,
        operation.stdin ? 'stream' : 'none',
      );
      const what = `${operation.what} of ${server.name}`;
      // The channel's keepalive ends a dead connection, so a running exec is a sign of life by itself.
      const beat = setInterval(() => context.heartbeat({ what }), HEARTBEAT_INTERVAL_MS);
      try {
        const result = await execScript(pool, access, {
          what,
          script,
          stdin: operation.stdin,
          stdout: operation.stdout,
          timeoutMs: operation.timeoutMs + (fence ? lockWaitMs : 0),
          signal: context.signal,
          maxOutputBytes: MAX_RESULT_BYTES,
          onStderrLine: (line) => {
            if (!line.startsWith('zkferry-progress ')) return false;
            const text = line.slice('zkferry-progress '.length);
            if (operation.onProgress) operation.onProgress(text);
            else context.heartbeat({ what, progress: text });
            return true;
          },
        });
        if (result.code !== 0) throw scriptError(what, access.host, result.code, result.stderr);
        return parseOutput(result.stdout);
      } catch (error) {
        throw namingHost(error, server.name, access.host);
      } finally {
        clearInterval(beat);
      }
    },
  };
}

const OF_THE_WAY: readonly string[] = ['SshUnreachable', 'SshAuthFailed', 'HostKeyMismatch'];

/** An address alone says little to whoever knows servers by their names. */
function namingHost(error: unknown, name: string, host: string): unknown {
  if (!isZkferryError(error) || !OF_THE_WAY.includes(error.type)) return error;
  return new ZkferryError(error.type, `host ${name} (${host}): ${error.message}`, {
    ...error.options,
    cause: error,
  });
}

/** Unsupported where the inventory gives no SSH access. */
export function accessOf(server: ResolvedServer): SshAccess {
  if (server.ssh) return server.ssh;
  throw new ZkferryError(
    'Unsupported',
    `the inventory gives no SSH access to ${server.name} of ${server.ensemble}: add ssh.privateKey and ssh.hostKey`,
  );
}

/** Unsupported where the inventory says nothing of `field`, which `what` needs. */
export function needed<T>(value: T | undefined, server: ResolvedServer, field: string): T {
  if (value !== undefined) return value;
  throw new ZkferryError(
    'Unsupported',
    `the inventory says no ${field} for ${server.name} of ${server.ensemble}: add it`,
  );
}
