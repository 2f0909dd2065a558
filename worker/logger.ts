/** Structured logs on stderr; stdout stays for the one line that says the worker is ready. */
import type { LogLevel as TemporalLogLevel, Logger, LogMetadata } from '@temporalio/worker';
import pino from 'pino';

export function createLogger(level: string): Logger {
  const log = pino(
    { level, base: { name: 'zkferry-worker' } },
    pino.destination({ fd: 2, sync: true }),
  );
  const at =
    (name: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, meta?: LogMetadata) =>
      log[name](plain(meta), message);
  return {
    log: (wanted: TemporalLogLevel, message, meta) =>
      log[wanted.toLowerCase() as 'info'](plain(meta), message),
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

/** pino can't print BigInt. */
function plain(meta: LogMetadata | undefined): object {
  return Object.fromEntries(
    Object.entries(meta ?? {}).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? value.toString() : (value as unknown),
    ]),
  );
}
