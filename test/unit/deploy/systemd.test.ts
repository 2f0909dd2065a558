/** The units start what there is, are hardened, and leave a worker the time it needs to end. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_VARIABLES, readServerConfiguration } from '../../../src/api/configuration';
import { buildProgram } from '../../../src/cli/program';
import { readConfiguration, SETTING_NAMES } from '../../../worker/configuration';

const DIRECTORY = join(__dirname, '..', '..', '..', 'deploy', 'systemd');
const UNITS = ['zkferry-worker.service', 'zkferry-server.service'];

const textOf = (unit: string): string => readFileSync(join(DIRECTORY, unit), 'utf8');
function settingsOf(unit: string): Record<string, string[]> {
  const settings: Record<string, string[]> = {};
  for (const [, name, value] of textOf(unit).matchAll(/^(\w+)=(.*)$/gm))
    (settings[name!] ??= []).push(value!);
  return settings;
}
const environmentOf = (unit: string): Record<string, string> =>
  Object.fromEntries(
    settingsOf(unit).Environment!.map((each) => each.split('=') as [string, string]),
  );
const msOf = (seconds: string): number => Number(seconds) * 1_000;

const analyze = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find(existsSync);

(analyze === undefined ? test.skip : test).each(UNITS)(
  'systemd finds nothing wrong with %s',
  (unit) => {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-units-'));
    try {
      // The program need not be installed where its unit is looked at.
      const file = join(directory, unit);
      writeFileSync(file, textOf(unit).replaceAll('/usr/local/bin/zkferry', '/bin/true'));
      const { status, stderr } = spawnSync(analyze!, ['verify', '--man=no', file], {
        encoding: 'utf8',
      });
      const said = stderr.split('\n').filter((line) => line.includes(unit));
      expect({ status, said }).toEqual({ status: 0, said: [] });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

test.each(UNITS)('%s starts commands that exist, with settings that are read', (unit) => {
  const { ExecStart: start, ExecStartPre: before } = settingsOf(unit);
  for (const line of [...start!, ...before!]) {
    const [program, name, ...options] = line.split(' ');
    expect(program).toBe('/usr/local/bin/zkferry');
    const command = buildProgram({} as never).commands.find((each) => each.name() === name)!;
    expect([line, command !== undefined]).toEqual([line, true]);
    expect(command.options.map(({ long }) => long)).toEqual(expect.arrayContaining(options));
  }
  const known: string[] = [...SETTING_NAMES, ...Object.keys(SERVER_VARIABLES), 'NODE_ENV'];
  expect(known).toEqual(expect.arrayContaining(Object.keys(environmentOf(unit))));
});

test('their settings are accepted, and lie where the unit may write', async () => {
  const { ZKFERRY_CONFIG: _file, ...own } = environmentOf(UNITS[0]!);
  const worker = readConfiguration(own);
  for (const path of [worker.ZKFERRY_SECRET_FILE, worker.ZKFERRY_STATE])
    expect(path).toMatch(`/var/lib/${settingsOf(UNITS[0]!).StateDirectory![0]}/`);
  const { ZKFERRY_CONFIG: _other, ...rest } = environmentOf(UNITS[1]!);
  const { state } = await readServerConfiguration(rest);
  expect(state).toBe(`/var/lib/${settingsOf(UNITS[1]!).StateDirectory![0]}`);
});

test('a worker is not killed within its grace, and only it is told to end', () => {
  const { TimeoutStopSec: timeout, KillMode: mode, KillSignal: signal } = settingsOf(UNITS[0]!);
  const { ZKFERRY_SHUTDOWN_GRACE_MS: grace } = readConfiguration({
    ...environmentOf(UNITS[0]!),
    ZKFERRY_CONFIG: '',
  });
  expect(msOf(timeout![0]!)).toBeGreaterThanOrEqual(grace + 10_000);
  expect([mode, signal]).toEqual([['mixed'], ['SIGTERM']]);
});

test.each(UNITS)('%s runs as nobody who may do more than it needs', (unit) => {
  const settings = settingsOf(unit);
  expect(settings).toMatchObject({
    User: ['zkferry'],
    NoNewPrivileges: ['yes'],
    ProtectSystem: ['strict'],
    ProtectHome: ['yes'],
    PrivateTmp: ['yes'],
    CapabilityBoundingSet: [''],
    SystemCallFilter: ['@system-service'],
    UMask: ['0077'],
    StateDirectoryMode: ['0700'],
    Restart: ['always'],
  });
  // The compiler of Node needs pages that it may write and run.
  expect(settings.MemoryDenyWriteExecute).toBeUndefined();
});

test('the shell scripts of deploy/ can be read by their shells', () => {
  const root = join(DIRECTORY, '..');
  execFileSync('sh', ['-n', join(root, 'prepare.sh')]);
  execFileSync('sh', ['-n', join(root, 'zookeeper', 'service')]);
  execFileSync('bash', ['-n', join(root, 'zookeeper', 'entrypoint')]);
});
