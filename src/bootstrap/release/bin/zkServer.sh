#!/bin/sh
# zkServer.sh [--config DIR] start|start-foreground|stop|restart|status|version|print-cmd [CONFIG FILE]
# Takes the words and variables that an Apache release's script takes.

ZOOBIN="$0"
while [ -h "$ZOOBIN" ]; do
  target=$(readlink "$ZOOBIN")
  case "$target" in /*) ZOOBIN="$target" ;; *) ZOOBIN="$(dirname "$ZOOBIN")/$target" ;; esac
done
ZOOBINDIR=$(cd "$(dirname "$ZOOBIN")" && pwd) || exit 1

if [ "$1" = --config ]; then
  [ -d "$2" ] || { echo "Error: no configuration directory $2" >&2; exit 1; }
  ZOOCFGDIR="$2"
  shift 2
fi

. "$ZOOBINDIR/zkEnv.sh"

if [ -n "$2" ]; then
  case "$2" in /*) ZOOCFG="$2" ;; *) ZOOCFG="$ZOOCFGDIR/$2" ;; esac
fi

setting() { # setting NAME: its value in the configuration file
  sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$ZOOCFG" 2>/dev/null | tail -n 1 | sed 's/[[:space:]]*$//'
}

ZOO_DATADIR=$(setting dataDir)
if [ -z "$ZOOPIDFILE" ]; then
  [ -n "$ZOO_DATADIR" ] || case "$1" in start | stop | restart)
    echo "Error: dataDir is not set in $ZOOCFG" >&2
    exit 1
    ;;
  esac
  ZOOPIDFILE="$ZOO_DATADIR/zookeeper_server.pid"
fi

is_running() { [ -f "$ZOOPIDFILE" ] && kill -0 "$(cat "$ZOOPIDFILE")" 2>/dev/null; }

run_java() {
  # Several flags may stand in each of these variables.
  # shellcheck disable=SC2086
  exec "$JAVA" -Dzookeeper.log.dir="$ZOO_LOG_DIR" -Dzookeeper.log.file="$ZOO_LOG_FILE" \
    ${ZOO_LOG4J_PROP:+-Dzookeeper.root.logger="$ZOO_LOG4J_PROP"} \
    -XX:+HeapDumpOnOutOfMemoryError -XX:OnOutOfMemoryError='kill -9 %p' \
    -cp "$CLASSPATH" $JVMFLAGS $SERVER_JVMFLAGS \
    org.apache.zookeeper.server.quorum.QuorumPeerMain "$ZOOCFG"
}

ZOO_LOG_FILE="zookeeper-${USER:-$(id -un)}-server-$(hostname).log"
OUT="$ZOO_LOG_DIR/zookeeper-${USER:-$(id -un)}-server-$(hostname).out"

case "$1" in
  start)
    if is_running; then
      echo "already running as process $(cat "$ZOOPIDFILE")."
      exit 1
    fi
    mkdir -p "$ZOO_LOG_DIR" "$(dirname "$ZOOPIDFILE")" || exit 1
    printf 'Starting zookeeper ... '
    (trap '' HUP; run_java) >"$OUT" 2>&1 </dev/null &
    if printf '%s' "$!" >"$ZOOPIDFILE"; then
      echo STARTED
    else
      echo "FAILED TO WRITE PID"
      exit 1
    fi
    ;;
  start-foreground)
    mkdir -p "$ZOO_LOG_DIR"
    run_java
    ;;
  stop)
    printf 'Stopping zookeeper ... '
    if [ ! -f "$ZOOPIDFILE" ]; then
      echo "no zookeeper to stop (could not find file $ZOOPIDFILE)"
    else
      kill "$(cat "$ZOOPIDFILE")" 2>/dev/null
      rm -f "$ZOOPIDFILE"
      echo STOPPED
    fi
    ;;
  restart)
    pid=$(cat "$ZOOPIDFILE" 2>/dev/null)
    "$0" stop ${2:+"$2"}
    tries=0
    while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 300 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
    exec "$0" start ${2:+"$2"}
    ;;
  status)
    host=$(setting clientPortAddress)
    port=$(setting clientPort)
    answer=$("$JAVA" -cp "$CLASSPATH" $CLIENT_JVMFLAGS org.apache.zookeeper.client.FourLetterWordMain "${host:-localhost}" "${port:-2181}" srvr 2>/dev/null | grep '^Mode')
    if [ -n "$answer" ]; then
      echo "$answer"
    else
      echo "Error contacting service. It is probably not running."
      exit 1
    fi
    ;;
  version)
    echo "Apache ZooKeeper, version $(cat "$ZOOKEEPER_PREFIX/VERSION")"
    ;;
  print-cmd)
    echo "\"$JAVA\" -Dzookeeper.log.dir=\"$ZOO_LOG_DIR\" -cp \"$CLASSPATH\" $JVMFLAGS $SERVER_JVMFLAGS org.apache.zookeeper.server.quorum.QuorumPeerMain \"$ZOOCFG\""
    ;;
  *)
    echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}" >&2
    exit 1
    ;;
esac
