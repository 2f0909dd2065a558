/** `zkferry backup verify REPOSITORY [ENSEMBLE]`: everything is read and checked; with --zookeeper a drill restores it. */
import type { Command } from 'commander';
import { isZkferryError, ZkferryError } from '../../../model/errors';
import type { DrillDocument } from '../../../model/repository';
import { openRepositoryNamed, withIdentity, type ReadRepositoryOptions } from '../../backupPlace';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { EXIT } from '../../exitCodes';
import { interruptedBy } from '../../interrupted';
import { bytesText, count } from '../../render/text';
import { spoolDirectory } from '../../treeSource';

interface VerifyOptions extends ReadRepositoryOptions {
  zookeeper?: string;
  javaHome?: string;
}

export function registerVerify(backup: Command, runner: Runner): void {
  withIdentity(withCommonOptions(backup.command('verify <repository> [ensemble]')))
    .description('read and check every object; exit 1 where something is wrong')
    .option(
      '--zookeeper <directory>',
      'an unpacked release on this machine: the newest moment is restored, served and compared',
    )
    .option('--java-home <directory>', 'for that server; JAVA_HOME, or java on PATH, without it')
    .action(
      action<[string, string | undefined], VerifyOptions>(
        runner,
        (context, [name, ensemble], options) => verify(context, name, ensemble, options),
      ),
    );
}

async function verify(
  context: CommandContext,
  repositoryName: string,
  wanted: string | undefined,
  options: VerifyOptions,
): Promise<Outcome> {
  const { checkEnsemble } = await import('../../../adapters/restore/checkEnsemble');
  const { drillHere } = await import('../../../adapters/restore/drillHere');
  await refuseUnusable(options);
  const repository = await openRepositoryNamed(context, repositoryName, options);
  const stop = new AbortController();
  const release = context.io.onInterrupt(() => stop.abort());
  const lines: string[] = [];
  const documents: object[] = [];
  let ok = true;
  try {
    for (const ensemble of wanted === undefined ? await repository.ensembles() : [wanted]) {
      const check = await checkEnsemble(repository, ensemble, {
        signal: stop.signal,
        onProgress: ({ doneBytes, totalBytes }) =>
          context.output.tick(
            `${ensemble}: ${bytesText(doneBytes)} of ${bytesText(totalBytes)} checked`,
          ),
      });
      let drill: DrillDocument | undefined;
      let unrecorded: string | undefined;
      if (options.zookeeper !== undefined && check.ok)
        drill = await drillHere(repository, check.contents, {
          releaseDirectory: options.zookeeper,
          ...(options.javaHome !== undefined && { javaHome: options.javaHome }),
          directory: spoolDirectory(context),
          onUnrecorded: ({ message }) => {
            unrecorded = message;
          },
          signal: stop.signal,
        });
      ok &&= check.ok && drill?.ok !== false;
      lines.push(
        `${ensemble}: ${count(check.objects, 'object')} (${bytesText(check.bytes)}) read, ${check.ok ? 'all sound' : context.output.colors.red('NOT sound')}`,
        ...check.lines.map((line) => `  ${line}`),
        ...(drill ? drillLines(drill) : []),
        ...(unrecorded === undefined ? [] : [`    not recorded in the repository: ${unrecorded}`]),
      );
      const { ok: isSound, objects, bytes, lines: told, findings } = check;
      documents.push({
        ...{ ensemble, ok: isSound, objects, bytes, lines: told, findings },
        ...(drill && { drill }),
        ...(unrecorded !== undefined && { drillUnrecorded: unrecorded }),
      });
    }
  } catch (error) {
    interruptedBy(stop.signal, 'interrupted: nothing is recorded')(error);
  } finally {
    release();
  }
  return {
    text: lines.length === 0 ? `${repository.store.shown} holds nothing yet` : lines.join('\n'),
    document: { ok, ensembles: documents },
    exitCode: ok ? EXIT.done : EXIT.failed,
  };
}

/** Before hours of reading, after which no drill could be held. */
async function refuseUnusable({ zookeeper, javaHome }: VerifyOptions): Promise<void> {
  if (zookeeper === undefined) {
    if (javaHome === undefined) return;
    throw new ZkferryError(
      'BadUsage',
      '--java-home is for the server of a drill: give --zookeeper',
    );
  }
  const { jarsOf } = await import('../../../adapters/restore/serverCommand');
  const { checkJava } = await import('../../../adapters/restore/serverProgram');
  await jarsOf(zookeeper).catch(unusable('--zookeeper'));
  await checkJava(javaHome).catch(
    unusable(javaHome === undefined ? 'JAVA_HOME, or java on PATH' : '--java-home'),
  );
}

const unusable =
  (what: string) =>
  (error: unknown): never => {
    if (!isZkferryError(error) || error.type !== 'ArtifactMissing') throw error;
    throw new ZkferryError('InvalidInput', `${what}: ${error.message}`, { cause: error });
  };

const drillLines = ({ ok, zxid, findings }: DrillDocument): string[] => [
  `  drill: ${ok ? 'restored' : 'NOT restored'} ${zxid}`,
  ...findings.map((line) => `    ${line}`),
];
