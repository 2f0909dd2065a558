/**
 * What is run on a client's host. Under `redirects/<label>` of the state directory one run keeps, of each file it
 * changed, `<n>/old` (the file itself: bytes, owner, mode, times), `<n>/path` and `<n>/wanted` (SHA-256 of what it
 * wrote); `<n>.back` the same of a file that somebody else had changed when it was led back; and `told`: the direction that the client was told last, removed before a file is touched.
 */

/** Needs label, index, path. */
const RECORD = String.raw`
record="$state_dir/redirects/$label"
kept="$record/$index"
sha_of() { sha256sum "$1" | cut -d' ' -f1; }
same_rights() { [ "$(stat -c %u:%g:%a "$1")" = "$(stat -c %u:%g:%a "$2")" ]; }
untell() { rm -f "$record/told" && sync_path "$record" || fail RemoteCommandFailed yes "cannot write in $record as $(id -un)"; }
temp_beside() { temp="$(dirname "$path")/.zkferry-$(basename "$path").new"; }
`;

/** Needs label, path, max_bytes; changes nothing. A file that is a link is the one it leads to. */
export const READ_FILE_MAIN = String.raw`
begun=no
if [ -n "$label" ] && [ -d "$state_dir/redirects/$label" ]; then begun=yes; fi
out begun "$begun"
if [ -z "$path" ]; then return 0; fi
[ -e "$path" ] || fail RedirectFailed no "$path is not there: correct files.path of the client in the inventory"
[ -f "$path" ] && [ -r "$path" ] || fail RedirectFailed no "$path cannot be read as $(id -un): give that user the right, or set ssh.user or ssh.become"
path=$(readlink -f "$path")
[ "$(stat -c %s "$path")" -le "$max_bytes" ] || fail Unsupported no "$path is larger than $max_bytes bytes: no configuration that is edited here"
dir=$(dirname "$path")
if ! [ -w "$dir" ]; then out unwritable "$dir cannot be written in as $(id -un), and $path is replaced by a rename there: give that user the right, or set ssh.user root or ssh.become sudo"
elif [ "$(id -u)" != 0 ] && [ "$(stat -c %u "$path")" != "$(id -u)" ]; then out unwritable "$path belongs to $(stat -c %U "$path"), and $(id -un) cannot give a new one that owner: set ssh.user to the owner, or root, or ssh.become sudo"
fi
out content "$(base64 <"$path" | tr -d '\n')"
`;

/**
 * Needs label, index, path, expected and wanted (SHA-256), payload (base64). The record comes before the file, so that
 * a run cut off between them finds its way back; one that is there already is kept where it is of this very file.
 */
export const EDIT_FILE_MAIN =
  RECORD +
  String.raw`
keep_old() {
  if [ -f "$kept/old" ] && cmp -s "$kept/old" "$path" && same_rights "$kept/old" "$path" && [ "$(cat "$kept/wanted")" = "$wanted" ]; then return 0; fi
  rm -rf "$record/.incoming"
  mkdir -p "$record/.incoming" && cp -p "$path" "$record/.incoming/old" &&
    printf '%s\n' "$path" >"$record/.incoming/path" && printf '%s\n' "$wanted" >"$record/.incoming/wanted" ||
    fail RemoteCommandFailed yes "cannot keep a copy of $path in $record as $(id -un): $(free_bytes "$state_dir") bytes are free there; nothing was changed"
  sync -f "$record/.incoming" 2>/dev/null || sync
  if [ -d "$kept" ]; then
    n=1; while [ -e "$kept.$n" ]; do n=$(( n + 1 )); done
    mv -T "$kept" "$kept.$n" || fail RemoteCommandFailed yes "cannot rename $kept; nothing was changed"
  fi
  mv -T "$record/.incoming" "$kept" || fail RemoteCommandFailed yes "cannot rename $record/.incoming; nothing was changed"
  sync_path "$record"
}
fence_enter
[ -f "$path" ] || fail FileChanged no "$path is no longer there: somebody else has removed it; put it back, then resume"
path=$(readlink -f "$path")
umask 077
mkdir -p "$record" || fail RemoteCommandFailed no "cannot create $record as $(id -un)"
seen=$(sha_of "$path")
if [ "$seen" = "$wanted" ]; then out edited no; return 0; fi
if [ "$seen" != "$expected" ]; then
  fail FileChanged yes "$path has changed since it was looked at (SHA-256 $seen, expected $expected): somebody else edits it this very moment; nothing was changed"
fi
keep_old
temp_beside
rm -f "$temp"
printf '%s' "$payload" | base64 -d >"$temp" && owner_mode_like "$path" "$temp" || { rm -f "$temp"; fail RemoteCommandFailed no "cannot write $temp with the owner and mode of $path as $(id -un): set ssh.user root or ssh.become sudo; nothing was changed"; }
[ "$(sha_of "$temp")" = "$wanted" ] || { rm -f "$temp"; fail RemoteCommandFailed yes "writing $temp broke off: $(free_bytes "$(dirname "$path")") bytes are free there"; }
sync_path "$temp"
untell
# The last look: what came since would be lost by the rename.
[ "$(sha_of "$path")" = "$expected" ] || { rm -f "$temp"; fail FileChanged yes "$path has just been changed by somebody else; their change was kept"; }
mv -fT "$temp" "$path" || fail RemoteCommandFailed yes "cannot rename $temp to $path"
sync_path "$(dirname "$path")"
out edited yes
`;

/**
 * Needs label, index, path, max_bytes. The copy stays in the record. A file that is neither as it was left nor as it was
 * is told (`changed`) and left as it is: what becomes of it depends on what it says.
 */
export const RESTORE_FILE_MAIN =
  RECORD +
  String.raw`
fence_enter
if [ ! -d "$record" ]; then out begun no; return 0; fi
out begun yes
if [ ! -f "$kept/old" ]; then out restored no; return 0; fi
if [ -f "$path" ]; then path=$(readlink -f "$path"); fi
if [ -f "$path" ] && cmp -s "$kept/old" "$path" && same_rights "$kept/old" "$path"; then out restored no; return 0; fi
[ -f "$path" ] || fail FileChanged no "$path is no longer there: somebody else has removed it; what it was is in $kept/old: put it back by hand, then resume"
seen=$(sha_of "$path")
if [ "$path" != "$(cat "$kept/path")" ] || { [ "$seen" != "$(cat "$kept/wanted")" ] && [ "$seen" != "$(sha_of "$kept/old")" ]; }; then
  [ "$(stat -c %s "$path")" -le "$max_bytes" ] || fail Unsupported no "$path is larger than $max_bytes bytes: somebody else has changed it since; what it was before is in $kept/old: take from it what is needed by hand, then resume"
  out changed yes
  out kept "$kept/old"
  out old "$(base64 <"$kept/old" | tr -d '\n')"
  out present "$(base64 <"$path" | tr -d '\n')"
  return 0
fi
umask 077
temp_beside
rm -f "$temp"
cp -p "$kept/old" "$temp" && same_rights "$kept/old" "$temp" || { rm -f "$temp"; fail RemoteCommandFailed no "cannot write $temp with the owner and mode it had as $(id -un); it is in $kept/old"; }
sync_path "$temp"
untell
[ "$(sha_of "$path")" = "$seen" ] || { rm -f "$temp"; fail FileChanged yes "$path has just been changed by somebody else; their change was kept"; }
mv -fT "$temp" "$path" || fail RemoteCommandFailed yes "cannot rename $temp to $path"
sync_path "$(dirname "$path")"
out restored yes
`;

/**
 * Needs label, direction, command (filled in). A service that the command starts must not inherit the lock. Of a way
 * back that was never begun nothing is run.
 */
export const TELL_MAIN = String.raw`
fence_enter
own_umask=$(umask)
umask 077
record="$state_dir/redirects/$label"
if [ "$direction" = back ] && [ ! -d "$record" ]; then out begun no; return 0; fi
out begun yes
mkdir -p "$record" || fail RemoteCommandFailed no "cannot create $record as $(id -un)"
if [ "$(cat "$record/told" 2>/dev/null)" = "$direction" ]; then out told no; return 0; fi
if [ -n "$command" ]; then
  ( umask "$own_umask"; exec sh -c "$command" ) </dev/null >"$record/command.log" 2>&1 9>&-
  code=$?
  if [ "$code" != 0 ]; then fail RedirectFailed no "the command failed with exit code $code: $(tail_of "$record/command.log")"; fi
fi
printf '%s\n' "$direction" >"$record/told.tmp" && sync_path "$record/told.tmp" && mv -f "$record/told.tmp" "$record/told" ||
  fail RemoteCommandFailed yes "cannot write $record/told"
sync_path "$record"
out told yes
`;

/** Needs command. Takes no lock: it changes nothing. */
export const HEALTH_MAIN = String.raw`
said=$(sh -c "$command" </dev/null 2>&1); code=$?
out code "$code"
printf '%s' "$said" | tail -c 1000 | out64 output
`;
