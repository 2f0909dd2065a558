/** Takes a stopped server's data and configuration off its host. */
import { OCCUPANCY } from './provision';

/**
 * Needs label. Order: a copy of the configuration, then the data, then the configuration: a run cut off
 * anywhere still finds the data directories when it is run again. Only files by ZooKeeper's own names go, and only out
 * of version-2 itself, so a link or a foreign directory in there is never followed.
 */
export const WIPE_MAIN =
  OCCUPANCY +
  String.raw`
removed=; bytes=0
# note PATH BYTES
note() { removed="$removed$1
"; bytes=$(( bytes + $2 )); }
remove_file() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then return 0; fi
  size=$(stat -c %s "$1")
  rm -f "$1" || fail RemoteCommandFailed yes "cannot remove $1 as $(id -un)"
  note "$1" "$size"
}
zk_files() {
  zk_dir=$1; shift
  find "$zk_dir/" -maxdepth 1 \( -type f -o -type l \) \( -name 'snapshot.*' -o -name 'log.*' -o -name 'acceptedEpoch*' -o -name 'currentEpoch*' -o -name 'updatingEpoch*' -o -name .zkferry-placed \) "$@"
}
remove_data() {
  folder="$1/version-2"
  if [ ! -d "$folder" ]; then return 0; fi
  size=$(zk_files "$folder" -exec stat -c %s '{}' + | awk '{s += $1} END {printf "%.0f", s}')
  count=$(zk_files "$folder" -print | wc -l)
  zk_files "$folder" -exec rm -f '{}' + || fail RemoteCommandFailed yes "cannot remove the files of $folder as $(id -un)"
  gone=no
  if [ ! -L "$folder" ] && rmdir "$folder" 2>/dev/null; then gone=yes; fi
  if [ "$count" -gt 0 ] || [ "$gone" = yes ]; then note "$folder" "$size"; fi
}
# conf_paths: what ZooKeeper reads or writes in the configuration directory, and what we put there
conf_paths() {
  {
    find "$config_dir/" -maxdepth 1 ! -type d \( -name zoo.cfg -o -name 'zoo.cfg.dynamic*' -o -name zoo.cfg.bak -o -name java.env -o -name zookeeper-env.sh \)
    dynamic=$(cfg_value dynamicConfigFile)
    case "$dynamic" in "$config_dir"/*) printf '%s\n' "$dynamic" ;; ''|/*|*..*) ;; *) printf '%s\n' "$config_dir/$dynamic" ;; esac
    sed 's/^[0-9a-f]* //' "$marker" 2>/dev/null
  } | sed "s,//*,/,g" | sort -u | while IFS= read -r conf_path; do
    case "$conf_path" in *..*) continue ;; "$config_dir"/*) if [ -f "$conf_path" ] || [ -L "$conf_path" ]; then printf '%s\n' "$conf_path"; fi ;; esac
  done
}
marker="$state_dir/.zkferry-provisioned"
fence_enter
data_at_rest removed
saved="$state_dir/removed-$label"
conf_paths >"$state_dir/wipe.list" || fail RemoteCommandFailed yes "cannot write in $state_dir"
if [ -s "$state_dir/wipe.list" ] && [ ! -d "$saved" ]; then
  rm -rf "$saved.incoming"
  ( umask 077; mkdir -p "$saved.incoming" ) || fail RemoteCommandFailed yes "cannot create $saved.incoming"
  while IFS= read -r path; do
    cp -a "$path" "$saved.incoming/" || fail RemoteCommandFailed yes "cannot copy $path to $saved.incoming: $(free_bytes "$state_dir") bytes are free; nothing was removed"
  done <"$state_dir/wipe.list"
  sync -f "$saved.incoming" 2>/dev/null || sync
  mv -T "$saved.incoming" "$saved" || fail RemoteCommandFailed yes "cannot rename $saved.incoming to $saved; nothing was removed"
  sync_path "$state_dir"
fi
progress "removing the data"
if [ -n "$data_dir" ]; then remove_data "$data_dir"; remove_file "$data_dir/myid"; fi
if [ -n "$log_dir" ] && ! same_file "$data_dir" "$log_dir"; then remove_data "$log_dir"; fi
while IFS= read -r path; do remove_file "$path"; done <"$state_dir/wipe.list"
rm -f "$state_dir/wipe.list" "$marker"
for dir in "$config_dir" "$data_dir" "$log_dir"; do if [ -d "$dir" ]; then sync_path "$dir"; fi; done
printf '%s' "$removed" | out64 removed
out removed_bytes "$bytes"
`;
