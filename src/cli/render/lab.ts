/** A lab as text: its servers, where things are, what to type next. */
import type { LabStatus } from '../../lab/labCommands';
import { formatVersion, parseVersion } from '../../model/version';
import type { StatusView } from './status';
import { plainTable } from './table';
import { shellWord } from './text';
import { hostPort } from '../../model/hostPort';

export function renderLab(lab: LabStatus, { colors }: StatusView): string {
  const state = lab.running ? colors.green('serving') : colors.yellow('not all serve');
  const rows = lab.servers.map((server) => [
    server.name,
    server.spare ? 'spare' : server.state,
    shortVersion(server.version),
    hostPort(server.host, server.clientPort),
    hostPort(server.host, server.sshPort),
    server.pid === undefined ? '' : String(server.pid),
  ]);
  const lines = [
    `${colors.bold(`lab ${lab.name}`)} ${state}`,
    plainTable(['server', 'state', 'version', 'client', 'ssh', 'pid'], rows),
    `connect    ${lab.connectString}`,
    `inventory  ${lab.inventoryPath}`,
    `ssh key    ${lab.privateKeyPath}`,
  ];
  if (lab.temporal) {
    const { address, uiUrl, running } = lab.temporal;
    lines.push(
      `temporal   ${address}${uiUrl ? `, UI ${uiUrl}` : ''}${running ? '' : colors.red(' (not running)')}`,
    );
  }
  return lines.join('\n');
}

/** `3.9.6` of the whole line that a server prints. */
function shortVersion(text: string | undefined): string {
  const version = text === undefined ? undefined : parseVersion(text);
  return version ? formatVersion(version) : (text ?? '');
}

/** Lines to paste into a shell. */
export function renderNextWithLab(lab: LabStatus, worker: string, { colors }: StatusView): string {
  const exports = [
    ...(lab.temporal ? [`export TEMPORAL_ADDRESS=${shellWord(lab.temporal.address)}`] : []),
    `export ZKFERRY_INVENTORY=${shellWord(lab.inventoryPath)}`,
    worker,
  ];
  return [colors.bold('next'), ...exports.map((line) => `  ${colors.cyan(line)}`)].join('\n');
}
