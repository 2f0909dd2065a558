/** The built command as a child process: what is killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';

export interface CommandEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
  /** The last line of standard output. */
  document: Record<string, unknown> | undefined;
}

export class ZkferryCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
  private stdout = '';
  stderr = '';

  constructor(args: string[], environment: NodeJS.ProcessEnv) {
    const command = join(projectRoot(), 'dist', 'src', 'cli', 'main.js');
    this.child = spawn(process.execPath, [command, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-20_000);
    });
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code, signal) =>
        resolve({ code, signal, stderr: this.stderr, document: lastDocument(this.stdout) }),
      ),
    );
  }

  kill(signal: NodeJS.Signals): Promise<CommandEnd> {
    this.child.kill(signal);
    return this.ended;
  }
}

function lastDocument(text: string): Record<string, unknown> | undefined {
  const line = text.trim().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
