/** Distribution packages: apt for real in a root of its own, rpm by its command contract. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { packageSchema, type ResolvedServer } from '../../src/model/inventory';
import { zooKeeperVersionOf } from '../../src/adapters/host/package';
import { context, executable, rejection, startTestHost, token, type TestHost } from './sshd';

/** Overlays that keep what apt does away from the machine the tests run on. */
const OWN_ROOT = `set -e
upper=$1; shift
mount -t tmpfs tmpfs "$upper"
for dir in usr var etc; do
  mkdir -p "$upper/$dir.upper" "$upper/$dir.work"
  mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$upper/$dir.upper,workdir=$upper/$dir.work" "/$dir"
done
if [ -d /run/systemd ]; then mount -t tmpfs tmpfs /run/systemd; fi
exec "$@"`;

const ownRoot = (upper: string): string[] => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  OWN_ROOT,
  'sh',
  upper,
];

function ownRootWorks(): boolean {
  if (userInfo().uid !== 0) return false;
  const upper = mkdtempSync(join(tmpdir(), 'zkferry-root-'));
  const [command, ...args] = ownRoot(upper) as [string, ...string[]];
  const works = spawnSync(command, [
    ...args,
    'sh',
    '-c',
    'command -v apt-get dpkg-deb invoke-rc.d',
  ]);
  rmSync(upper, { recursive: true });
  return works.status === 0;
}

const describeApt = ownRootWorks() ? describe : describe.skip;

describeApt('apt, in a root of its own', () => {
  let host: TestHost;
  let upper: string;
  let server: ResolvedServer;
  let sequence = 0;
  const next = () => token((sequence += 1));

  /** Runs a command on the host, inside its root. */
  const onHost = async (command: string): Promise<string> =>
    (await host.adapter.runHook(server, command, {}, next(), context(), 60_000)).output;

  /** A package whose postinst starts its service at once, as Debian's own do. */
  function build(repository: string, version: string): void {
    const root = join(repository, 'build');
    mkdirSync(join(root, 'DEBIAN'), { recursive: true });
    mkdirSync(join(root, 'etc/init.d'), { recursive: true });
    mkdirSync(join(root, 'etc/zkferry-toy'), { recursive: true });
    writeFileSync(
      join(root, 'DEBIAN/control'),
      `Package: zkferry-toy\nVersion: ${version}-1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: toy\n`,
    );
    writeFileSync(
      join(root, 'DEBIAN/conffiles'),
      '/etc/zkferry-toy/zoo.cfg\n/etc/init.d/zkferry-toy\n',
    );
    executable(
      join(root, 'DEBIAN/postinst'),
      '#!/bin/sh\nmkdir -p /etc/rc5.d && ln -sf ../init.d/zkferry-toy /etc/rc5.d/S01zkferry-toy\ninvoke-rc.d zkferry-toy start || exit $?\n',
    );
    executable(
      join(root, 'etc/init.d/zkferry-toy'),
      '#!/bin/sh\necho "$1" >>/var/lib/zkferry-toy.calls\n',
    );
    writeFileSync(join(root, 'etc/zkferry-toy/zoo.cfg'), `# as ${version} ships it\n`);
    execFileSync(
      'dpkg-deb',
      ['--root-owner-group', '-b', root, join(repository, `zkferry-toy_${version}-1_all.deb`)],
      { stdio: 'ignore' },
    );
    rmSync(root, { recursive: true });
  }

  beforeAll(async () => {
    upper = mkdtempSync(join(tmpdir(), 'zkferry-root-'));
    host = await startTestHost('127.71.7.1', [], ownRoot(upper));
    const repository = join(host.directory, 'repository');
    mkdirSync(repository);
    for (const version of ['3.8.4', '3.9.6']) build(repository, version);
    const service = executable(
      join(host.directory, 'service'),
      `#!/bin/sh\ncase "$1" in status) if [ -e ${host.directory}/masked ]; then echo masked; fi; exit 3 ;; mask) touch ${host.directory}/masked ;; esac\n`,
    );
    server = host.server('deb', {
      package: packageSchema.parse({ kind: 'apt', name: 'zkferry-toy', version: '{version}-1' }),
      service: { kind: 'script', path: service },
    });
    await onHost(
      `printf '#!/bin/sh\\necho N 5\\n' >/usr/sbin/runlevel && chmod 755 /usr/sbin/runlevel && rm -f /usr/sbin/policy-rc.d /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/docker-clean && echo 'deb [trusted=yes] file:${repository} ./' >/etc/apt/sources.list && cd ${repository} && for deb in *.deb; do dpkg-deb -f $deb; printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $deb $(stat -c %s $deb) $(sha256sum <$deb | cut -d' ' -f1); done >Packages && apt-get -q update -o APT::Sandbox::User=root && echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/99test`,
    );
  });
  afterAll(async () => {
    await host.close();
    rmSync(upper, { recursive: true });
  });

  test('finds what there is and names what there is not', async () => {
    const { bytes } = await host.adapter.checkPackage(server, '3.9.6', context());
    expect(bytes).toBeGreaterThan(0);
    const error = await rejection(host.adapter.checkPackage(server, '3.7.2', context()));
    expect(error.type).toBe('ArtifactMissing');
    expect(error.message).toContain('3.9.6-1');
  });

  test('stages without installing, installs, upgrades, goes back; never starts; keeps the configuration', async () => {
    await host.adapter.stagePackage(server, '3.9.6', next(), context());
    expect(
      (await host.adapter.observe(server, context())).package?.installedVersion,
    ).toBeUndefined();
    expect(await host.adapter.installPackage(server, '3.8.4', next(), context())).toEqual({
      installed: '3.8.4',
    });
    await onHost('echo mine >/etc/zkferry-toy/zoo.cfg');
    expect(await host.adapter.installPackage(server, '3.9.6', next(), context())).toEqual({
      previous: '3.8.4',
      installed: '3.9.6',
    });
    expect((await host.adapter.observe(server, context())).package).toMatchObject({
      kind: 'apt',
      installedVersion: '3.9.6',
    });
    expect((await host.adapter.installPackage(server, '3.8.4', next(), context())).installed).toBe(
      '3.8.4',
    );
    expect(await onHost('cat /etc/zkferry-toy/zoo.cfg')).toBe('mine\n');
    expect(await onHost('cat /var/lib/zkferry-toy.calls 2>/dev/null || echo never')).toBe(
      'never\n',
    );
    expect(await onHost('ls /usr/sbin/policy-rc.d 2>/dev/null || echo none')).toBe('none\n');
    expect(existsSync(join(host.directory, 'masked'))).toBe(true);
  });

  test('an install cut off in mid-configuration is finished by the next, and a policy left over goes', async () => {
    await onHost(
      "printf '#!/bin/sh\\n# zkferry\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && dpkg --unpack $(ls /var/cache/apt/archives/zkferry-toy_3.9.6-1_all.deb || echo " +
        join(host.directory, 'repository/zkferry-toy_3.9.6-1_all.deb') +
        ') >/dev/null 2>&1',
    );
    expect((await host.adapter.installPackage(server, '3.9.6', next(), context())).installed).toBe(
      '3.9.6',
    );
    expect(await onHost("dpkg-query -W -f '${db:Status-Abbrev}' zkferry-toy")).toBe('ii ');
    expect(await onHost('ls /usr/sbin/policy-rc.d 2>/dev/null || echo none')).toBe('none\n');
    expect(await onHost('cat /var/lib/zkferry-toy.calls 2>/dev/null || echo never')).toBe(
      'never\n',
    );
  });

  test('that package would have started its service, had it been let', async () => {
    await onHost('apt-get install -y -q --reinstall zkferry-toy=3.9.6-1');
    expect(await onHost('cat /var/lib/zkferry-toy.calls')).toBe('start\n');
  });

  test("an operator's own policy-rc.d is left as it is", async () => {
    await onHost(
      "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d",
    );
    await host.adapter.installPackage(server, '3.8.4', next(), context());
    expect(await onHost('cat /usr/sbin/policy-rc.d')).toBe('#!/bin/sh\nexit 101\n');
  });
});

describe('rpm (command contract)', () => {
  let host: TestHost;
  let stubs: string;
  beforeAll(async () => {
    stubs = mkdtempSync(join(tmpdir(), 'zkferry-rpm-'));
    // dnf's install of an older version does nothing and says so with exit code 0.
    executable(
      join(stubs, 'dnf'),
      `#!/bin/sh
printf '%s\\n' "$*" >>${stubs}/calls
case "$*" in
  '-q repoquery'*zookeeper-3.9.6|'-q repoquery'*zookeeper-3.8.4) echo 4711 ;;
  'install -y zookeeper-3.9.6'|'install -y zookeeper-3.8.4')
    wanted=$(echo "$*" | sed 's/.*-//'); now=$(cat ${stubs}/installed 2>/dev/null)
    if [ -z "$now" ] || expr "$wanted" '>' "$now" >/dev/null; then echo $wanted >${stubs}/installed; fi ;;
  'downgrade -y zookeeper-3.8.4') echo 3.8.4 >${stubs}/installed ;;
esac
`,
    );
    executable(
      join(stubs, 'rpm'),
      `#!/bin/sh\nif [ -s ${stubs}/installed ]; then echo "$(cat ${stubs}/installed)-2.el9"; else echo "package is not installed"; exit 1; fi\n`,
    );
    host = await startTestHost('127.71.7.2', [stubs]);
  });
  afterAll(async () => {
    await host.close();
    rmSync(stubs, { recursive: true });
  });

  test('asks, downloads, installs and goes back with the words dnf knows', async () => {
    const server = host.server('rpm', { package: packageSchema.parse({ kind: 'rpm' }) });
    expect(await host.adapter.checkPackage(server, '3.9.6', context())).toEqual({ bytes: 4711 });
    expect((await rejection(host.adapter.checkPackage(server, '3.7.2', context()))).type).toBe(
      'ArtifactMissing',
    );
    await host.adapter.stagePackage(server, '3.8.4', token(1), context());
    await host.adapter.installPackage(server, '3.8.4', token(2), context());
    expect(await host.adapter.installPackage(server, '3.9.6', token(3), context())).toEqual({
      previous: '3.8.4',
      installed: '3.9.6',
    });
    expect((await host.adapter.installPackage(server, '3.9.6', token(4), context())).previous).toBe(
      '3.9.6',
    );
    expect(
      (await host.adapter.installPackage(server, '3.8.4', token(5), context())).installed,
    ).toBe('3.8.4');
    expect(readFileSync(join(stubs, 'calls'), 'utf8').trim().split('\n')).toEqual([
      '-q repoquery --qf %{size}\\n zookeeper-3.9.6',
      '-q repoquery --qf %{size}\\n zookeeper-3.7.2',
      'install -y --downloadonly zookeeper-3.8.4',
      'install -y zookeeper-3.8.4',
      'install -y zookeeper-3.9.6',
      'install -y zookeeper-3.8.4',
      'downgrade -y zookeeper-3.8.4',
    ]);
  });

  test('package by commands: installs what the inventory says and believes only what it then finds', async () => {
    const file = join(host.directory, 'version');
    const spec = (install: string) =>
      packageSchema.parse({ kind: 'commands', installed: `cat ${file}`, install });
    const honest = host.server('cmd', { package: spec(`echo {version} >${file}`) });
    expect(await host.adapter.installPackage(honest, '3.9.6', token(1), context())).toEqual({
      installed: '3.9.6',
    });
    const lying = { ...honest, package: spec('true') };
    const error = await rejection(host.adapter.installPackage(lying, '3.8.4', token(2), context()));
    expect(error.message).toContain('the installed version is 3.9.6, not 3.8.4');
  });
});

test.each([
  ['3.8.0-11+deb12u2', '3.8.0'],
  ['1:3.9.6-2', '3.9.6'],
  ['3.9.6', '3.9.6'],
  ['none', undefined],
])('the package version %s is ZooKeeper %s', (text, version) => {
  expect(zooKeeperVersionOf(text)).toBe(version);
});
