/** `zkferry server`: the HTTP API and the console, in the foreground until it is told to stop. */
import type { Command } from 'commander';
import { action, withCommonOptions, type Runner } from '../context';
import { VERSION } from '../version';

const TEMPORAL_DEADLINE_MS = 30_000;
/** Whatever is still asked then is not answered. */
const END_WITHIN_MS = 10_000;

export function registerServer(program: Command, runner: Runner): void {
  withCommonOptions(program.command('server'))
    .description('serve the HTTP API and the web console; configured as docs/server.md says')
    .option('--check', 'read the configuration, say what is wrong with it, and end')
    .action(
      action<[], { check?: boolean }>(runner, async (context, _args, { check }) => {
        const { readServerConfiguration } = await import('../../api/configuration');
        const environment = context.childEnvironment();
        const configuration = await readServerConfiguration(environment);
        const { readNamed, startServer } = await import('../../api/run');
        if (check === true) {
          await readNamed(configuration, context.inventoryPath);
          return { text: 'the configuration is usable', document: { ok: true, configuration } };
        }
        const { readCodecKeys } = await import('../../adapters/temporal/codecKeys');
        const { temporalFromEnvironment } = await import('../../adapters/temporal/environment');
        const server = await startServer({
          configuration,
          temporal: {
            ...temporalFromEnvironment(environment),
            codecKeys: await readCodecKeys(environment),
            deadlineMs: TEMPORAL_DEADLINE_MS,
          },
          inventoryPath: context.inventoryPath,
          version: VERSION,
          onWaiting: (message) =>
            void context.io.stderr.write(
              `${JSON.stringify({ level: 40, time: Date.now(), msg: message })}\n`,
            ),
        });
        context.io.stdout.write(
          `${JSON.stringify({ ready: true, pid: process.pid, url: server.url })}\n`,
        );
        await new Promise<void>((resolve) => void context.io.onInterrupt(resolve));
        const late = setTimeout(() => process.exit(0), END_WITHIN_MS);
        await server.close();
        clearTimeout(late);
        return { text: '', document: { ok: true } };
      }),
    );
}
