/** Finds the server's process by what it is, not by what a pid file says. */

/**
 * `find_pids`: pids of JVMs that run ZooKeeper with this server's zoo.cfg (several servers may share a
 * host). Sets server_pids. Needs config_dir.
 */
export const PROCESS = String.raw`
# stat_of PID: sets stat_state, stat_parent and stat_started (ticks), empty where there is none. Looking at every process
# again and again must cost a host no processes.
stat_of() {
  stat_line=
  # The name of a process, in parentheses, may hold anything.
  { while IFS= read -r stat_part; do stat_line="$stat_line$stat_part"; done <"/proc/$1/stat"; } 2>/dev/null
  set -- ${'$'}{stat_line##*) }
  stat_state=${'$'}{1:-}; stat_parent=${'$'}{2:-}; stat_started=${'$'}{20:-}
}
alive() {
  stat_of "$1"
  case "$stat_state" in ''|Z|X) return 1 ;; esac
}
# first_of WORDS: sets first
first_of() { first=; if [ $# -gt 0 ]; then first=$1; fi; }
same_file() { [ "$1" = "$2" ] || [ "$1" -ef "$2" ]; }
runs_our_config() {
  found=1
  cmdline_args=$(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -a '\.cfg$\|/zoo[^/]*$')
  old_ifs=$IFS; IFS='
'
  for candidate in $cmdline_args; do
    if same_file "$candidate" "$config_dir/zoo.cfg"; then found=0; fi
  done
  IFS=$old_ifs
  return $found
}
find_pids() {
  server_pids=; other_pids=
  for hit in $(grep -l -a -E 'org\.apache\.zookeeper\.server\.(quorum\.QuorumPeerMain|ZooKeeperServerMain)' /proc/[0-9]*/cmdline 2>/dev/null); do
    pid=${'$'}{hit#/proc/}; pid=${'$'}{pid%%/*}
    case "$(readlink "/proc/$pid/exe" 2>/dev/null)" in */sh|*/dash|*/bash|*/sudo|*/timeout|*/grep) continue ;; esac
    alive "$pid" || continue
    if runs_our_config "$pid"; then server_pids="$server_pids $pid"; else other_pids="$other_pids $pid"; fi
  done
}
# belongs_to PID ANCESTOR
belongs_to() {
  at=$1
  while [ -n "$at" ] && [ "$at" -gt 1 ]; do
    if [ "$at" = "$2" ]; then return 0; fi
    stat_of "$at"; at=$stat_parent
  done
  return 1
}
`;

/**
 * `service_status`: sets svc_state (running, stopped), svc_pid, svc_masked (yes, no, unknown).
 * `service_do VERB`: start, stop, mask, unmask; output in $svc_log; the daemon gets no lock.
 * Needs svc_kind and what that kind has: svc_unit, svc_path, svc_start, svc_stop, svc_status, svc_mask,
 * svc_unmask. A unit file in /etc cannot be masked at run time, so a drop-in whose condition never
 * holds does it there.
 */
export const SERVICE = String.raw`
drop_in_dir="/run/systemd/system/$svc_unit.d"
drop_in="$drop_in_dir/zz-zkferry-mask.conf"
service_status() {
  svc_state=stopped; svc_pid=; svc_masked=no
  case "$svc_kind" in
    systemd)
      svc_out=$(systemctl show -p MainPID -p ActiveState -p LoadState "$svc_unit" 2>&1 </dev/null) ||
        fail RemoteCommandFailed yes "systemctl show $svc_unit failed: $svc_out"
      svc_pid=$(printf '%s\n' "$svc_out" | sed -n 's/^MainPID=\([1-9][0-9]*\)$/\1/p')
      case "$svc_out" in *ActiveState=active*|*ActiveState=activating*|*ActiveState=deactivating*|*ActiveState=reloading*) svc_state=running ;; esac
      case "$svc_out" in *LoadState=masked*) svc_masked=yes ;; esac
      if [ -e "$drop_in" ]; then svc_masked=yes; fi ;;
    script|commands)
      # A host nothing was ever put on: there is no script yet, so nothing it could have started.
      if [ "$svc_kind" = script ] && [ ! -e "$svc_path" ]; then svc_masked=unknown; return 0; fi
      if [ "$svc_kind" = script ]; then svc_out=$("$svc_path" status 2>&1 </dev/null); else svc_out=$(sh -c "$svc_status" 2>&1 </dev/null); fi
      svc_code=$?
      case "$svc_code" in
        0) svc_state=running ;;
        1|2|3) ;;
        *) fail RemoteCommandFailed yes "the service's status command failed with exit code $svc_code: $svc_out" ;;
      esac
      svc_pid=$(printf '%s\n' "$svc_out" | sed -n '/^.*pid[ :=]*[1-9]/{s/^.*pid[ :=]*\([1-9][0-9]*\).*$/\1/p;q;}')
      case "$svc_out" in *masked*) if printf '%s' "$svc_out" | grep -qw masked; then svc_masked=yes; fi ;; esac
      if [ "$svc_kind" = commands ] && [ -z "$svc_mask" ]; then svc_masked=unknown; fi ;;
  esac
  if [ "$svc_state" = stopped ]; then svc_pid=; fi
}
service_there() { [ -n "$svc_kind" ] && { [ "$svc_kind" != script ] || [ -e "$svc_path" ]; }; }
service_do() {
  svc_log="$state_dir/service.log"
  : >"$svc_log"
  case "$svc_kind $1" in
    'systemd start') systemctl start "$svc_unit" >"$svc_log" 2>&1 </dev/null 9>&- ;;
    'systemd stop') systemctl stop "$svc_unit" >"$svc_log" 2>&1 </dev/null ;;
    'systemd mask') systemd_mask ;;
    'systemd unmask') systemd_unmask ;;
    'script start') "$svc_path" start >"$svc_log" 2>&1 </dev/null 9>&- ;;
    script*) "$svc_path" "$1" >"$svc_log" 2>&1 </dev/null ;;
    'commands start') sh -c "$svc_start" >"$svc_log" 2>&1 </dev/null 9>&- ;;
    'commands stop') sh -c "$svc_stop" >"$svc_log" 2>&1 </dev/null ;;
    'commands mask') [ -z "$svc_mask" ] || sh -c "$svc_mask" >"$svc_log" 2>&1 </dev/null ;;
    'commands unmask') [ -z "$svc_unmask" ] || sh -c "$svc_unmask" >"$svc_log" 2>&1 </dev/null ;;
  esac
}
systemd_mask() {
  systemctl mask --runtime "$svc_unit" >>"$svc_log" 2>&1 </dev/null
  case "$(systemctl show -p LoadState "$svc_unit" 2>/dev/null </dev/null)" in LoadState=masked) return 0 ;; esac
  mkdir -p "$drop_in_dir" && printf '[Unit]\nConditionPathExists=!/\n[Service]\nRestart=no\n' >"$drop_in" &&
    systemctl daemon-reload >>"$svc_log" 2>&1 </dev/null
}
systemd_unmask() {
  if [ -e "$drop_in" ]; then rm -f "$drop_in"; rmdir "$drop_in_dir" 2>/dev/null; fi
  systemctl unmask --runtime "$svc_unit" >>"$svc_log" 2>&1 </dev/null &&
    systemctl daemon-reload >>"$svc_log" 2>&1 </dev/null
}
# refuse_foreign_service: after find_pids and service_status; a service of another server must not be touched
refuse_foreign_service() {
  [ -n "$svc_pid" ] || return 0
  for pid in $other_pids; do
    if belongs_to "$pid" "$svc_pid"; then
      fail GuardRefused no "the service named for this server runs process $pid, a ZooKeeper server with another configuration than $config_dir/zoo.cfg: correct service or directories.config in the inventory; nothing was done"
    fi
  done
}
# all_pids: the service's own process and every other that runs this configuration, alive ones only
all_pids() {
  find_pids
  case " $server_pids " in *" $svc_pid "*) ;; *) if [ -n "$svc_pid" ] && alive "$svc_pid"; then server_pids="$server_pids $svc_pid"; fi ;; esac
}
`;

/** Needs timeout_ms. Mask, stop, and wait until every process that was there is proven gone. */
export const STOP_MAIN = String.raw`
fence_enter
service_status
find_pids
refuse_foreign_service
all_pids
to_stop=$server_pids
marks=
for pid in $to_stop; do stat_of "$pid"; marks="$marks $pid:$stat_started"; done
service_do mask || fail RemoteCommandFailed yes "masking the service failed: $(tail_of "$svc_log")"
first_of $to_stop
if [ -z "$first" ] && [ "$svc_state" = stopped ]; then out already_stopped yes; return 0; fi
deadline=$(( $(now_ms) + timeout_ms ))
service_do stop &
stopper=$!
stop_code=
while :; do
  left=
  for mark in $marks; do
    pid=${'$'}{mark%%:*}
    if alive "$pid" && [ "$pid:$stat_started" = "$mark" ]; then left="$left $pid"; fi
  done
  if [ -z "$stop_code" ] && ! alive "$stopper"; then wait "$stopper"; stop_code=$?; fi
  if [ -z "$left" ] && [ -n "$stop_code" ]; then break; fi
  if [ "$(now_ms)" -ge "$deadline" ]; then
    abandon_children
    fail WaitTimedOut yes "the server's process$left did not end within $timeout_ms ms of a graceful stop; it stays masked: look at its log, end it by hand if it hangs, then try again. $(tail_of "$state_dir/service.log")"
  fi
  sleep 0.1
done
service_status
all_pids
first_of $server_pids
if [ -n "$first" ]; then
  fail RemoteCommandFailed yes "after the stop process$server_pids runs although the service is masked: something else starts it"
fi
if [ "$stop_code" != 0 ] && [ "$svc_state" = running ]; then
  fail RemoteCommandFailed yes "the service's stop failed with exit code $stop_code: $(tail_of "$state_dir/service.log")"
fi
out already_stopped no
`;

/** Needs timeout_ms: how long the process may take to appear (not: to serve). */
export const START_MAIN = String.raw`
fence_enter
service_status
find_pids
refuse_foreign_service
all_pids
first_of $server_pids
if [ -n "$first" ] && [ "$svc_state" != running ]; then
  fail GuardRefused no "process$server_pids already runs this server's configuration, but the service says it is stopped: a second copy is never started; stop that process first"
fi
if [ "$svc_state" = running ] && [ -n "$first" ]; then
  if [ "$svc_masked" = yes ]; then service_do unmask || fail RemoteCommandFailed yes "unmasking the service failed: $(tail_of "$svc_log")"; fi
  out already_running yes
  out pid "$first"
  return 0
fi
service_do unmask || fail RemoteCommandFailed yes "unmasking the service failed: $(tail_of "$svc_log")"
service_do start || fail RemoteCommandFailed yes "starting the service failed with exit code $?: $(tail_of "$svc_log")"
deadline=$(( $(now_ms) + timeout_ms ))
seen=
while :; do
  service_status
  all_pids
  first_of $server_pids
  # A JVM that dies of its configuration does so after a moment: the same process must be seen twice.
  if [ -n "$first" ] && [ "$first" = "$seen" ]; then break; fi
  seen=$first
  if [ "$(now_ms)" -ge "$deadline" ]; then
    fail RemoteCommandFailed yes "the service was started, but no server process was there after $timeout_ms ms: $(tail_of "$svc_log")"
  fi
  sleep 0.2
done
out already_running no
out pid "$seen"
`;
