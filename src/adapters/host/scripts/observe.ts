/** Everything `observe` wants to know, in one round trip; reads only, so it takes no lock. */

/**
 * `installed_version`: sets installed (may be empty) and package_dir. A tarball's version is what its
 * own marker says, or what its directory or jar is named.
 */
export const PACKAGE_FACTS = String.raw`
version_in() { printf '%s\n' "$1" | grep -o '[0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*' | head -n 1; }
# tarball_version DIR: the version unpacked there, empty if it is no ZooKeeper
tarball_version() {
  if [ -f "$1/.zkferry-staged" ]; then sed -n 's/^version //p' "$1/.zkferry-staged"; return; fi
  for jar in "$1"/lib/zookeeper-[0-9]*.jar "$1"/zookeeper-[0-9]*.jar; do
    if [ -e "$jar" ]; then version_in "${'$'}{jar##*/}"; return; fi
  done
}
find_installed() {
  installed=
  case "$pkg_kind" in
    tarball) if [ -L "$pkg_current" ]; then installed=$(tarball_version "$(readlink -f "$pkg_current")"); fi ;;
    apt) installed=$(dpkg-query -W -f '$''{db:Status-Abbrev}=$''{Version}\n' "$pkg_name" 2>/dev/null | sed -n 's/^.i.*=//p' | head -n 1) ;;
    rpm) installed=$(rpm -q --qf '%{VERSION}-%{RELEASE}\n' "$pkg_name" 2>/dev/null) || installed= ;;
    commands) installed=$(sh -c "$pkg_installed" 2>/dev/null </dev/null | head -n 1) ;;
  esac
}
find_staged() {
  case "$pkg_kind" in
    tarball)
      for dir in "$pkg_root"/*/; do
        [ -d "$dir" ] || continue
        dir=${'$'}{dir%/}
        if [ "$dir" = "$pkg_current" ]; then continue; fi
        found=$(tarball_version "$dir")
        if [ -n "$found" ]; then printf '%s ' "$found"; fi
      done ;;
    apt)
      for file in /var/cache/apt/archives/"$pkg_name"_*.deb; do
        if [ -e "$file" ]; then version_in "${'$'}{file##*/}" | tr '\n' ' '; fi
      done ;;
  esac
}
`;

/** `find_java`: sets java_path: the running server's own, else javaHome's, else what the service would find. */
export const JAVA = String.raw`
env_file_value() {
  sed -n "s/^[[:space:]]*\(export[[:space:]][[:space:]]*\)\{0,1\}$2=//p" "$1" 2>/dev/null | tail -n 1 |
    tr -d '\r' | sed "s/^[\"']//; s/[\"'][[:space:]]*$//"
}
find_java() {
  java_path=
  if [ -n "$server_pid" ]; then java_path=$(readlink "/proc/$server_pid/exe" 2>/dev/null); fi
  case "$java_path" in */java) return ;; *) java_path= ;; esac
  for home in "$java_home" "$(env_file_value "$config_dir/java.env" JAVA_HOME)" "$(env_file_value "$config_dir/zookeeper-env.sh" JAVA_HOME)" "$(printenv JAVA_HOME)"; do
    if [ -z "$java_path" ] && [ -n "$home" ] && [ -x "$home/bin/java" ]; then java_path="$home/bin/java"; fi
  done
  if [ -z "$java_path" ]; then java_path=$(command -v java); fi
}
`;

export const OBSERVE_MAIN = String.raw`
server_pid=
if [ -n "$svc_kind" ]; then
  service_status
  out service_state "$svc_state"
  out masked "$svc_masked"
else
  svc_pid=
fi
if [ -n "$config_dir" ]; then find_pids; refuse_foreign_service; else server_pids=; fi
if [ -n "$svc_pid" ] && alive "$svc_pid"; then server_pid=$svc_pid; else first_of $server_pids; server_pid=$first; fi
if [ -n "$server_pid" ]; then
  out pid "$server_pid"
  out started_epoch "$(stat -c %Y "/proc/$server_pid" 2>/dev/null)"
  tr '\0' '\n' <"/proc/$server_pid/cmdline" 2>/dev/null | out64 cmdline
fi
if [ "$depth" = process ]; then out done yes; return; fi
if [ -e "$state_dir/client-fence.nft" ]; then out closed_to_clients yes; fi
find_java
if [ -n "$java_path" ] && [ "$depth" = full ]; then
  out java_path "$java_path"
  "$java_path" -version 2>&1 </dev/null | out64 java_version
fi
out memory_kib "$(sed -n 's/^MemTotal:[[:space:]]*\([0-9]*\).*/\1/p' /proc/meminfo)"
if [ -n "$config_dir" ] && [ -r "$config_dir/zoo.cfg" ]; then
  out64 zoo_cfg <"$config_dir/zoo.cfg"
  dynamic=$(cfg_value dynamicConfigFile)
  case "$dynamic" in ''|/*) ;; *) dynamic="$config_dir/$dynamic" ;; esac
  if [ -n "$dynamic" ] && [ -r "$dynamic" ]; then out dynamic_path "$dynamic"; out64 dynamic_cfg <"$dynamic"; fi
  for name in java.env zookeeper-env.sh environment; do
    if [ -r "$config_dir/$name" ]; then out64 java_env <"$config_dir/$name"; break; fi
  done
fi
if [ -n "$config_dir" ]; then find_data_dirs; fi
if [ -n "$data_dir" ] && [ -d "$data_dir" ]; then
  out data_dir "$data_dir"
  out log_dir "$log_dir"
  out myid "$(tr -dc '0-9' <"$data_dir/myid" 2>/dev/null)"
  out accepted_epoch "$(tr -d '[:space:]' <"$data_dir/version-2/acceptedEpoch" 2>/dev/null)"
  out current_epoch "$(tr -d '[:space:]' <"$data_dir/version-2/currentEpoch" 2>/dev/null)"
  ls -ln "$data_dir/version-2" 2>/dev/null | awk '$NF ~ /^snapshot\./ {print $5, $NF}' | out64 snapshots
  ls -n "$log_dir/version-2" 2>/dev/null | awk '$NF ~ /^log\./ {print $NF}' | out64 logs
  total=$(du -s -B1 --apparent-size "$data_dir/version-2" 2>/dev/null | cut -f1)
  other=0
  if ! same_file "$data_dir" "$log_dir"; then other=$(du -s -B1 --apparent-size "$log_dir/version-2" 2>/dev/null | cut -f1); fi
  out data_bytes "$(echo "$total $other" | awk '{printf "%.0f", $1 + $2}')"
  out data_free "$(free_bytes "$data_dir")"
  out backup_free "$(free_bytes "$backup_dir")"
fi
if [ -n "$pkg_kind" ]; then
  find_installed
  out installed "$installed"
  out staged "$(find_staged)"
  case "$pkg_kind" in tarball) out package_free "$(free_bytes "$pkg_root")" ;; *) out package_free "$(free_bytes /usr)" ;; esac
fi
out done yes
`;
