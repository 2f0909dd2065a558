/** Shell functions every host script has: results on stdout, errors and progress on stderr. */

/**
 * - `fail TYPE RETRYABLE message`: ends the script; TYPE is an error type of the model. Never called in
 *   a subshell, where it would only end that.
 * - `out key value`, `out64 key` (value from standard input): one result line each
 * - `progress text`: becomes a heartbeat
 * - `abandon_children`: what a failed step started (all of it shares our process group) must not act on
 */
export const BASE = String.raw`
set -u
LC_ALL=C; export LC_ALL
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"; export PATH
# one_line WORDS: sets flat
one_line() { flat=$*; case "$flat" in *[[:cntrl:]]*) flat=$(printf '%s' "$flat" | tr '\n\r' '  ') ;; esac; }
fail() {
  fail_type=$1; fail_retry=$2; shift 2
  one_line "$@"
  printf 'zkferry-error %s %s %s\n' "$fail_type" "$fail_retry" "$flat" >&2
  exit 70
}
# One write, as several may be printed at once.
out() { one_line "$2"; printf '%s=%s\n' "$1" "$flat"; }
out64() { printf '%s:=%s\n' "$1" "$(base64 | tr -d '\n')"; }
progress() { one_line "$@"; printf 'zkferry-progress %s\n' "$flat" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
sync_path() { sync "$1" 2>/dev/null || sync; }
tail_of() { tail -c 1500 "$1" 2>/dev/null | tr '\n' ' '; }
# free_bytes PATH: of the file system that holds PATH or its nearest existing parent
free_bytes() {
  free_at=$1
  while [ ! -e "$free_at" ] && [ "$free_at" != / ]; do free_at=$(dirname "$free_at"); done
  df -P -k "$free_at" 2>/dev/null | awk 'NR==2 {printf "%.0f\n", $4 * 1024}'
}
abandon_children() { trap '' TERM; kill -s TERM 0 2>/dev/null; sleep 0.2; }
now_ms() { date +%s%3N; }
# owner_mode_like REFERENCE FILE
owner_mode_like() {
  chmod --reference="$1" "$2" && { [ "$(stat -c %u:%g "$1")" = "$(stat -c %u:%g "$2")" ] || chown --reference="$1" "$2"; }
}
`;

/**
 * `fence_enter`: takes the lock (held by this process until it ends), then refuses a token older than
 * the newest one seen. Needs state_dir, token, operation, lock_wait (seconds).
 *
 * The lock is file descriptor 9. What is started as a daemon must not inherit it (`9>&-`); anything
 * else may, so that the lock also outlives this shell for as long as a child of it still acts.
 */
export const FENCE = String.raw`
fence_enter() {
  have flock || fail Unsupported no "the host has no flock: install util-linux"
  ( umask 077; mkdir -p "$state_dir" && chmod 700 "$state_dir" ) 2>/dev/null ||
    fail RemoteCommandFailed no "cannot create the state directory $state_dir as $(id -un): create it for that user, or set directories.state"
  ( : >>"$state_dir/lock" ) 2>/dev/null ||
    fail RemoteCommandFailed no "cannot write in the state directory $state_dir as $(id -un)"
  exec 9>>"$state_dir/lock"
  flock -w "$lock_wait" 9 ||
    fail HostBusy yes "another operation holds $state_dir/lock for more than $lock_wait s: $(cat "$state_dir/holder" 2>/dev/null)"
  fence_seen=$(cat "$state_dir/fence" 2>/dev/null)
  if [ -n "$fence_seen" ] && expr "x$token" '<' "x$fence_seen" >/dev/null; then
    fail StaleFence no "token $token is older than $fence_seen, which already acted on this host: this attempt must not continue"
  fi
  ( umask 077
    if [ "$token" != "$fence_seen" ]; then
      printf '%s\n' "$token" >"$state_dir/fence.tmp" && sync_path "$state_dir/fence.tmp" &&
        mv -f "$state_dir/fence.tmp" "$state_dir/fence" && sync_path "$state_dir"
    fi &&
    printf 'pid %s, %s, token %s, since %s\n' "$$" "$operation" "$token" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$state_dir/holder"
  ) || fail RemoteCommandFailed yes "cannot record the fence token in $state_dir"
}
`;

/**
 * `cfg_value KEY`: the last value of a setting of zoo.cfg, empty if it has none. Needs config_dir.
 * `absolute_data_dirs CONSEQUENCE`: find_data_dirs, refused where they mean nothing to us.
 */
export const ZOO_CFG = String.raw`
cfg_value() {
  sed -n "/^[[:space:]]*$1[[:space:]]*[=:]/{s/^[[:space:]]*$1[[:space:]]*[=:][[:space:]]*//;s/[[:space:]]*$//;p;}" "$config_dir/zoo.cfg" 2>/dev/null |
    tail -n 1
}
find_data_dirs() {
  [ -n "$data_dir" ] || data_dir=$(cfg_value dataDir)
  [ -n "$log_dir" ] || log_dir=$(cfg_value dataLogDir)
  [ -n "$log_dir" ] || log_dir=$data_dir
}
absolute_data_dirs() {
  find_data_dirs
  for dir in "$data_dir" "$log_dir"; do
    case "$dir" in ''|/*) ;; *) fail Unsupported no "the data directory $dir is relative to wherever the server was started: set directories.data in the inventory; $1" ;; esac
  done
}
`;
