#!/bin/sh
# zkCli.sh [-server HOST:PORT] [COMMAND …]
ZOOBIN="$0"
while [ -h "$ZOOBIN" ]; do
  target=$(readlink "$ZOOBIN")
  case "$target" in /*) ZOOBIN="$target" ;; *) ZOOBIN="$(dirname "$ZOOBIN")/$target" ;; esac
done
ZOOBINDIR=$(cd "$(dirname "$ZOOBIN")" && pwd) || exit 1
. "$ZOOBINDIR/zkEnv.sh"
# shellcheck disable=SC2086
exec "$JAVA" -Dzookeeper.log.dir="$ZOO_LOG_DIR" -cp "$CLASSPATH" $CLIENT_JVMFLAGS $JVMFLAGS \
  org.apache.zookeeper.ZooKeeperMain "$@"
