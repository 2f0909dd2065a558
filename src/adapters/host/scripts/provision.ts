/** Puts a new server's directories and files on a host, and takes nothing that is somebody else's. */

/**
 * `remembered PATH SHA`: whether we wrote exactly that there. The marker says so before the file is written, so
 * that a run cut off in the middle still knows its own files.
 */
const MARKER = String.raw`
marker="$state_dir/.zkferry-provisioned"
sha_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }
remembered() { grep -qxF "$2 $1" "$marker" 2>/dev/null; }
write_marker() { ( umask 077; cat >"$marker.new" ) && sync_path "$marker.new" && mv -f "$marker.new" "$marker" && sync_path "$state_dir"; }
`;

/**
 * `find_owner`: sets own_user and own_group: the unit's `User=`, else who owns the data directory, else
 * who we are. A masked unit tells nothing of itself, so then its files are read.
 */
const OWNER = String.raw`
unit_files() {
  for unit_dir in /usr/lib/systemd/system /lib/systemd/system /etc/systemd/system; do
    for unit_file in "$unit_dir/$svc_unit" "$unit_dir/$svc_unit.d"/*.conf; do
      if [ -f "$unit_file" ]; then printf '%s\n' "$unit_file"; fi
    done
  done
}
unit_masked() { [ "$(systemctl show -p LoadState "$svc_unit" 2>/dev/null </dev/null)" = LoadState=masked ]; }
unit_known() {
  if unit_masked; then [ -n "$(unit_files)" ]; else systemctl cat "$svc_unit" >/dev/null 2>&1 </dev/null; fi
}
unit_value() {
  if unit_masked; then unit_files | while IFS= read -r unit_file; do sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$unit_file"; done | tail -n 1
  else systemctl show -p "$1" "$svc_unit" 2>/dev/null </dev/null | sed -n "s/^$1=//p"; fi
}
find_owner() {
  own_user=; own_group=
  if [ "$svc_kind" = systemd ]; then
    own_user=$(unit_value User); own_group=$(unit_value Group)
    [ -n "$own_user" ] || own_user=0
  elif [ -d "$want_data" ]; then
    own_user=$(stat -L -c %u "$want_data"); own_group=$(stat -L -c %g "$want_data")
  else
    own_user=$(id -u)
  fi
  if [ -z "$own_group" ]; then own_group=$(id -g "$own_user" 2>/dev/null) || own_group=$own_user; fi
  case "$own_user" in
    *[!0-9]*) id -u "$own_user" >/dev/null 2>&1 || fail Unsupported no "the unit $svc_unit runs as $own_user, a user this host does not have: create it first; nothing was written" ;;
  esac
  if [ "$(id -u)" != 0 ] && [ "$(id -u "$own_user" 2>/dev/null || echo "$own_user")" != "$(id -u)" ]; then
    fail Unsupported no "files for the user $own_user can only be made by root, not as $(id -un): set ssh.user root or ssh.become sudo; nothing was written"
  fi
}
# own PATH MODE
own() {
  chmod "$2" "$1" && { [ "$(id -u)" != 0 ] || chown "$own_user:$own_group" "$1"; }
}
`;

/**
 * `refuse_running TYPE WHAT_TO_DO`: neither this server may run, nor one with another configuration that uses
 * our data directories. Needs PROCESS, SERVICE, want_data, want_log; leaves what service_status sets.
 * `data_at_rest DONE` (removed, moved): sets data_dir and log_dir of a server that is stopped and masked; GuardRefused
 * of any other. Needs ZOO_CFG too.
 */
export const OCCUPANCY = String.raw`
# uses PID DIR: says so in its configuration, or holds a file of it open
uses() {
  uses_real=$(readlink -f "$2" 2>/dev/null)
  if [ -z "$uses_real" ]; then return 1; fi
  if ls -l "/proc/$1/fd" 2>/dev/null | grep -qF -e "-> $uses_real/"; then return 0; fi
  for uses_cfg in $(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -a '\.cfg$' | tail -n 2); do
    case "$uses_cfg" in /*) ;; *) uses_cfg="/proc/$1/cwd/$uses_cfg" ;; esac
    for uses_dir in $(sed -n 's/^[[:space:]]*data\(Log\)\{0,1\}Dir[[:space:]]*[=:][[:space:]]*//p' "$uses_cfg" 2>/dev/null | tr -d '\r'); do
      if same_file "$uses_dir" "$2"; then return 0; fi
    done
  done
  return 1
}
refuse_running() {
  svc_pid=; svc_state=stopped; svc_masked=unknown
  if [ -n "$svc_kind" ]; then service_status; fi
  find_pids
  refuse_foreign_service
  all_pids
  # A status may still name a process that has ended, until somebody has waited for it.
  if [ -n "$svc_pid" ] && ! alive "$svc_pid"; then svc_state=stopped; fi
  if [ -n "$(echo $server_pids)" ] || [ "$svc_state" = running ]; then
    fail "$1" no "process$server_pids runs this server, with $config_dir/zoo.cfg: $2"
  fi
  for pid in $other_pids; do
    for dir in "$want_data" "$want_log"; do
      if uses "$pid" "$dir"; then
        fail "$1" no "process $pid, a ZooKeeper server with another configuration, uses the data directory $dir: $2"
      fi
    done
  done
}
data_at_rest() {
  absolute_data_dirs "nothing was $1"
  want_data=$data_dir; want_log=$log_dir
  refuse_running GuardRefused "data is only $1 while no server uses it; stop that process, then try again; nothing was $1"
  if [ "$svc_masked" = no ]; then
    fail GuardRefused no "the service is stopped but not masked, so anything could start it in the middle: stop it through zkferry, which masks it, then try again; nothing was $1"
  fi
}
`;

/** What must hold before anything is touched. */
const CHECKS = String.raw`
each_file() {
  "$1" "$config_dir/zoo.cfg" "$cfg_sha" "$cfg_text"
  if [ -n "$dyn_path" ]; then "$1" "$dyn_path" "$dyn_sha" "$dyn_text"; fi
  if [ -n "$env_path" ]; then "$1" "$env_path" "$env_sha" "$env_text"; fi
}
# as_shipped FILE: a package's own default that nobody has changed
as_shipped() {
  shipped=$(readlink -f "$1")
  case "$pkg_kind" in
    apt) dpkg-query -W -f '$''{Conffiles}\n' "$pkg_name" 2>/dev/null | grep -qF " $shipped $(md5sum "$shipped" | cut -d' ' -f1)" ;;
    rpm) rpm -qf "$shipped" >/dev/null 2>&1 && [ -z "$(rpm -Vf --nomtime --nouser --nogroup --nomode "$shipped" 2>/dev/null | grep -F " $shipped")" ] ;;
    *) false ;;
  esac
}
check_file() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then return 0; fi
  if [ -f "$1" ]; then
    seen=$(sha_of "$1")
    if [ -z "$seen" ]; then fail HostOccupied no "$1 is there and cannot be read as $(id -un): move it away, or let that user read it; nothing was written"; fi
    if [ "$seen" = "$2" ] || remembered "$1" "$seen" || as_shipped "$1"; then return 0; fi
  fi
  if grep -qF " $1" "$marker" 2>/dev/null; then
    fail HostOccupied no "$1 has changed since zkferry wrote it, as a server does that has run: wipe the server, or move the file away; nothing was written"
  fi
  fail HostOccupied no "$1 is there already, with other content than the new server's, and zkferry did not write it: move it away if nobody needs it, or correct directories.config; nothing was written"
}
# check_place DIR BYTES: can be made, or is there and can be written in
check_place() {
  place=$1
  while [ ! -e "$place" ] && [ "$place" != / ]; do place=$(dirname "$place"); done
  if [ ! -d "$place" ] || [ ! -w "$place" ] || [ ! -x "$place" ]; then
    fail RemoteCommandFailed no "$1 cannot be made or written in as $(id -un), because of $place: give that user the right, set ssh.become sudo, or correct the directory in the inventory; nothing was written"
  fi
  free=$(free_bytes "$1")
  if [ "$free" -lt "$2" ]; then fail NoDiskSpace no "$1 has $free bytes free, a new server needs at least $2 there: make room; nothing was written"; fi
}
check_myid() {
  if [ ! -e "$want_data/myid" ]; then return 0; fi
  seen=$(tr -d '[:space:]' <"$want_data/myid")
  case "$seen" in
    "$myid") ;;
    # No server can have run on what is no number: a packager's "replace this text".
    ''|*[!0-9]*) ;;
    *) fail HostOccupied no "$want_data/myid says $seen, the new server's is $myid: the directory belongs to another server; move it away, or correct id or directories.data; nothing was written" ;;
  esac
}
check_service() {
  case "$svc_kind" in
    systemd) unit_known || fail Unsupported no "systemd knows no unit $svc_unit: install the unit first (package or unit file), or correct service.unit; nothing was written" ;;
    script)
      if [ ! -e "$svc_path" ]; then
        [ -n "$script_text" ] || fail Unsupported no "there is no service script $svc_path: put one there first, or correct service.path; nothing was written"
        check_place "$(dirname "$svc_path")" 1048576
      elif [ ! -x "$svc_path" ] || [ ! -f "$svc_path" ]; then
        fail HostOccupied no "$svc_path is there but is no executable file: correct service.path, or make it one; nothing was written"
      fi ;;
  esac
}
`;

/**
 * Needs want_data, want_log, myid, cfg_text, cfg_sha, dyn_path, dyn_text, dyn_sha, env_path, env_text, env_sha,
 * script_text (texts base64, optional ones empty), data_need (bytes).
 */
export const PROVISION_MAIN =
  MARKER +
  OWNER +
  OCCUPANCY +
  CHECKS +
  String.raw`
made=; wrote=
ensure_dir() {
  if [ -d "$1" ]; then return 0; fi
  mkdir -p "$1" && own "$1" "$2" || fail RemoteCommandFailed yes "cannot create $1 as $(id -un)"
  made="$made$1
"
}
# put_text PATH BASE64 MODE: atomic; what is there must be known to be replaceable
put_text() {
  put_temp="$(dirname "$1")/.zkferry-$(basename "$1").new"
  rm -f "$put_temp"
  ( umask 077; printf '%s' "$2" | base64 -d >"$put_temp" ) && own "$put_temp" "$3" && sync_path "$put_temp" && mv -fT "$put_temp" "$1" ||
    { rm -f "$put_temp"; fail RemoteCommandFailed yes "writing $1 failed: $(free_bytes "$1") bytes are free"; }
  sync_path "$(dirname "$1")"
  wrote="$wrote$1
"
}
put_file() {
  # 0640: zoo.cfg may hold passwords of key stores.
  if [ "$(sha_of "$1")" != "$2" ]; then put_text "$1" "$3" 640; fi
}
name_file() { printf '%s %s\n' "$2" "$1"; }

fence_enter
case "$config_dir/" in
  "$pkg_current"/*) if [ "$pkg_kind" = tarball ] && [ ! -d "$pkg_current" ]; then fail Unsupported no "$config_dir lies inside $pkg_current, which is not there yet: install the package first; nothing was written"; fi ;;
esac
refuse_running HostOccupied "stop that server, or correct the inventory; nothing was written"
check_service
find_owner
each_file check_file
check_myid
check_place "$config_dir" 1048576
check_place "$want_data" "$data_need"
check_place "$want_log" "$data_need"

umask 022
{ cat "$marker" 2>/dev/null; each_file name_file; } | sort -u | tail -n 1000 | write_marker || fail RemoteCommandFailed yes "cannot write $marker"
# 0750: what is in the tree is nobody else's to read.
ensure_dir "$want_data" 750
ensure_dir "$want_log" 750
ensure_dir "$config_dir" 755
each_file put_file
if [ "$(tr -d '[:space:]' <"$want_data/myid" 2>/dev/null)" != "$myid" ]; then put_text "$want_data/myid" "$(printf '%s\n' "$myid" | base64)" 644; fi
each_file name_file | write_marker || fail RemoteCommandFailed yes "cannot write $marker"
if [ "$svc_kind" = script ] && [ ! -e "$svc_path" ]; then
  mkdir -p "$(dirname "$svc_path")" || fail RemoteCommandFailed yes "cannot create the directory of $svc_path as $(id -un)"
  put_text "$svc_path" "$script_text" 755
fi
if [ "$svc_kind" = systemd ]; then
  svc_log="$state_dir/service.log"
  # A masked unit cannot be enabled; enabling starts nothing.
  remask=no
  if unit_masked; then systemd_unmask && remask=yes; fi
  if ! systemctl is-enabled --quiet "$svc_unit" >/dev/null 2>&1 </dev/null; then
    systemctl enable "$svc_unit" >"$svc_log" 2>&1 </dev/null; enabled=$?
    wrote="$wrote$svc_unit
"
  else
    enabled=0
  fi
  if [ "$remask" = yes ]; then systemd_mask || fail RemoteCommandFailed yes "masking $svc_unit again failed: $(tail_of "$svc_log")"; fi
  [ "$enabled" = 0 ] || fail RemoteCommandFailed yes "systemctl enable $svc_unit failed: $(tail_of "$svc_log")"
fi
printf '%s' "$made" | out64 created
printf '%s' "$wrote" | out64 written
out snapshots "$(ls "$want_data/version-2" 2>/dev/null | grep -c '^snapshot\.')"
out logs "$(ls "$want_log/version-2" 2>/dev/null | grep -c '^log\.')"
`;

/** Needs max_bytes. */
export const READ_SERVICE_MAIN = String.raw`
if [ ! -e "$svc_path" ]; then return 0; fi
[ -f "$svc_path" ] && [ -r "$svc_path" ] || fail RemoteCommandFailed no "cannot read the service script $svc_path as $(id -un): correct service.path, or let that user read it"
size=$(stat -L -c %s "$svc_path")
if [ "$size" -gt "$max_bytes" ] || [ "$(tr -d '\0' <"$svc_path" | wc -c)" != "$size" ]; then
  fail Unsupported no "$svc_path is no script of at most $max_bytes bytes: put a service script on the new host by hand"
fi
out64 script <"$svc_path"
`;
