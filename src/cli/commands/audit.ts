/** `zkferry audit FILE`: whether an audit log is whole. Needs neither server nor Temporal. */
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import { action, withCommonOptions, type Runner } from '../context';
import { EXIT } from '../exitCodes';

export function registerAudit(program: Command, runner: Runner): void {
  withCommonOptions(program.command('audit <file>'))
    .description('prove that no line of an audit log was altered or taken out')
    .action(
      action<[string], object>(runner, async (_context, [file]) => {
        const { readFile } = await import('node:fs/promises');
        const { firstBroken } = await import('../../adapters/audit/auditLog');
        const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          throw new ZkferryError('BadUsage', `${file} can't be read (${error.code})`);
        });
        const lines = text.split('\n').slice(0, -1);
        const broken = text.endsWith('\n') || text === '' ? firstBroken(lines) : lines.length + 1;
        return broken === undefined
          ? { text: `whole: ${lines.length} lines`, document: { ok: true, lines: lines.length } }
          : {
              text: `line ${broken} does not follow from the one before: it, or what stood there, was changed`,
              document: { ok: false, line: broken },
              exitCode: EXIT.failed,
            };
      }),
    );
}
