/** Moves a stopped server's data out of the way, and back: renames beside one another, so nothing is copied or lost. */
import { OCCUPANCY } from './provision';

/**
 * `each_data_dir FUNCTION`: of the one or two data directories that are there. `check_version_2 DIR CONSEQUENCE`: a
 * link or a mount cannot be renamed as what it leads to.
 */
export const DATA_AT_REST =
  OCCUPANCY +
  String.raw`
there() { [ -e "$1" ] || [ -L "$1" ]; }
each_data_dir() {
  if [ -d "$data_dir" ]; then "$1" "$data_dir"; fi
  if [ -d "$log_dir" ] && ! same_file "$data_dir" "$log_dir"; then "$1" "$log_dir"; fi
}
check_version_2() {
  if [ -L "$1/version-2" ]; then fail Unsupported no "$1/version-2 is a link: set dataDir to the directory that holds what it leads to; nothing was $2"; fi
  if [ -d "$1/version-2" ] && [ "$(stat -c %d "$1/version-2")" != "$(stat -L -c %d "$1")" ]; then
    fail Unsupported no "$1/version-2 is another file system than $1: mount that at $1 itself; nothing was $2"
  fi
}
# rename_dir FROM TO
rename_dir() {
  mv -T "$1" "$2" || fail RemoteCommandFailed yes "cannot rename $1 to $2 as $(id -un)"
  sync_path "$(dirname "$2")"
}
`;

/**
 * Needs label. Where there is no version-2, an empty directory takes its name, so that the way back knows that there
 * was nothing.
 */
export const SET_ASIDE_MAIN =
  DATA_AT_REST +
  String.raw`
# Of an upload that was never put in place: no server's data.
clear_incoming() {
  for left in "$1"/version-2.incoming-*; do
    if [ -d "$left" ] && [ ! -L "$left" ]; then rm -rf "$left"; fi
  done
}
check_aside() {
  check_version_2 "$1" moved
  if there "$1/version-2" && there "$1/version-2.aside-$label"; then
    fail GuardRefused no "$1 has both version-2 and version-2.aside-$label: data were set aside under that label before, and others took their place; bring those back first, or choose another label; nothing was moved"
  fi
}
set_aside() {
  aside="$1/version-2.aside-$label"
  if ! there "$aside"; then
    already=no
    if there "$1/version-2"; then rename_dir "$1/version-2" "$aside"
    else mkdir "$aside" && owner_mode_like "$1" "$aside" || fail RemoteCommandFailed no "cannot create $aside as $(id -un)"
    fi
  fi
  sync_path "$1"
  moved="$moved$aside
"
  bytes=$(( bytes + $(du -s -B1 --apparent-size "$aside" | cut -f1) ))
}
fence_enter
data_at_rest moved
[ -d "$data_dir" ] || fail RemoteCommandFailed no "there is no data directory $data_dir: correct directories.data or dataDir; nothing was moved"
already=yes; moved=; bytes=0
each_data_dir check_aside
each_data_dir set_aside
each_data_dir clear_incoming
out already "$already"
out bytes "$bytes"
printf '%s' "$moved" | out64 directories
`;

/**
 * Needs label.
 *
 * `outlive`: where the data that go had led in an epoch, the old take part in none that is not after it. Their zxids
 * would otherwise name other transactions a second time, to clients and captures that saw the first.
 */
export const BRING_BACK_MAIN =
  DATA_AT_REST +
  String.raw`
check_back() { if there "$1/version-2.aside-$label"; then check_version_2 "$1" moved; fi; }
epoch_in() { case "$(cat "$1" 2>/dev/null)" in ''|*[!0-9]*) printf 0 ;; *) cat "$1" ;; esac; }
outlive() {
  if ! [ -f "$aside/acceptedEpoch" ]; then return 0; fi
  epoch=0
  for gone in "$1"/version-2.failed-"$label"-*/acceptedEpoch; do
    if [ "$(epoch_in "$gone")" -gt "$epoch" ]; then epoch=$(epoch_in "$gone"); fi
  done
  if [ "$epoch" -le "$(epoch_in "$aside/acceptedEpoch")" ]; then return 0; fi
  next="$aside/acceptedEpoch.zkferry"
  ( umask 077; printf '%s' "$epoch" >"$next" ) && owner_mode_like "$aside/acceptedEpoch" "$next" && sync_path "$next" && mv -fT "$next" "$aside/acceptedEpoch" ||
    fail RemoteCommandFailed yes "cannot write $aside/acceptedEpoch as $(id -un)"
  sync_path "$aside"
  after_epoch=$epoch
}
bring_back() {
  aside="$1/version-2.aside-$label"
  if ! there "$aside"; then return 0; fi
  if there "$1/version-2"; then
    n=1; while there "$1/version-2.failed-$label-$n"; do n=$(( n + 1 )); done
    rename_dir "$1/version-2" "$1/version-2.failed-$label-$n"
    failed="$failed$1/version-2.failed-$label-$n
"
  fi
  outlive "$1"
  rename_dir "$aside" "$1/version-2"
  back="$back$1/version-2
"
}
fence_enter
data_at_rest moved
back=; failed=; after_epoch=
each_data_dir check_back
each_data_dir bring_back
printf '%s' "$back" | out64 directories
printf '%s' "$failed" | out64 failed
out after_epoch "$after_epoch"
`;
