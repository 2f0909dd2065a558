/** Proves data by starting a server on a copy of them. */

/**
 * Runs with standard input as its lifeline: the scratch server lives until a line or the end of input
 * comes, so it also goes when the worker dies. Needs backup_dir, directory, server_name, pkg_kind,
 * pkg_current, port, super_digest, keep (no: the directory was sent for this proof alone, and goes with it).
 *
 * Time stands still for the tree: no session expires and no container goes while it is looked at.
 */
export const VERIFY_MAIN = String.raw`
scratch="$backup_dir/.scratch-$server_name"
scratch_pid=
stop_scratch() {
  if [ -n "$scratch_pid" ] && alive "$scratch_pid" && tr '\0' '\n' <"/proc/$scratch_pid/cmdline" 2>/dev/null | grep -qxF "$scratch/scratch.properties"; then
    kill "$scratch_pid" 2>/dev/null
    i=0
    while alive "$scratch_pid" && [ $i -lt 30 ]; do sleep 0.1; i=$(( i + 1 )); done
    if alive "$scratch_pid"; then kill -KILL "$scratch_pid" 2>/dev/null; sleep 0.1; fi
  fi
  scratch_pid=
}
cleanup() { stop_scratch; rm -rf "$scratch"; }
leave() {
  cleanup
  case "$keep $directory" in "no $backup_dir/.proof-"*) rm -rf "$directory" ;; esac
}
# place_copy TO FILE…: the server may write over a snapshot, so a copy that is kept is copied once more
place_copy() {
  copy_to=$1; shift
  for file in "$@"; do
    [ -e "$file" ] || continue
    if [ "$keep" = no ]; then cp --link "$file" "$copy_to/"; else cp --reflink=auto --sparse=always "$file" "$copy_to/"; fi ||
      fail NoDiskSpace no "copying $file to $copy_to failed: $(free_bytes "$copy_to") bytes are free"
  done
}
fence_enter
umask 077
# What a killed run left behind.
if [ -f "$scratch/pid" ]; then scratch_pid=$(cat "$scratch/pid"); fi
cleanup
trap leave EXIT
trap 'exit 71' TERM INT HUP PIPE
case "$directory" in "$backup_dir"/*) ;; *) fail BackupInvalid no "$directory is not a backup below $backup_dir" ;; esac
[ -f "$directory/manifest" ] || fail BackupInvalid no "$directory has no manifest: the copy was never finished"
( cd "$directory" && grep -v '^#' manifest | awk '{print $1 "  " $3}' | sha256sum -c --quiet ) >"$state_dir/verify.log" 2>&1 ||
  fail BackupInvalid no "files of $directory do not match their manifest: $(tail_of "$state_dir/verify.log")"
progress "checksums of $directory are right"
need=$(du -s -B1 "$directory" | cut -f1)
# The server writes its own snapshot and a preallocated log beside the copy.
if [ "$keep" = yes ]; then need=$(( need * 2 )); fi
need=$(( need + 134217728 ))
free=$(free_bytes "$backup_dir")
if [ "$free" -lt "$need" ]; then fail NoDiskSpace no "$backup_dir has $free bytes free, proving the backup needs about $need: make room"; fi
mkdir -p "$scratch/data/version-2" "$scratch/log/version-2"
place_copy "$scratch/data/version-2" "$directory"/data/snapshot.*
place_copy "$scratch/log/version-2" "$directory"/log/log.*
progress "copied to $scratch"
find_pids
first_of $server_pids; server_pid=$first
find_java
[ -n "$java_path" ] || fail Unsupported no "the host has no java to prove the backup with: set javaHome"
find_class_path
[ -n "$class_path" ] || fail Unsupported no "cannot tell ZooKeeper's jars on this host: start the server, or prove the backup elsewhere"
find_tick
cat >"$scratch/scratch.properties" <<EOF
tickTime=$tick_ms
minSessionTimeout=4000
maxSessionTimeout=2000000000
dataDir=$scratch/data
dataLogDir=$scratch/log
clientPort=$port
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=srvr
extendedTypesEnabled=true
EOF
find_scratch_memory
trust=
if ! ls "$scratch"/data/version-2/snapshot.* >/dev/null 2>&1; then trust=-Dzookeeper.snapshot.trust.empty=true; fi
set -- "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.admin.enableServer=false -Dzookeeper.4lw.commands.whitelist=srvr -Dzookeeper.extendedTypesEnabled=true -Dzookeeper.preAllocSize=64 -Dznode.container.checkIntervalMs=2000000000 "-Dzookeeper.DigestAuthenticationProvider.superDigest=$super_digest"
if [ -n "$trust" ]; then set -- "$@" "$trust"; fi
if [ -n "$jute_max" ]; then set -- "$@" "-Djute.maxbuffer=$jute_max"; fi
cd "$scratch"
"$java_path" "$@" -cp "$class_path" org.apache.zookeeper.server.ZooKeeperServerMain "$scratch/scratch.properties" >"$scratch/server.log" 2>&1 </dev/null 9>&- &
scratch_pid=$!
cd /
printf '%s\n' "$scratch_pid" >"$scratch/pid"
progress "scratch-snapshot $(ls "$directory/data" | sed -n 's/^snapshot\.\([0-9a-f]*\).*/\1/p' | awk '{printf "%16s\n", $1}' | tr ' ' '0' | sort | tail -n 1)"
( while alive "$scratch_pid"; do sleep 0.2; done; printf 'zkferry-progress scratch-ended %s\n' "$(grep -a -i 'exception\|error\|invalid' "$scratch/server.log" | tail -n 3 | tr '\n' ' ')" >&2 ) 9>&- >/dev/null &
watcher=$!
IFS= read -r goodbye
kill "$watcher" 2>/dev/null
leave
trap - EXIT
out stopped yes
`;

/**
 * `find_scratch_memory`: sets heap and jute_max. A loaded tree took up to about five times its snapshot
 * in heap; the host must have that to spare, since the real server runs beside it. What the logs may add is allowed
 * for as far as there is memory.
 *
 * `find_tick`: sets tick_ms. Sessions expire at multiples of it, counted from the host's start: none must come within
 * the four hours that a proof cannot last.
 */
export const SCRATCH_MEMORY = String.raw`
find_tick() {
  tick_ms=1000000000
  up_ms=$(( $(cut -d. -f1 /proc/uptime) * 1000 ))
  while [ $(( tick_ms - up_ms % tick_ms )) -lt 14400000 ]; do tick_ms=$(( tick_ms - 28800000 )); done
}
find_scratch_memory() {
  largest=$(ls -ln "$directory/data" | awk '$NF ~ /^snapshot/ && $5 > m {m = $5} END {printf "%.0f", m}')
  heap_mib=$(( largest * 5 / 1048576 + 128 ))
  available_mib=$(( $(sed -n 's/^MemAvailable:[[:space:]]*\([0-9]*\).*/\1/p' /proc/meminfo) / 1024 ))
  if [ $(( heap_mib + heap_mib / 4 )) -gt "$available_mib" ]; then
    fail GuardRefused no "the host has $available_mib MiB of memory to spare, proving the backup needs about $(( heap_mib + heap_mib / 4 )): prove it elsewhere"
  fi
  logs=$(ls -ln "$directory/log" | awk '$NF ~ /^log/ {s += $5} END {printf "%.0f", s}')
  wish_mib=$(( heap_mib + logs * 5 / 1048576 )); most_mib=$(( available_mib * 4 / 5 ))
  if [ "$wish_mib" -gt "$most_mib" ]; then wish_mib=$most_mib; fi
  if [ "$wish_mib" -gt "$heap_mib" ]; then heap_mib=$wish_mib; fi
  heap=$(printf '%sm' "$heap_mib")
  flags=$(cat "$config_dir/java.env" "$config_dir/zookeeper-env.sh" 2>/dev/null)
  if [ -n "$server_pid" ]; then flags="$flags $(tr '\0' ' ' <"/proc/$server_pid/cmdline")"; fi
  jute_max=$(printf '%s' "$flags" | grep -a -o 'jute\.maxbuffer=[0-9]*' | tail -n 1 | cut -d= -f2)
}
`;

/** `find_class_path`: sets class_path; the running server's own where there is one. */
export const CLASS_PATH = String.raw`
find_class_path() {
  class_path=
  if [ "$pkg_kind" = tarball ] && [ -d "$pkg_current/" ]; then
    real=$(readlink -f "$pkg_current")
    class_path="$real/lib/*:$real/*"
  elif [ -n "$server_pid" ]; then
    class_path=$(tr '\0' '\n' <"/proc/$server_pid/cmdline" | grep -a -A1 -x -e '-cp\|-classpath\|--class-path' | tail -n 1)
    if [ -z "$class_path" ]; then class_path=$(tr '\0' '\n' <"/proc/$server_pid/environ" 2>/dev/null | sed -n 's/^CLASSPATH=//p'); fi
  else
    for dir in /usr/share/java /usr/share/zookeeper /usr/lib/zookeeper /opt/zookeeper; do
      if ls "$dir"/zookeeper*.jar >/dev/null 2>&1; then class_path="$class_path$dir/*:"; fi
      if ls "$dir"/lib/zookeeper*.jar >/dev/null 2>&1; then class_path="$class_path$dir/lib/*:"; fi
    done
  fi
}
`;

/** The target of an upload (see upload.ts): laid out as a backup, for one proof. */
export const PROOF_UPLOAD = String.raw`
find_incoming() { directory="$backup_dir/.proof-$server_name-$label"; in_data="$directory/data"; in_log="$directory/log"; }
upload_guard() {
  ( umask 077; mkdir -p "$backup_dir" && chmod 700 "$backup_dir" ) || fail RemoteCommandFailed no "cannot create $backup_dir as $(id -un): set directories.backup"
}
in_place() { false; }
clear_other_uploads() {
  for left in "$backup_dir/.proof-$server_name-"*; do if [ "$left" != "$directory" ]; then rm -rf "$left"; fi; done
}
own_incoming() { if [ -d "$1" ]; then chmod 700 "$1"; else chmod 600 "$1"; fi; }
`;

/** Needs list. What was sent becomes a backup with a manifest, as the proof wants one. */
export const SEAL_PROOF_MAIN = String.raw`
fence_enter
find_incoming
check_gathered
umask 077
while read -r sha bytes name; do
  case "$name" in log.*) name="log/$name" ;; *) name="data/$name" ;; esac
  printf '%s %s %s\n' "$sha" "$bytes" "$name"
done >"$directory/manifest" <<LIST || fail RemoteCommandFailed yes "cannot write $directory/manifest"
$list
LIST
out directory "$directory"
`;
