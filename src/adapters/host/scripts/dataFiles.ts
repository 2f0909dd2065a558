/** Lists and reads a server's data files; changes nothing, so it takes no lock. */

const READABLE = String.raw`
readable_data_dirs() {
  absolute_data_dirs "nothing was read"
  [ -n "$data_dir" ] || fail RemoteCommandFailed no "cannot tell the data directory: $config_dir/zoo.cfg names no dataDir, or cannot be read as $(id -un): correct directories.config, or set directories.data"
  for dir in "$data_dir" "$log_dir"; do
    [ -d "$dir" ] || fail RemoteCommandFailed no "there is no data directory $dir: correct directories.data or dataDir"
    if [ -e "$dir/version-2" ] && { [ ! -r "$dir/version-2" ] || [ ! -x "$dir/version-2" ]; }; then
      fail RemoteCommandFailed no "cannot read $dir/version-2 as $(id -un): set ssh.user or ssh.become to who may"
    fi
  done
}
`;

/** Needs max_files. A file that is purged meanwhile is left out. */
export const LIST_DATA_MAIN =
  READABLE +
  String.raw`
list_files() {
  if [ ! -e "$1/version-2" ]; then return 0; fi
  find "$1/version-2/" -maxdepth 1 -type f \( -name 'snapshot.*' -o -name 'log.*' \) ! -name '*[!a-z0-9.]*' -exec stat -c '%s %Y %n' '{}' + 2>/dev/null |
    sed 's,^\([0-9]* [0-9]*\) .*/,\1 ,'
}
readable_data_dirs
one=no; if same_file "$data_dir" "$log_dir"; then one=yes; fi
count=$(list_files "$data_dir" | wc -l)
if [ "$one" = no ]; then count=$(( count + $(list_files "$log_dir" | wc -l) )); fi
if [ "$count" -gt "$max_files" ]; then
  fail Unsupported no "the server's data are $count files, at most $max_files are listed: let it purge old ones (autopurge.purgeInterval)"
fi
out data_dir "$data_dir"; out log_dir "$log_dir"; out one "$one"
list_files "$data_dir" | out64 data_files
if [ "$one" = no ]; then list_files "$log_dir" | out64 log_files; fi
`;

/**
 * Needs name, directory (data, log), from_offset, max_bytes. Says how many bytes come as a progress line; they are all
 * of its standard output. Once it is open, a file that is purged can still be read.
 */
export const READ_DATA_MAIN =
  READABLE +
  String.raw`
readable_data_dirs
if [ "$directory" = log ]; then dir=$log_dir; else dir=$data_dir; fi
file="$dir/version-2/$name"
if [ ! -e "$file" ] && [ ! -L "$file" ]; then fail ObjectMissing no "$file is not there: the server may have purged it; list its files again"; fi
[ -f "$file" ] && [ ! -L "$file" ] && [ -r "$file" ] || fail RemoteCommandFailed no "$file is no file that can be read as $(id -un)"
exec 3<"$file"
size=$(stat -L -c %s /proc/self/fd/3)
left=$(( size - from_offset ))
if [ "$left" -lt 0 ]; then fail InvalidInput no "$file has $size bytes, none from $from_offset on: it is another file than it was; list the files again"; fi
if [ "$left" -gt "$max_bytes" ]; then left=$max_bytes; fi
progress "sends $left"
tail -c "+$(( from_offset + 1 ))" <&3 | head -c "$left"
`;
