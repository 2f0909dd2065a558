/** zk-shell's `mirror`, from PyPI, in an environment of its own in the cache. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archivesDirectory } from '../../../src/lab/bootstrap';
import { run } from '../child';
import { tell } from '../figure';

export const ZK_SHELL_VERSION = '1.3.4';

/** The program, installed where the cache lacks it; undefined, and said why, where it can't be had. */
export async function ensureZkShell(): Promise<string | undefined> {
  const home = join(dirname(archivesDirectory()), 'bench', `zk-shell-${ZK_SHELL_VERSION}`);
  const program = join(home, 'bin', 'zk-shell');
  try {
    if (!existsSync(program)) {
      tell(`installing zk-shell ${ZK_SHELL_VERSION} from PyPI`);
      await run('python3', ['-m', 'venv', home]);
      await run(join(home, 'bin', 'pip'), ['install', '-q', `zk-shell==${ZK_SHELL_VERSION}`]);
    }
    await run(program, ['--version']);
    return program;
  } catch (error) {
    tell(
      `no figures against zk-shell: it needs python3 with venv, and PyPI: ${(error as Error).message}`,
    );
    return undefined;
  }
}

/** Milliseconds of one mirror, by its own word: without Python's start. `source`: `host:port/path`; `target`: a URL. */
export function mirror(program: string, source: string, target: string): Promise<number> {
  const [server] = source.split('/');
  return mirrorUrls(program, server!, `zk://${source}`, target);
}

/** The same between any two of its URLs; `server`: what it is connected to meanwhile, `host:port`. */
export async function mirrorUrls(
  program: string,
  server: string,
  source: string,
  target: string,
): Promise<number> {
  const [asynchronous, verbose, skipPrompt] = ['true', 'false', 'true'];
  const command = `mirror ${source} ${target} ${asynchronous} ${verbose} ${skipPrompt}`;
  const { stdout } = await run(program, ['--sync-connect', '--run-once', command, server]);
  const [, seconds] = /Mirroring took ([\d.]+) secs/.exec(stdout) ?? [];
  if (seconds === undefined) throw new Error(`zk-shell did not say that it mirrored: ${stdout}`);
  return Number(seconds) * 1000;
}
