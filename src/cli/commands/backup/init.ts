/** `zkferry backup init REPOSITORY`: an empty repository, and to whom it is encrypted for good. */
import type { Command } from 'commander';
import { action, withCommonOptions, type Runner } from '../../context';
import { createRepositoryNamed, type NewRepositoryOptions } from '../../backupPlace';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function registerInit(backup: Command, runner: Runner): void {
  withCommonOptions(backup.command('init <repository>'))
    .description('make a repository: a name of the inventory, a directory, or s3://bucket/prefix')
    .option('--recipient <age1…>', 'who may read it, a recipient of age (repeatable)', collect)
    .option('--encryption <none>', 'none: whoever reads the place reads all that is in it')
    .action(
      action<[string], NewRepositoryOptions>(runner, async (context, [name], options) => {
        const { document, store } = await createRepositoryNamed(context, name, options);
        const { encryption } = document;
        const readers =
          encryption.kind === 'none'
            ? 'not encrypted'
            : `encrypted to ${encryption.recipients.join(', ')}: keep an identity of one of them elsewhere, nothing can be restored without`;
        return {
          text: `${store.shown}: a repository now, ${readers}`,
          document: { ok: true, place: store.shown, ...document },
        };
      }),
    );
}
