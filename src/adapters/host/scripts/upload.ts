/**
 * Brings a flat directory of data files to a host, file by file, each proven by its SHA-256 there. Every program needs
 * label, list_sha (of the list of files) and functions of its target:
 *
 * - `find_incoming`: sets in_data and in_log, where files are gathered; may be the same
 * - `upload_guard`: refuses, or sets complete=yes where all is done already
 * - `in_place DIR`: holds what this very step has put in its final place, which is nobody's to change any more
 * - `own_incoming PATH`: owner and mode of a directory or file
 * - `clear_other_uploads`: what steps before this one left; it may take over files of the list, which are proven after that
 */

export const UPLOAD = String.raw`
incoming_of() { case "$1" in log.*) printf '%s\n' "$in_log" ;; *) printf '%s\n' "$in_data" ;; esac; }
sha_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }
has_bytes() { [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %s "$1")" = "$2" ]; }
# check_gathered: every file is there, whole (its sum was proven when it came). Needs list.
check_gathered() {
  while read -r sha bytes name; do
    dir=$(incoming_of "$name")
    if in_place "$dir"; then continue; fi
    has_bytes "$dir/$name" "$bytes" || fail RemoteCommandFailed yes "$dir/$name is not there as it was sent: try again; nothing was put in place"
  done <<LIST
$list
LIST
}
`;

/**
 * Needs list (`sha256 bytes name` lines), spare_bytes (for what the server writes itself). Says which files are to be
 * sent; what dead attempts left goes, but for whole files of this step.
 */
export const PREPARE_UPLOAD_MAIN = String.raw`
clear_unlisted() {
  ls -A "$1" | grep -vxF -f "$state_dir/upload.names" | while IFS= read -r name; do rm -f "$1/$name"; done
}
check_space() {
  free=$(free_bytes "$1")
  if [ "$free" -lt "$2" ]; then fail NoDiskSpace no "$1 has $free bytes free, the data need about $2: make room; nothing was put in place"; fi
}
fence_enter
complete=no
upload_guard
out complete "$complete"
if [ "$complete" = yes ]; then return 0; fi
find_incoming
umask 077
printf '%s\n' "$list" | cut -d' ' -f3 >"$state_dir/upload.names" || fail RemoteCommandFailed yes "cannot write in $state_dir"
for dir in "$in_data" "$in_log"; do
  if in_place "$dir"; then continue; fi
  mkdir -p "$dir" && own_incoming "$dir" ||
    fail RemoteCommandFailed no "cannot create $dir with the owner of the directory it is in, as $(id -un): set ssh.user root or ssh.become sudo; nothing was put in place"
  clear_unlisted "$dir"
done
clear_other_uploads
missing=; need_data=0; need_log=0
while read -r sha bytes name; do
  dir=$(incoming_of "$name")
  if in_place "$dir"; then continue; fi
  if has_bytes "$dir/$name" "$bytes" && [ "$(sha_of "$dir/$name")" = "$sha" ]; then progress "has $name"; continue; fi
  rm -f "$dir/$name"
  missing="$missing$name
"
  case "$name" in log.*) need_log=$(( need_log + bytes )) ;; *) need_data=$(( need_data + bytes )) ;; esac
done <<LIST
$list
LIST
if [ "$(stat -L -c %d "$in_data")" = "$(stat -L -c %d "$in_log")" ]; then
  check_space "$in_data" $(( need_data + need_log + spare_bytes ))
else
  check_space "$in_data" $(( need_data + spare_bytes ))
  check_space "$in_log" $(( need_log + spare_bytes ))
fi
printf '%s' "$missing" | out64 missing
`;

/** Needs name, sha, bytes; the file comes on standard input. */
export const RECEIVE_MAIN = String.raw`
fence_enter
find_incoming
dir=$(incoming_of "$name")
[ -d "$dir" ] && ! in_place "$dir" || fail RemoteCommandFailed yes "the directory that was made for the data, $dir, is gone: try again"
umask 077
part="$dir/.part-$name"
rm -f "$part"
if ! cat >"$part"; then
  rm -f "$part"
  if [ "$(free_bytes "$dir")" -lt 1048576 ]; then fail NoDiskSpace no "$dir is full: make room, then try again"; fi
  fail RemoteCommandFailed yes "writing $part failed"
fi
if ! has_bytes "$part" "$bytes"; then
  got=$(stat -c %s "$part"); rm -f "$part"
  fail RemoteCommandFailed yes "the upload of $name broke off at $got of $bytes bytes: try again"
fi
got=$(sha_of "$part")
if [ "$got" != "$sha" ]; then
  rm -f "$part"
  fail ChecksumMismatch yes "$name came with the SHA-256 $got, expected $sha: it changed on its way, or while it was read; try again"
fi
own_incoming "$part" || fail RemoteCommandFailed no "cannot give $part the owner and mode of its directory as $(id -un): set ssh.user root or ssh.become sudo"
sync_path "$part"
mv -fT "$part" "$dir/$name" || fail RemoteCommandFailed yes "cannot rename $part"
`;
