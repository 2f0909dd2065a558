/** Packages of every kind: can it be had, bring it near, make it the installed one. */
import { ZkferryError } from '../../model/errors';
import type { PackageSpec, ResolvedServer } from '../../model/inventory';
import type { FenceToken, HostPort, OperationContext } from '../../model/ports';
import { parseVersion, formatVersion } from '../../model/version';
import { fillCommand } from '../ssh/shellQuote';
import { ArchiveShelf, sha512Of } from './archive';
import { needed, type HostRunner } from './runner';
import { ZOO_CFG } from './scripts/base';
import { PACKAGE_FACTS } from './scripts/observe';
import {
  APT_CHECK_MAIN,
  APT_INSTALL_MAIN,
  APT_STAGE_MAIN,
  COMMAND_INSTALL_MAIN,
  COMMAND_STAGE_MAIN,
  RPM_CHECK_MAIN,
  RPM_INSTALL_MAIN,
  RPM_STAGE_MAIN,
  TARBALL,
  TARBALL_INSTALL_MAIN,
  URL_CHECK_MAIN,
} from './scripts/package';
import { PROCESS, SERVICE } from './scripts/process';
import { stageTarball, urlOf } from './tarball';

const CHECK_TIMEOUT_MS = 120_000;
const PACKAGE_TIMEOUT_MS = 20 * 60_000;

const INSTALL_PARTS = [PROCESS, SERVICE, ZOO_CFG, PACKAGE_FACTS];

/** `3.9.6` of whatever a packager made of it (`1:3.9.6-2`, `3.8.0-11+deb12u2`); undefined where there is none. */
export function zooKeeperVersionOf(packageVersion: string | undefined): string | undefined {
  const version = parseVersion((packageVersion ?? '').replace(/^\d+:/, ''));
  return version && formatVersion(version);
}

const wantedOf = (spec: { version: string }, version: string): string =>
  spec.version.replaceAll('{version}', version);

export function packageOperations(
  runner: HostRunner,
): Pick<HostPort, 'checkPackage' | 'stagePackage' | 'installPackage'> {
  const shelf = new ArchiveShelf();
  const specOf = (server: ResolvedServer): PackageSpec => needed(server.package, server, 'package');
  const step = (
    server: ResolvedServer,
    what: string,
    parts: string[],
    main: string,
    values: Record<string, string>,
    context: OperationContext,
    token?: FenceToken,
  ): Promise<Map<string, string>> =>
    runner.run(
      server,
      {
        what,
        parts,
        main,
        values,
        token,
        timeoutMs: token ? PACKAGE_TIMEOUT_MS : CHECK_TIMEOUT_MS,
      },
      context,
    );

  return {
    async checkPackage(server, version, context) {
      const spec = specOf(server);
      const what = `look for ${version}`;
      switch (spec.kind) {
        case 'tarball': {
          if ('directory' in spec.source) {
            const archive = await shelf.find(spec, spec.source.directory, version, context.signal);
            return { bytes: archive.bytes };
          }
          const values = {
            url: urlOf(spec.source.url, version),
            sha512: sha512Of(spec, version) ?? '',
          };
          return bytesOf(await step(server, what, [], URL_CHECK_MAIN, values, context));
        }
        case 'apt': {
          const values = { wanted: wantedOf(spec, version) };
          return bytesOf(
            await step(server, what, [PACKAGE_FACTS], APT_CHECK_MAIN, values, context),
          );
        }
        case 'rpm': {
          const values = { wanted: wantedOf(spec, version) };
          return bytesOf(
            await step(server, what, [PACKAGE_FACTS], RPM_CHECK_MAIN, values, context),
          );
        }
        case 'commands':
          // Nothing can be asked of commands without running them.
          return { bytes: 0 };
      }
    },

    async stagePackage(server, version, token, context) {
      const spec = specOf(server);
      if (spec.kind === 'tarball') {
        return stageTarball(runner, shelf, server, spec, version, token, context);
      }
      const what = `stage ${version}`;
      const parts = [PACKAGE_FACTS];
      const values: Record<string, string> =
        spec.kind === 'commands'
          ? { version, command: fillCommand(spec.stage ?? '', commandValues(server, version)) }
          : { wanted: wantedOf(spec, version) };
      const main = { apt: APT_STAGE_MAIN, rpm: RPM_STAGE_MAIN, commands: COMMAND_STAGE_MAIN }[
        spec.kind
      ];
      const result = await step(server, what, parts, main, values, context, token);
      return { alreadyStaged: result.get('staged') === 'yes' };
    },

    async installPackage(server, version, token, context) {
      const spec = specOf(server);
      needed(server.directories, server, 'directories.config');
      const { main, values } = installation(spec, server, version);
      const parts = spec.kind === 'tarball' ? [...INSTALL_PARTS, TARBALL] : INSTALL_PARTS;
      const result = await step(server, `install ${version}`, parts, main, values, context, token);
      const installed = zooKeeperVersionOf(result.get('installed'));
      if (installed !== version) {
        throw new ZkferryError(
          'RemoteCommandFailed',
          `install ${version} of ${server.name} left the version ${result.get('installed') ?? '(none)'}: check package.version in the inventory`,
        );
      }
      const previous = zooKeeperVersionOf(result.get('previous'));
      return { installed, ...(previous !== undefined && { previous }) };
    },
  };
}

function installation(
  spec: PackageSpec,
  server: ResolvedServer,
  version: string,
): { main: string; values: Record<string, string> } {
  switch (spec.kind) {
    case 'tarball':
      return { main: TARBALL_INSTALL_MAIN, values: { version } };
    case 'apt':
      return { main: APT_INSTALL_MAIN, values: { wanted: wantedOf(spec, version) } };
    case 'rpm':
      return { main: RPM_INSTALL_MAIN, values: { wanted: wantedOf(spec, version) } };
    case 'commands': {
      const command = fillCommand(spec.install, commandValues(server, version));
      return { main: COMMAND_INSTALL_MAIN, values: { version, command } };
    }
  }
}

const commandValues = (server: ResolvedServer, version: string): Record<string, string> => ({
  version,
  server: server.name,
  config: server.directories?.config ?? '',
});

const bytesOf = (result: Map<string, string>): { bytes: number } => ({
  bytes: Number(result.get('bytes')) || 0,
});
