/** Copies a running server's data, and proves a copy by starting a server on it. */

/**
 * Needs backup_dir (`<backup>/<ensemble>`), label, server_name.
 *
 * 1. Snapshots first, logs after them: then the logs reach past the end of every snapshot copied, which
 *    a fuzzy snapshot needs. The other way round a newer snapshot would have no logs to be mended by.
 * 2. A snapshot that changed while it was copied, or has no proper end, is left out: an older one with
 *    its logs says the same.
 * 3. The list of logs is taken once. All but the last are finished; the last may be torn at its end,
 *    which ZooKeeper reads as the end. A log begun later is left out, or there would be a hole.
 * 4. A log that vanished (purged) only matters if the oldest snapshot copied needs it: checked.
 * 5. Sizes and SHA-256 go into a manifest, then the directory gets its final name.
 */
export const BACKUP_MAIN = String.raw`
hex_of() { basename "$1" | sed 's/^[a-z]*\.//; s/\.[a-z]*$//'; }
# by_zxid: file names on standard input, sorted by the zxid in them, oldest first
by_zxid() { awk '{n = $0; sub(/^.*\//, "", n); sub(/^[a-z]*\./, "", n); sub(/\..*$/, "", n); printf "%16s %s\n", n, $0}' | tr ' ' '0' | sort | sed 's/^................0//'; }
complete_snapshot() {
  case "$1" in
    *.gz) gzip -t "$1" 2>/dev/null ;;
    *.snappy) true ;;
    *) [ "$(tail -c 5 "$1" | od -An -tx1 | tr -d ' \n')" = 000000012f ] ;;
  esac
}
identity() { stat -c '%i %s %Y' "$1" 2>/dev/null; }
copy_in() { cp --sparse=always -p "$1" "$2" 2>"$state_dir/copy.err"; }
fence_enter
find_data_dirs
[ -n "$data_dir" ] && [ -d "$data_dir/version-2" ] || fail RemoteCommandFailed no "the data directory $data_dir has no version-2: correct directories.data or dataDir"
final="$backup_dir/$label"
umask 077
if [ -f "$final/manifest" ]; then
  grep -qx "# server $server_name" "$final/manifest" || fail BackupInvalid no "$final is a backup of another server: choose another label"
  out directory "$final"; out files "$(grep -vc '^#' "$final/manifest")"; out bytes "$(grep -v '^#' "$final/manifest" | awk '{s += $2} END {printf "%.0f", s}')"; out reused yes
  return 0
fi
mkdir -p "$backup_dir" && chmod 700 "$backup_dir" || fail RemoteCommandFailed no "cannot create $backup_dir as $(id -un): set directories.backup"
rm -rf "$backup_dir/.incoming-$server_name-"*
rm -rf "$final"
need=$(du -s -B1 --apparent-size "$data_dir/version-2" | cut -f1)
if ! same_file "$data_dir" "$log_dir"; then need=$(( need + $(du -s -B1 --apparent-size "$log_dir/version-2" | cut -f1) )); fi
# A tenth more: the server goes on writing meanwhile.
need=$(( need + need / 10 + 1048576 ))
free=$(free_bytes "$backup_dir")
if [ "$free" -lt "$need" ]; then fail NoDiskSpace no "$backup_dir has $free bytes free, the backup needs about $need: make room or set directories.backup elsewhere"; fi
work="$backup_dir/.incoming-$server_name-$label"
mkdir -p "$work/data" "$work/log"
kept=0; oldest=
for snapshot in $(ls "$data_dir"/version-2/snapshot.* 2>/dev/null | by_zxid | tail -n 3); do
  before=$(identity "$snapshot")
  copy="$work/data/$(basename "$snapshot")"
  if copy_in "$snapshot" "$copy" && [ "$(identity "$snapshot")" = "$before" ] && complete_snapshot "$copy"; then
    kept=$(( kept + 1 )); if [ -z "$oldest" ]; then oldest=$(hex_of "$snapshot"); fi
    progress "copied $(basename "$snapshot")"
  else
    rm -f "$copy"
    if [ "$(free_bytes "$backup_dir")" -lt 1048576 ]; then fail NoDiskSpace no "$backup_dir is full: $(tail_of "$state_dir/copy.err")"; fi
  fi
done
if [ "$kept" = 0 ] && ls "$data_dir"/version-2/snapshot.* >/dev/null 2>&1; then
  fail BackupInvalid yes "no snapshot in $data_dir/version-2 could be copied whole: one may be being written right now; try again"
fi
logs=$(ls "$log_dir"/version-2/log.* 2>/dev/null | by_zxid)
last=$(printf '%s\n' "$logs" | tail -n 1)
first_needed=$(for log in $logs; do [ -n "$oldest" ] && printf '%16s %s\n' "$(hex_of "$log")" "$log" | tr ' ' '0'; done | awk -v limit="$(printf '%16s' "$oldest" | tr ' ' '0')" 'substr($0, 1, 16) <= limit {found = substr($0, 18)} END {print found}')
needed=0; if [ -z "$first_needed" ]; then needed=1; fi
for log in $logs; do
  if [ "$log" = "$first_needed" ]; then needed=1; fi
  copy="$work/log/$(basename "$log")"
  if ! copy_in "$log" "$copy"; then
    rm -f "$copy"
    if [ -e "$log" ] || [ "$needed" = 1 ]; then fail BackupInvalid yes "the log $log could not be copied ($(tail_of "$state_dir/copy.err")) although a snapshot of the copy needs it: try again"; fi
  elif [ "$log" != "$last" ] && [ -e "$log" ] && ! cmp -s "$log" "$copy"; then
    fail BackupInvalid yes "the copy of $log differs from it: try again"
  fi
  progress "copied $(basename "$log")"
done
for name in acceptedEpoch currentEpoch; do
  if [ -f "$data_dir/version-2/$name" ]; then copy_in "$data_dir/version-2/$name" "$work/data/$name"; fi
done
if [ -f "$data_dir/myid" ]; then copy_in "$data_dir/myid" "$work/data/myid"; fi
{
  printf '# zkferry data backup 1: sha256, bytes, file\n# server %s\n# label %s\n# taken %s\n' "$server_name" "$label" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  cd "$work" && for file in data/* log/*; do
    [ -f "$file" ] || continue
    printf '%s %s %s\n' "$(sha256sum "$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"
    progress "checksum of $file"
  done
} >"$work/manifest.new"
sync -f "$work" 2>/dev/null || sync
cd / && mv -f "$work/manifest.new" "$work/manifest" && mv -T "$work" "$final" || fail RemoteCommandFailed yes "cannot rename $work to $final"
sync_path "$backup_dir"
out directory "$final"
out files "$(grep -vc '^#' "$final/manifest")"
out bytes "$(grep -v '^#' "$final/manifest" | awk '{s += $2} END {printf "%.0f", s}')"
out reused no
`;

/**
 * Runs with standard input as its lifeline: the scratch server lives until a line or the end of input
 * comes, so it also goes when the worker dies. Needs backup_dir, directory, server_name, pkg_kind,
 * pkg_current, port.
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
fence_enter
umask 077
# What a killed run left behind.
if [ -f "$scratch/pid" ]; then scratch_pid=$(cat "$scratch/pid"); fi
cleanup
case "$directory" in "$backup_dir"/*) ;; *) fail BackupInvalid no "$directory is not a backup below $backup_dir" ;; esac
[ -f "$directory/manifest" ] || fail BackupInvalid no "$directory has no manifest: the copy was never finished"
( cd "$directory" && grep -v '^#' manifest | awk '{print $1 "  " $3}' | sha256sum -c --quiet ) >"$state_dir/verify.log" 2>&1 ||
  fail BackupInvalid no "files of $directory do not match their manifest: $(tail_of "$state_dir/verify.log")"
progress "checksums of $directory are right"
need=$(du -s -B1 "$directory" | cut -f1)
# The server writes its own snapshot and a preallocated log beside the copy.
need=$(( need * 2 + 134217728 ))
free=$(free_bytes "$backup_dir")
if [ "$free" -lt "$need" ]; then fail NoDiskSpace no "$backup_dir has $free bytes free, proving the backup needs about $need: make room"; fi
trap cleanup EXIT
trap 'exit 71' TERM INT HUP PIPE
mkdir -p "$scratch/data/version-2" "$scratch/log/version-2"
for file in "$directory"/data/snapshot.*; do if [ -e "$file" ]; then cp --reflink=auto --sparse=always "$file" "$scratch/data/version-2/"; fi; done
for file in "$directory"/log/log.*; do if [ -e "$file" ]; then cp --reflink=auto --sparse=always "$file" "$scratch/log/version-2/"; fi; done
progress "copied to $scratch"
find_pids
server_pid=$(echo $server_pids | cut -d' ' -f1)
find_java
[ -n "$java_path" ] || fail Unsupported no "the host has no java to prove the backup with: set javaHome"
find_class_path
[ -n "$class_path" ] || fail Unsupported no "cannot tell ZooKeeper's jars on this host: start the server, or prove the backup elsewhere"
cat >"$scratch/scratch.properties" <<EOF
tickTime=2000
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
set -- "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.admin.enableServer=false -Dzookeeper.4lw.commands.whitelist=srvr -Dzookeeper.extendedTypesEnabled=true -Dzookeeper.preAllocSize=64
if [ -n "$trust" ]; then set -- "$@" "$trust"; fi
if [ -n "$jute_max" ]; then set -- "$@" "-Djute.maxbuffer=$jute_max"; fi
cd "$scratch"
"$java_path" "$@" -cp "$class_path" org.apache.zookeeper.server.ZooKeeperServerMain "$scratch/scratch.properties" >"$scratch/server.log" 2>&1 </dev/null 9>&- &
scratch_pid=$!
cd /
printf '%s\n' "$scratch_pid" >"$scratch/pid"
out newest_snapshot "$(ls "$directory/data" | sed -n 's/^snapshot\.\([0-9a-f]*\).*/\1/p' | awk '{printf "%16s\n", $1}' | tr ' ' '0' | sort | tail -n 1)"
( while alive "$scratch_pid"; do sleep 0.2; done; printf 'zkferry-progress scratch-ended %s\n' "$(grep -a -i 'exception\|error\|invalid' "$scratch/server.log" | tail -n 3 | tr '\n' ' ')" >&2 ) 9>&- >/dev/null &
watcher=$!
IFS= read -r goodbye
kill "$watcher" 2>/dev/null
cleanup
trap - EXIT
out stopped yes
`;

/**
 * `find_scratch_memory`: sets heap and jute_max. A loaded tree took up to about five times its snapshot
 * in heap; the host must have that to spare, since the real server runs beside it.
 */
export const SCRATCH_MEMORY = String.raw`
find_scratch_memory() {
  largest=$(ls -ln "$directory/data" | awk '$NF ~ /^snapshot/ && $5 > m {m = $5} END {printf "%.0f", m}')
  heap_mib=$(( largest * 5 / 1048576 + 128 ))
  available_mib=$(( $(sed -n 's/^MemAvailable:[[:space:]]*\([0-9]*\).*/\1/p' /proc/meminfo) / 1024 ))
  if [ $(( heap_mib + heap_mib / 4 )) -gt "$available_mib" ]; then
    fail GuardRefused no "the host has $available_mib MiB of memory to spare, proving the backup needs about $(( heap_mib + heap_mib / 4 )): prove it elsewhere"
  fi
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
