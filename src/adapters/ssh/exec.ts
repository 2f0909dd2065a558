/**
 * Runs one POSIX sh script on a host. The remote side keeps its own deadline (coreutils `timeout`,
 * which also makes the script the leader of a process group), so that nothing outlives a worker that
 * vanished; an abort kills that group through a second channel.
 */
import type { Readable, Writable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import { pause } from '../pause';
import type { SshAccess, SshPool } from './pool';
import { abortReason } from './semaphore';
import { shellQuote } from './shellQuote';

export interface ExecRequest {
  /** What runs, for messages: "stop zk2". */
  what: string;
  script: string;
  args?: string[];
  /** Given to the script as its standard input; without it the script itself travels there. */
  stdin?: Readable;
  /** Deadline of the remote script; the local one is a little later. */
  timeoutMs: number;
  signal: AbortSignal;
  /**
   * Gets standard output as fast as it takes it, and the result has none; never ended here. Once it closes the script
   * is stopped.
   */
  stdout?: Writable;
  /** More standard output than this kills the script. Standard error: only its end is kept. */
  maxOutputBytes?: number;
  /** Each whole line of standard error, as it comes; return true to keep it out of `stderr`. */
  onStderrLine?(line: string): boolean;
}

export interface ExecResult {
  /** 128 + signal number where a signal ended the script. */
  code: number;
  stdout: string;
  stderr: string;
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const STDERR_TAIL_CHARS = 4_000;
/** Between `timeout`'s TERM and its KILL. */
const KILL_AFTER_SECONDS = 5;
/** How much later than the remote deadline this side gives up. */
const LOCAL_GRACE_MS = 10_000;
const GROUP_WAIT_MS = 2_000;
/** How long a host that has no session left is asked again. */
const CHANNEL_WAIT_MS = 10_000;
const CHANNEL_RETRY_MS = 100;

/**
 * Rejects with SshUnreachable (connection lost), WaitTimedOut (deadline), RemoteCommandFailed (too
 * much output) or the signal's reason; any exit code is a result, not an error.
 */
export async function execScript(
  pool: SshPool,
  access: SshAccess,
  request: ExecRequest,
): Promise<ExecResult> {
  const lease = await pool.lease(access, request.signal);
  try {
    return await new Execution(lease.connection.client, access, request).run();
  } finally {
    lease.release();
  }
}

function remoteCommand(access: SshAccess, request: ExecRequest): { command: string; text: string } {
  const text = `echo "zkferry-group $PPID" >&2\n${request.script}`;
  const become = access.become === 'sudo' ? 'sudo -n ' : '';
  const seconds = (request.timeoutMs / 1000).toFixed(3);
  const shell = request.stdin ? `sh -c ${shellQuote(text)} zkferry` : 'sh -s --';
  const args = (request.args ?? []).map(shellQuote).join(' ');
  return { command: `${become}timeout -k ${KILL_AFTER_SECONDS} ${seconds} ${shell} ${args}`, text };
}

class Execution {
  private stdout: Buffer[] = [];
  private stdoutBytes = 0;
  private stderr = '';
  private partialLine = '';
  private group?: number;
  private code?: number;
  private stopReason?: Error;
  private readonly startedAt = Date.now();

  constructor(
    private readonly client: Client,
    private readonly access: SshAccess,
    private readonly request: ExecRequest,
  ) {}

  async run(): Promise<ExecResult> {
    const { command, text } = remoteCommand(this.access, this.request);
    const channel = await this.openChannel(command);
    return new Promise<ExecResult>((resolve, reject) => {
      const onAbort = (): void => this.stop(channel, abortReason(this.request.signal));
      const deadline = setTimeout(
        () => this.stop(channel, this.timedOut()),
        this.request.timeoutMs + LOCAL_GRACE_MS,
      );
      this.drain(channel);
      channel.stderr.setEncoding('utf8');
      channel.stderr.on('data', (chunk: string) => this.onStderr(chunk));
      channel.on('exit', (code: number | null, signal?: string) => {
        this.code = code ?? (signal ? 128 : undefined);
      });
      channel.on('error', () => undefined);
      channel.on('close', () => {
        clearTimeout(deadline);
        this.request.signal.removeEventListener('abort', onAbort);
        this.flushLine();
        const failure = this.failure();
        if (failure) reject(failure);
        else resolve(this.result());
      });
      if (this.request.signal.aborted) onAbort();
      else this.request.signal.addEventListener('abort', onAbort, { once: true });
      this.feed(channel, text);
    });
  }

  /** A host frees a session a moment after its channel is gone: till then it may refuse another, and has run nothing. */
  private async openChannel(command: string): Promise<ClientChannel> {
    const deadline = Date.now() + CHANNEL_WAIT_MS;
    for (;;) {
      try {
        return await this.tryChannel(command);
      } catch (error) {
        const refused = ((error as Error).cause as { reason?: unknown } | undefined)?.reason;
        if (typeof refused !== 'number' || Date.now() >= deadline) throw error;
      }
      await pause(CHANNEL_RETRY_MS, this.request.signal);
      this.request.signal.throwIfAborted();
    }
  }

  private tryChannel(command: string): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(this.connectionLost());
      this.client.once('close', lost);
      try {
        this.client.exec(command, (error, channel) => {
          this.client.removeListener('close', lost);
          if (error) reject(this.connectionLost(error));
          else resolve(channel);
        });
      } catch (error) {
        this.client.removeListener('close', lost);
        reject(this.connectionLost(error));
      }
    });
  }

  private feed(channel: ClientChannel, text: string): void {
    const { stdin } = this.request;
    if (!stdin) {
      channel.end(text);
      return;
    }
    stdin.on('error', (error: Error) => this.stop(channel, error));
    channel.on('close', () => stdin.destroy());
    stdin.pipe(channel);
  }

  private drain(channel: ClientChannel): void {
    const { stdout } = this.request;
    if (!stdout) {
      channel.on('data', (chunk: Buffer) => this.onStdout(channel, chunk));
      return;
    }
    const gone = (): void => this.stop(channel, this.notTaken());
    stdout.once('close', gone);
    channel.once('close', () => stdout.removeListener('close', gone));
    channel.pipe(stdout, { end: false });
    if (stdout.destroyed) gone();
  }

  private onStdout(channel: ClientChannel, chunk: Buffer): void {
    const limit = this.request.maxOutputBytes ?? MAX_OUTPUT_BYTES;
    this.stdoutBytes += chunk.length;
    if (this.stdoutBytes <= limit) {
      this.stdout.push(chunk);
      return;
    }
    this.stop(
      channel,
      new ZkferryError(
        'RemoteCommandFailed',
        `${this.request.what} on ${this.access.host} printed more than ${limit} bytes and was stopped`,
      ),
    );
  }

  private onStderr(chunk: string): void {
    const lines = (this.partialLine + chunk).split('\n');
    this.partialLine = (lines.pop() ?? '').slice(-STDERR_TAIL_CHARS);
    for (const line of lines) this.takeLine(line);
  }

  private flushLine(): void {
    if (this.partialLine !== '') this.takeLine(this.partialLine);
    this.partialLine = '';
  }

  private takeLine(line: string): void {
    const group = /^zkferry-group (\d+)$/.exec(line);
    if (group && this.group === undefined) {
      this.group = Number(group[1]);
      return;
    }
    if (this.request.onStderrLine?.(line)) return;
    this.stderr = `${this.stderr}${line}\n`.slice(-STDERR_TAIL_CHARS);
  }

  private stop(channel: ClientChannel, reason: Error): void {
    if (this.stopReason) return;
    this.stopReason = reason;
    this.request.stdin?.destroy();
    if (this.request.stdout) {
      // What nobody takes any more must not keep the channel open.
      channel.unpipe(this.request.stdout);
      channel.resume();
    }
    void this.killGroup().finally(() => {
      channel.close();
      // A dead connection never confirms a close.
      setTimeout(() => channel.emit('close'), GROUP_WAIT_MS).unref();
    });
  }

  /** TERM for the whole process group, then KILL; without its number there is nothing to kill yet. */
  private async killGroup(): Promise<void> {
    const deadline = Date.now() + GROUP_WAIT_MS;
    while (this.group === undefined && Date.now() < deadline && this.code === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (this.group === undefined || this.code !== undefined) return;
    const group = `-- -${this.group}`;
    const become = this.access.become === 'sudo' ? 'sudo -n ' : '';
    // `kill -s`: dash reads no `--` after a signal given as -TERM.
    const script = `kill -s TERM ${group}; i=0; while [ $i -lt 20 ] && kill -s 0 ${group}; do sleep 0.1; i=$((i+1)); done; kill -s KILL ${group}; true`;
    await new Promise<void>((resolve) => {
      const giveUp = setTimeout(resolve, GROUP_WAIT_MS + 3_000);
      const done = (): void => {
        clearTimeout(giveUp);
        resolve();
      };
      try {
        this.client.exec(`${become}sh -c ${shellQuote(script)} 2>/dev/null`, (error, channel) => {
          if (error) return done();
          channel.on('close', done);
          channel.on('error', () => undefined);
          channel.resume();
          channel.stderr.resume();
        });
      } catch {
        done();
      }
    });
  }

  private failure(): Error | undefined {
    if (this.stopReason) return this.stopReason;
    if (this.code === undefined) return this.connectionLost();
    const late = Date.now() - this.startedAt >= this.request.timeoutMs;
    return late && (this.code === 124 || this.code === 137) ? this.timedOut() : undefined;
  }

  private result(): ExecResult {
    return {
      code: this.code ?? -1,
      stdout: Buffer.concat(this.stdout).toString('utf8'),
      stderr: this.stderr,
    };
  }

  private timedOut(): ZkferryError {
    return new ZkferryError(
      'WaitTimedOut',
      `${this.request.what} on ${this.access.host} was not done after ${this.request.timeoutMs} ms and was stopped${this.stderr.trim() === '' ? '' : `; its last words: ${this.stderr.trim().slice(-500)}`}`,
      { retryable: true },
    );
  }

  private notTaken(): ZkferryError {
    return new ZkferryError(
      'Interrupted',
      `${this.request.what} on ${this.access.host} was stopped: its output was no longer wanted`,
    );
  }

  private connectionLost(cause?: unknown): ZkferryError {
    return new ZkferryError(
      'SshUnreachable',
      `the SSH connection to ${hostPort(this.access.host, this.access.port)} was lost while "${this.request.what}" ran: it may still be running there; another attempt waits for its lock`,
      { retryable: true, cause },
    );
  }
}
