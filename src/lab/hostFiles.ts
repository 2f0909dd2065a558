/** The text of every file a lab host starts with, as an operator would have written it. Pure. */
import { atLeast } from '../model/version';
import type { LabServer } from './labState';

export const CLIENT_PORT = 2181;
export const QUORUM_PORT = 2888;
export const ELECTION_PORT = 3888;
export const SSH_PORT = 2222;

export interface ConfigurationOptions {
  version: string;
  members: LabServer[];
  settings?: Record<string, string>;
  reconfig?: boolean;
  /** False leaves `4lw.commands.whitelist` out, as an untouched 3.5+ has it. Default true. */
  whitelist?: boolean;
}

/** Where things lie under a host's directory. */
export function hostPaths(directory: string) {
  return {
    packageRoot: `${directory}/opt/zookeeper`,
    current: `${directory}/opt/zookeeper/current`,
    config: `${directory}/etc/zookeeper`,
    data: `${directory}/var/lib/zookeeper`,
    log: `${directory}/var/log/zookeeper`,
    state: `${directory}/var/lib/zkferry`,
    backup: `${directory}/var/backups`,
    run: `${directory}/run`,
    service: `${directory}/bin/service`,
    supervisor: `${directory}/bin/supervise`,
    sshdConfig: `${directory}/etc/ssh/sshd_config`,
  };
}

function memberLine(member: LabServer, reconfig: boolean): string {
  const address = `${member.host}:${QUORUM_PORT}:${ELECTION_PORT}`;
  if (reconfig)
    return `server.${member.id}=${address}:${member.role};${member.host}:${member.clientPort}`;
  return `server.${member.id}=${address}${member.role === 'observer' ? ':observer' : ''}`;
}

/** zoo.cfg of one member. Settings given by the caller win over those the lab would write; {host} in them is its address. */
export function zooCfg(server: LabServer, options: ConfigurationOptions): string {
  const { version, members, settings = {}, reconfig = false, whitelist = true } = options;
  const modern = atLeast(version, '3.5.0');
  const own: Record<string, string> = {
    tickTime: '2000',
    initLimit: '10',
    syncLimit: '5',
    dataDir: hostPaths(server.directory).data,
    // With reconfig the client address stands in the server's own line.
    ...(reconfig
      ? { reconfigEnabled: 'true', standaloneEnabled: 'false' }
      : { clientPort: String(server.clientPort), clientPortAddress: server.host }),
    maxClientCnxns: '0',
    'autopurge.purgeInterval': '0',
    ...(modern ? { 'admin.enableServer': 'false' } : {}),
    ...(modern && whitelist ? { '4lw.commands.whitelist': '*' } : {}),
    ...(server.role === 'observer' ? { peerType: 'observer' } : {}),
  };
  const lines = Object.entries({ ...own, ...settings }).map(
    ([key, value]) => `${key}=${value.replaceAll('{host}', server.host)}`,
  );
  const alone = members.length === 1 && !reconfig;
  return [
    ...lines,
    ...(alone ? [] : members.map((member) => memberLine(member, reconfig))),
    '',
  ].join('\n');
}

/** Small and quick to start: compiled once, one collector thread. */
const JVM_FLAGS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-XX:-UsePerfData',
];

export function javaEnv(javaHome: string, javaOptions: string[]): string {
  return `JAVA_HOME="${javaHome}"\nSERVER_JVMFLAGS="${[...JVM_FLAGS, ...javaOptions].join(' ')}"\n`;
}

export function sshdConfig(
  server: LabServer,
  keys: { hostKey: string; authorizedKeys: string },
  supportsPenalties: boolean,
): string {
  return [
    `ListenAddress ${server.host}:${server.sshPort}`,
    `HostKey ${keys.hostKey}`,
    `AuthorizedKeysFile ${keys.authorizedKeys}`,
    `PidFile ${hostPaths(server.directory).run}/sshd.pid`,
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'UseDNS no',
    'PrintMotd no',
    'MaxStartups 200',
    'MaxSessions 100',
    // bash reads ~/.bashrc for a command over SSH unless it is told that it is no first shell. A developer's own one can
    // take long, or wait for a lock that a killed shell has left.
    'SetEnv SHLVL=1',
    // A test of a refused login must not shut out the next one.
    ...(supportsPenalties ? ['PerSourcePenalties no'] : []),
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n');
}

/**
 * The host's service manager: start, stop, restart, status, mask, unmask. Exit codes as LSB has them
 * (status: 0 running, 3 stopped). A pid counts only while it is a JVM with this host's configuration.
 */
export const SERVICE_SCRIPT = `#!/bin/sh
# service start|stop|restart|status|mask|unmask
HOST=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$HOST/var" || exit 1 # where a server that runs out of memory leaves its dump
CONFIG="$HOST/etc/zookeeper"
PIDFILE="$HOST/run/zookeeper.pid"
MASK="$HOST/etc/service.masked"
SERVER="$HOST/opt/zookeeper/current/bin/zkServer.sh"

running_pid() { # prints the server's pid; fails when none runs
  pid=$(cat "$PIDFILE" 2>/dev/null) || return 1
  [ -n "$pid" ] || return 1
  tr '\\0' '\\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$CONFIG/zoo.cfg" || return 1
  echo "$pid"
}

alive() { # looked at often, so it starts no process; the name in parentheses may hold anything
  IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  case "\${stat##*) }" in Z*|X*) return 1 ;; esac
}

locked() { # one start or stop at a time
  exec 9>"$HOST/run/service.lock"
  flock -w 90 9 || { echo "service: another start or stop holds $HOST/run/service.lock" >&2; exit 1; }
}

refuse_masked() {
  [ ! -e "$MASK" ] || { echo "service: masked; unmask it before starting" >&2; exit 1; }
}

start() {
  refuse_masked
  locked
  # Whoever held the lock may have masked it meanwhile.
  refuse_masked
  if pid=$(running_pid); then echo "already running, pid $pid"; return 0; fi
  [ -x "$SERVER" ] || { echo "service: $SERVER is not there; install a release first" >&2; exit 1; }
  rm -f "$PIDFILE"
  ZOOCFGDIR="$CONFIG" ZOOCFG=zoo.cfg ZOO_LOG_DIR="$HOST/var/log/zookeeper" ZOOPIDFILE="$PIDFILE" \\
    "$SERVER" start </dev/null >"$HOST/run/start.out" 2>&1 9>&- || {
    echo "service: the server did not start" >&2
    tail -n 20 "$HOST/run/start.out" >&2
    exit 1
  }
  tries=0
  while [ "$tries" -lt 100 ]; do
    if pid=$(running_pid); then echo "pid $pid"; return 0; fi
    kill -0 "$(cat "$PIDFILE" 2>/dev/null)" 2>/dev/null || break
    sleep 0.05
    tries=$((tries + 1))
  done
  echo "service: the server ended right after its start" >&2
  tail -n 20 "$HOST"/var/log/zookeeper/*.out >&2
  exit 1
}

stop() {
  locked
  pid=$(running_pid) || { echo stopped; return 0; }
  kill -TERM "$pid" 2>/dev/null
  tries=0
  while alive "$pid"; do
    if [ "$tries" -eq 600 ]; then
      echo "service: pid $pid ignored SIGTERM for 30 s; killing it" >&2
      kill -KILL "$pid" 2>/dev/null
    fi
    if [ "$tries" -ge 700 ]; then echo "service: pid $pid does not end" >&2; exit 1; fi
    sleep 0.05
    tries=$((tries + 1))
  done
  rm -f "$PIDFILE"
  echo stopped
}

case "$1" in
  start) start ;;
  stop) stop ;;
  restart) (stop) && start ;;
  status)
    [ ! -e "$MASK" ] || echo masked
    if pid=$(running_pid); then echo "pid $pid"; exit 0; fi
    echo stopped
    exit 3
    ;;
  mask) : >"$MASK" ;;
  unmask) rm -f "$MASK" ;;
  *)
    echo "usage: $0 start|stop|restart|status|mask|unmask" >&2
    exit 2
    ;;
esac
`;

/** Starts the server whenever it is down and not masked, like systemd's Restart=always. */
export const SUPERVISOR_SCRIPT = `#!/bin/sh
SERVICE="$(cd "$(dirname "$0")" && pwd)/service"
while :; do
  sleep 0.2
  case $("$SERVICE" status) in
    *masked* | *pid*) ;;
    *) "$SERVICE" start >/dev/null 2>&1 ;;
  esac
done
`;
