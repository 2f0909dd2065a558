#!/bin/sh
# Sourced by zkServer.sh and zkCli.sh: finds the configuration, Java, the class path and the flags.
# Same variables as in an Apache release.

ZOOBINDIR="${ZOOBINDIR:-/usr/bin}"
ZOOKEEPER_PREFIX="$ZOOBINDIR/.."

if [ -z "$ZOOCFGDIR" ]; then
  if [ -e "$ZOOKEEPER_PREFIX/conf" ]; then ZOOCFGDIR="$ZOOKEEPER_PREFIX/conf"; else ZOOCFGDIR="$ZOOKEEPER_PREFIX/etc/zookeeper"; fi
fi

for env in "$ZOOCFGDIR/zookeeper-env.sh" "$ZOOKEEPER_PREFIX/conf/zookeeper-env.sh"; do
  if [ -f "$env" ]; then . "$env"; break; fi
done

ZOOCFG="${ZOOCFG:-zoo.cfg}"
ZOOCFG="$ZOOCFGDIR/$ZOOCFG"

if [ -f "$ZOOCFGDIR/java.env" ]; then . "$ZOOCFGDIR/java.env"; fi

ZOO_LOG_DIR="${ZOO_LOG_DIR:-$ZOOKEEPER_PREFIX/logs}"

if [ -n "$JAVA_HOME" ] && [ -x "$JAVA_HOME/bin/java" ]; then
  JAVA="$JAVA_HOME/bin/java"
elif command -v java >/dev/null 2>&1; then
  JAVA=java
else
  echo "Error: JAVA_HOME is not set and java could not be found in PATH." >&2
  exit 1
fi

for jar in "$ZOOKEEPER_PREFIX"/zookeeper-*.jar "$ZOOKEEPER_PREFIX"/lib/*.jar; do
  if [ -e "$jar" ]; then CLASSPATH="$jar${CLASSPATH:+:$CLASSPATH}"; fi
done
# The release's own logging configuration serves where the server's directory holds none.
CLASSPATH="$ZOOCFGDIR:$ZOOKEEPER_PREFIX/conf:$CLASSPATH"

ZK_SERVER_HEAP="${ZK_SERVER_HEAP:-1000}"
SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP}m $SERVER_JVMFLAGS"
ZK_CLIENT_HEAP="${ZK_CLIENT_HEAP:-256}"
CLIENT_JVMFLAGS="-Xmx${ZK_CLIENT_HEAP}m $CLIENT_JVMFLAGS"
