/** Data sent from elsewhere become a stopped server's own. */
import { DATA_AT_REST } from './setAside';

/**
 * The target of an upload (see upload.ts): `version-2.incoming-<label>` beside where it goes. A mark inside tells what
 * this step has placed from what was there before or came later.
 */
export const PLACEMENT =
  DATA_AT_REST +
  String.raw`
in_place() { [ "$(basename "$1")" = version-2 ] && [ "$(cat "$1/.zkferry-placed" 2>/dev/null)" = "$label $list_sha" ]; }
incoming_in() { if in_place "$1/version-2"; then printf '%s\n' "$1/version-2"; else printf '%s\n' "$1/version-2.incoming-$label"; fi; }
find_incoming() {
  find_data_dirs
  in_data=$(incoming_in "$data_dir")
  if same_file "$data_dir" "$log_dir"; then in_log=$in_data; else in_log=$(incoming_in "$log_dir"); fi
}
note_occupied() {
  if in_place "$1/version-2"; then return 0; fi
  to_place=yes
  if there "$1/version-2"; then occupied="$1/version-2"; fi
}
upload_guard() {
  absolute_data_dirs "nothing was put in place"
  for dir in "$data_dir" "$log_dir"; do
    [ -d "$dir" ] || fail RemoteCommandFailed no "there is no data directory $dir: provision the server first, or correct directories.data or dataDir; nothing was put in place"
  done
  to_place=no; occupied=
  each_data_dir note_occupied
  # A server that was started on what this step has placed is as it should be.
  if [ "$to_place" = no ]; then complete=yes; return 0; fi
  data_at_rest "put in place"
  if [ -n "$occupied" ]; then fail GuardRefused no "$occupied is there already: set the server's data aside first; nothing was put in place"; fi
}
# take_over DIR: a base that was sent ahead need not come again. What it is worth, its sum says, as of all that is there.
take_over() {
  while read -r sha bytes name; do
    to=$(incoming_of "$name")
    if in_place "$to" || there "$to/$name" || ! has_bytes "$1/$name" "$bytes"; then continue; fi
    mv -T "$1/$name" "$to/$name" || fail RemoteCommandFailed yes "cannot rename $1/$name to $to/$name as $(id -un)"
  done <<LIST
$list
LIST
}
clear_other_uploads() {
  for dir in "$data_dir" "$log_dir"; do
    for left in "$dir"/version-2.incoming-*; do
      if [ ! -d "$left" ] || [ -L "$left" ] || [ "$left" = "$dir/version-2.incoming-$label" ]; then continue; fi
      take_over "$left"
      rm -rf "$left"
    done
  done
}
own_incoming() {
  if [ -d "$1" ]; then owner_mode_like "$(dirname "$1")" "$1"
  else owner_mode_like "$(dirname "$(dirname "$1")")" "$1" && chmod a-x,ug-s,-t "$1"
  fi
}
`;

/**
 * Needs list. Logs first: cut off between the two, the server has no snapshot that it could start from without them.
 */
export const PLACE_MAIN = String.raw`
place_dir() {
  if in_place "$1/version-2"; then return 0; fi
  from="$1/version-2.incoming-$label"
  ( umask 077; printf '%s\n' "$label $list_sha" >"$from/.zkferry-placed" ) && own_incoming "$from/.zkferry-placed" ||
    fail RemoteCommandFailed yes "cannot write in $from as $(id -un)"
  sync -f "$from" 2>/dev/null || sync
  rename_dir "$from" "$1/version-2"
}
fence_enter
complete=no
upload_guard
find_incoming
if [ "$complete" = no ]; then
  check_gathered
  if ! same_file "$data_dir" "$log_dir"; then place_dir "$log_dir"; fi
  place_dir "$data_dir"
fi
list_version_2() { printf '%s/version-2\n' "$1"; }
each_data_dir list_version_2 | out64 directories
`;
