/** A joiner's files put in place, and a leaver's taken away. */

/** Needs script_path. */
export const READ_SERVICE_MAIN = String.raw`
[ -r "$svc_path" ] || fail RemoteCommandFailed no "cannot read the service script $svc_path as $(id -un)"
out64 script <"$svc_path"
`;

/**
 * Needs new_data, new_log (may equal new_data), myid, zoo_cfg, env_name, env, script (base64). All is looked at before
 * anything is touched; a file that differs is replaced only where this host's own record says that an earlier
 * provisioning wrote it.
 */
export const PROVISION_MAIN = String.raw`
fence_enter
record="$state_dir/provisioned"
changed=no
digest_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }
wanted_digest() { printf '%s' "$1" | base64 -d | sha256sum | cut -d' ' -f1; }
# mine_or_new FILE BASE64: there is none, it says the same, or it is what was written before
mine_or_new() {
  [ -e "$1" ] || return 0
  seen=$(digest_of "$1")
  [ "$seen" = "$(wanted_digest "$2")" ] || grep -qxF "$seen $1" "$record" 2>/dev/null ||
    fail HostOccupied no "$1 is there already and is none that zkferry wrote: another server may live on this host; move it away, or choose another host"
}
find_pids
[ -z "$server_pids" ] || fail HostOccupied no "a server runs on $config_dir/zoo.cfg already (pid$server_pids); stop it first"
mine_or_new "$config_dir/zoo.cfg" "$zoo_cfg"
if [ -n "$env_name" ]; then mine_or_new "$config_dir/$env_name" "$env"; fi
if [ -s "$new_data/myid" ]; then
  old=$(tr -dc '0-9' <"$new_data/myid")
  [ "$old" = "$myid" ] || fail HostOccupied no "$new_data/myid says $old, and this server is $myid: the data there is another server's; move it away"
fi
if [ "$svc_kind" = systemd ]; then
  systemctl cat "$svc_unit" >/dev/null 2>&1 || fail Unsupported no "systemd knows no unit $svc_unit: install it on this host first"
fi
if [ "$svc_kind" = script ] && [ ! -e "$svc_path" ] && [ -z "$script" ]; then
  fail RemoteCommandFailed no "there is no service script $svc_path, and no member's could be taken for it"
fi
svc_user=
if [ "$svc_kind" = systemd ]; then svc_user=$(systemctl show -p User --value "$svc_unit" 2>/dev/null); fi
owned() { if [ -n "$svc_user" ] && [ "$(id -u)" = 0 ]; then chown "$svc_user:" "$1" || fail RemoteCommandFailed no "cannot give $1 to $svc_user"; fi; }
make_dir() {
  if [ -d "$1" ]; then return 0; fi
  mkdir -p "$1" 2>/dev/null && chmod "$2" "$1" || fail RemoteCommandFailed no "cannot create $1 as $(id -un)"
  owned "$1"
  changed=yes
}
# put FILE BASE64 MODE: atomically; its digest is recorded before it is there
put() {
  if [ "$(digest_of "$1")" = "$(wanted_digest "$2")" ]; then return 0; fi
  temp="$1.zkferry-new"
  rm -f "$temp"
  ( umask 077; printf '%s' "$2" | base64 -d >"$temp" ) && chmod "$3" "$temp" || { rm -f "$temp"; fail NoDiskSpace yes "cannot write $temp as $(id -un): $(free_bytes "$(dirname "$1")") bytes are free"; }
  [ "$(digest_of "$temp")" = "$(wanted_digest "$2")" ] || { rm -f "$temp"; fail NoDiskSpace yes "writing $temp broke off: $(free_bytes "$(dirname "$1")") bytes are free"; }
  owned "$temp"
  printf '%s %s\n' "$(wanted_digest "$2")" "$1" >>"$record"
  sync_path "$temp"
  mv -f "$temp" "$1" || fail RemoteCommandFailed yes "cannot rename $temp to $1"
  sync_path "$(dirname "$1")"
  changed=yes
}
make_dir "$config_dir" 755
make_dir "$new_data" 750
make_dir "$new_log" 750
put "$new_data/myid" "$(printf '%s\n' "$myid" | base64)" 644
if [ -n "$env_name" ]; then put "$config_dir/$env_name" "$env" 644; fi
put "$config_dir/zoo.cfg" "$zoo_cfg" 644
if [ "$svc_kind" = script ] && [ ! -e "$svc_path" ]; then
  make_dir "$(dirname "$svc_path")" 755
  put "$svc_path" "$script" 755
fi
if [ "$svc_kind" = systemd ]; then systemctl enable "$svc_unit" >/dev/null 2>&1 </dev/null || progress "the unit $svc_unit could not be enabled"; fi
out changed "$changed"
`;

/** Needs label. Data is removed, configuration moved aside; links are never followed out of a directory. */
export const WIPE_MAIN = String.raw`
fence_enter
find_pids
[ -z "$server_pids" ] || fail GuardRefused no "the server still runs (pid$server_pids): its data is not removed"
find_data_dirs
bytes=0
removed=
take_away() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  size=$(du -s -B1 --apparent-size "$1" 2>/dev/null | cut -f1)
  rm -rf "$1" || fail RemoteCommandFailed yes "cannot remove $1 as $(id -un)"
  bytes=$(echo "$bytes $size" | awk '{printf "%.0f", $1 + $2}')
  removed="$removed $1"
}
for dir in "$data_dir" "$log_dir"; do
  [ -n "$dir" ] || continue
  case "$dir" in /|/*/..*) fail Unsupported no "$dir is no data directory" ;; esac
  for name in version-2 myid acceptedEpoch currentEpoch zookeeper_server.pid initialize; do take_away "$dir/$name"; done
done
kept="$state_dir/configurations/$label"
for file in "$config_dir"/zoo.cfg "$config_dir"/zoo.cfg.* "$config_dir"/java.env "$config_dir"/zookeeper-env.sh; do
  [ -f "$file" ] || continue
  ( umask 077; mkdir -p "$kept" ) && mv -f "$file" "$kept/" || fail RemoteCommandFailed yes "cannot move $file to $kept"
  removed="$removed $file"
done
rm -f "$state_dir/provisioned"
out bytes "$bytes"
out removed "$removed"
`;

/**
 * Needs targets (host port, one pair a line). A connection that is refused was answered; only silence for 3 s, or no
 * way there, counts as none.
 */
export const REACH_MAIN = String.raw`
if have bash; then tool=bash; elif have python3; then tool=python3; else fail Unsupported no "neither bash nor python3 is there to try a connection with: install one"; fi
try() {
  case "$tool" in
    bash)
      said=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1 </dev/null) && { echo "$3 open"; return; }
      case "$said" in *efused*) echo "$3 refused" ;; *) echo "$3 silent" ;; esac ;;
    python3)
      timeout 5 python3 -c 'import socket, sys
try:
  socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close(); print(sys.argv[3], "open")
except ConnectionRefusedError: print(sys.argv[3], "refused")
except OSError: print(sys.argv[3], "silent")' "$1" "$2" "$3" </dev/null || echo "$3 silent" ;;
  esac
}
results=$(
  index=0
  printf '%s\n' "$targets" | while read -r to port; do
    [ -n "$to" ] || continue
    try "$to" "$port" "$index" &
    index=$((index + 1))
    if [ $((index % 8)) = 0 ]; then wait; fi
  done
  wait
)
printf '%s\n' "$results" | out64 results
`;
