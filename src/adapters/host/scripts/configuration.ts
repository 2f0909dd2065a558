/** Configuration files: read, replace one, save all, put all back. */

/**
 * `conf_files`: names of the files and links that belong to the configuration, relative, one a line.
 * Data never does, even where it lies in the same directory. Needs config_dir.
 */
const CONF_FILES = String.raw`
conf_files() {
  ( cd "$1" && find . \( -type d \( -name version-2 -o -name '.zkferry-*' \) \) -prune -o \
      \( -type f -o -type l \) ! -name myid ! -name '*.pid' ! -name acceptedEpoch ! -name currentEpoch \
      ! -name '.zkferry-*' -print ) | sed 's,^\./,,' | sort
}
skip_data_inside() {
  find_data_dirs
  conf_real=$(readlink -f "$config_dir")
  for dir in "$data_dir" "$log_dir"; do
    case "$(readlink -f "$dir" 2>/dev/null)" in
      "$conf_real") ;;
      "$conf_real"/*) fail Unsupported no "the data directory $dir lies inside the configuration directory $config_dir: move one of them first" ;;
    esac
  done
}
`;

export const READ_CONFIGURATION_MAIN = String.raw`
[ -r "$config_dir/zoo.cfg" ] || fail RemoteCommandFailed no "cannot read $config_dir/zoo.cfg as $(id -un): correct directories.config, or give that user the right to read it"
out64 zoo_cfg <"$config_dir/zoo.cfg"
for name in java.env zookeeper-env.sh; do
  if [ -r "$config_dir/$name" ]; then out env_path "$config_dir/$name"; out64 java_env <"$config_dir/$name"; break; fi
done
`;

/** Needs path, expected (sha256), wanted (sha256), payload (base64). */
export const WRITE_FILE_MAIN = String.raw`
fence_enter
[ -f "$path" ] || fail RemoteCommandFailed no "$path is not there to be replaced"
path=$(readlink -f "$path")
seen=$(sha256sum "$path" | cut -d' ' -f1)
if [ "$seen" = "$wanted" ]; then out written no; return 0; fi
if [ "$seen" != "$expected" ]; then
  fail GuardRefused no "$path has changed since it was read (sha256 $seen, expected $expected): somebody else edits it; read it again"
fi
dir=$(dirname "$path")
temp="$dir/.zkferry-$(basename "$path").new"
rm -f "$temp"
( umask 077; printf '%s' "$payload" | base64 -d >"$temp" ) && owner_mode_like "$path" "$temp" || { rm -f "$temp"; fail RemoteCommandFailed no "cannot write $temp with the owner and mode of $path as $(id -un)"; }
[ "$(sha256sum "$temp" | cut -d' ' -f1)" = "$wanted" ] || { rm -f "$temp"; fail RemoteCommandFailed yes "writing $temp broke off"; }
sync_path "$temp"
mv -f "$temp" "$path" || fail RemoteCommandFailed yes "cannot rename $temp to $path"
sync_path "$dir"
out written yes
`;

/** `copy_conf FROM TO`: bytes, owner, mode and times; links stay links. */
const COPY_CONF = String.raw`
copy_conf() {
  conf_files "$1" >"$state_dir/conf.list"
  ( cd "$1" && tar -cf - --no-recursion -T "$state_dir/conf.list" ) | ( umask 0; cd "$2" && tar -xpf - )
  copied=$?
  rm -f "$state_dir/conf.list"
  [ "$copied" = 0 ] && [ "$(conf_files "$1" | wc -l)" = "$(conf_files "$2" | wc -l)" ]
}
`;

/** Needs label. The copy is complete once it carries its final name. */
export const SAVE_CONFIGURATION_MAIN =
  CONF_FILES +
  COPY_CONF +
  String.raw`
fence_enter
saved="$state_dir/configurations/$label"
if [ -d "$saved" ]; then out directory "$saved"; out files "$(conf_files "$saved/files" | wc -l)"; return 0; fi
[ -d "$config_dir" ] || fail RemoteCommandFailed no "there is no configuration directory $config_dir"
skip_data_inside
count=$(conf_files "$config_dir/" | wc -l)
bytes=$(conf_files "$config_dir/" | ( cd "$config_dir/" && tr '\n' '\0' | xargs -0 -r stat -L -c %s 2>/dev/null ) | awk '{s += $1} END {printf "%.0f", s}')
if [ "$count" -gt 2000 ] || [ "$bytes" -gt 67108864 ]; then
  fail Unsupported no "$config_dir holds $count files of $bytes bytes: too much for a configuration (2000 files, 64 MiB); correct directories.config"
fi
umask 077
rm -rf "$state_dir/configurations/".incoming-*
temp="$state_dir/configurations/.incoming-$label"
mkdir -p "$temp/files"
copy_conf "$config_dir/" "$temp/files" || fail RemoteCommandFailed yes "copying $config_dir to $temp failed: $(free_bytes "$state_dir") bytes are free"
dynamic=$(cfg_value dynamicConfigFile)
printf '%s\n' "$dynamic" >"$temp/dynamic.path"
case "$dynamic" in /*) if [ -f "$dynamic" ]; then cp -p "$dynamic" "$temp/dynamic.file"; fi ;; esac
sync -f "$temp" 2>/dev/null || sync
mv -T "$temp" "$saved" || fail RemoteCommandFailed yes "cannot rename $temp to $saved"
sync_path "$state_dir/configurations"
out directory "$saved"
out files "$(conf_files "$saved/files" | wc -l)"
`;

export const RESTORE_CONFIGURATION_MAIN =
  CONF_FILES +
  String.raw`
fence_enter
saved="$state_dir/configurations/$label"
if [ ! -d "$saved/files" ]; then out restored no; return 0; fi
skip_data_inside
mkdir -p "$config_dir" || fail RemoteCommandFailed no "cannot create $config_dir"
target=$(readlink -f "$config_dir")
conf_files "$saved/files" >"$state_dir/conf.saved"
same() { [ -e "$2" ] && [ "$(stat -c '%u:%g:%a:%F' "$1")" = "$(stat -c '%u:%g:%a:%F' "$2")" ] && cmp -s "$1" "$2"; }
while IFS= read -r name; do
  if [ ! -L "$saved/files/$name" ] && same "$saved/files/$name" "$target/$name"; then continue; fi
  mkdir -p "$target/$(dirname "$name")"
  temp="$target/$(dirname "$name")/.zkferry-restore"
  rm -f "$temp"
  cp -a "$saved/files/$name" "$temp" && { [ -L "$temp" ] || sync_path "$temp"; } && mv -T "$temp" "$target/$name" ||
    fail RemoteCommandFailed yes "cannot put $name back into $target"
done <"$state_dir/conf.saved"
# An absolute dynamic configuration elsewhere comes back too; ones that ZooKeeper wrote since go.
dynamic=$(cat "$saved/dynamic.path" 2>/dev/null)
if [ -f "$saved/dynamic.file" ]; then
  case "$dynamic" in "$target"/*|"$config_dir"/*) ;; *) cp -a "$saved/dynamic.file" "$dynamic.zkferry" && mv -T "$dynamic.zkferry" "$dynamic" || fail RemoteCommandFailed yes "cannot put $dynamic back" ;; esac
fi
conf_files "$target" | grep -vxF -f "$state_dir/conf.saved" >"$state_dir/conf.extra"
while IFS= read -r name; do
  rm -f "$target/$name" || fail RemoteCommandFailed yes "cannot remove $target/$name, which came after the copy"
done <"$state_dir/conf.extra"
rm -f "$state_dir/conf.saved" "$state_dir/conf.extra"
sync -f "$target" 2>/dev/null || sync
out restored yes
`;

/** Needs command (filled in). Its output is the result. */
export const HOOK_MAIN = String.raw`
fence_enter
sh -c "$command" </dev/null >"$state_dir/hook.log" 2>&1
code=$?
tail -c 65536 "$state_dir/hook.log" | out64 output
if [ "$code" != 0 ]; then fail RemoteCommandFailed yes "the hook failed with exit code $code: $(tail_of "$state_dir/hook.log")"; fi
`;
