/** Copies a running server's data. */

/**
 * Needs backup_dir (`<backup>/<ensemble>`), label, server_name, holds (what the server held before, or empty).
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
  out holds "$(sed -n 's/^# holds //p' "$final/manifest")"
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
  printf '# zkferry data backup 1: sha256, bytes, file\n# server %s\n# label %s\n# taken %s\n# holds %s\n' "$server_name" "$label" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$holds"
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
out holds "$holds"
`;
