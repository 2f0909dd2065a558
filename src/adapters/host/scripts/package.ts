/** Package operations; each checks first whether what it wants is already so. */

/**
 * Tarball, first step: tells whether the version is there; otherwise clears what dead attempts left
 * (their tokens are older, so none of them may act any more) and checks the disk.
 * Needs pkg_root, version, need_bytes.
 */
export const TARBALL = String.raw`
# checked_dir DIR VERSION: unpacked here after its checksum was right, in use now, or in use when it was staged
checked_dir() {
  [ -f "$1/.zkferry-staged" ] || [ "$(readlink -f "$1")" = "$(readlink -f "$pkg_current" 2>/dev/null)" ] ||
    [ "$(cat "$state_dir/in-use-$2" 2>/dev/null)" = "$1" ]
}
# find_version_dir VERSION: sets version_dir to a checked directory of that version, empty if there is none
find_version_dir() {
  version_dir=
  for dir in "$pkg_root"/*/; do
    [ -d "$dir" ] || continue
    dir=$(printf '%s' "$dir" | sed 's,/$,,')
    if [ -L "$dir" ]; then continue; fi
    if [ "$(tarball_version "$dir")" = "$1" ] && checked_dir "$dir" "$1"; then version_dir=$dir; fi
  done
}
clear_leftovers() { rm -rf "$pkg_root"/.zkferry-upload-* "$pkg_root"/.incoming-*; }
`;

export const TARBALL_PREPARE_MAIN = String.raw`
fence_enter
mkdir -p "$pkg_root" || fail RemoteCommandFailed no "cannot create $pkg_root as $(id -un)"
find_version_dir "$version"
if [ -n "$version_dir" ]; then
  # The way back must find it once the link points elsewhere.
  ( umask 077; printf '%s\n' "$version_dir" >"$state_dir/in-use-$version" ) || fail RemoteCommandFailed yes "cannot write in $state_dir"
  out staged yes; out directory "$version_dir"; return 0
fi
clear_leftovers
free=$(free_bytes "$pkg_root")
if [ "$free" -lt "$need_bytes" ]; then
  fail NoDiskSpace no "$pkg_root has $free bytes free, staging $version needs about $need_bytes: make room, then try again"
fi
out staged no
`;

/** Streams standard input to `$upload`; unfenced, since a file nobody asked for changes nothing. */
export const UPLOAD_MAIN = String.raw`
cat >"$upload" || fail RemoteCommandFailed yes "writing $upload failed: $(free_bytes "$pkg_root") bytes are free"
size=$(stat -c %s "$upload")
if [ "$size" != "$expected_bytes" ]; then
  rm -f "$upload"
  fail RemoteCommandFailed yes "the upload of $upload broke off at $size of $expected_bytes bytes"
fi
out bytes "$size"
`;

/** Needs url. The host fetches the archive itself, and its .sha512 where the inventory gives none. */
export const FETCH_MAIN = String.raw`
fetch() {
  if have curl; then curl -fsSL --retry 2 --connect-timeout 15 -o "$2" "$1" 2>"$2.err"
  elif have wget; then wget -q -T 15 -t 2 -O "$2" "$1" 2>"$2.err"
  else fail Unsupported no "the host has neither curl nor wget to fetch $1: install one, or let the worker upload (source.directory)"; fi
}
mkdir -p "$pkg_root"
fetch "$url" "$upload" || { why=$(tail_of "$upload.err"); rm -f "$upload" "$upload.err"; fail ArtifactMissing yes "the host could not fetch $url: $why"; }
rm -f "$upload.err"
if [ -z "$sha512" ]; then
  fetch "$url.sha512" "$upload.sha512" || { rm -f "$upload" "$upload.sha512" "$upload.sha512.err"; fail ChecksumMismatch no "there is no checksum for $url: add it to package.sha512 in the inventory, or publish $url.sha512"; }
  sha512=$(tr -d ' \n' <"$upload.sha512" | grep -oi '[0-9a-f]\{128\}' | head -n 1 | tr 'A-F' 'a-f')
  rm -f "$upload.sha512" "$upload.sha512.err"
fi
out sha512 "$sha512"
`;

/** Needs upload, sha512, version. Checks, unpacks beside the target, renames into place. */
export const TARBALL_UNPACK_MAIN = String.raw`
fence_enter
find_version_dir "$version"
if [ -n "$version_dir" ]; then rm -f "$upload"; out staged yes; out directory "$version_dir"; return 0; fi
[ -f "$upload" ] || fail ArtifactMissing yes "the upload $upload is gone: another attempt cleared it"
seen=$(sha512sum "$upload" | cut -d' ' -f1)
if [ "$seen" != "$sha512" ]; then
  rm -f "$upload"
  fail ChecksumMismatch no "the archive of $version has SHA-512 $seen on the host, expected $sha512: fetch it again or correct the checksum; nothing was unpacked"
fi
progress "checksum of $version is right, unpacking"
list="$upload.list"
tar -tzf "$upload" >"$list" 2>"$list.err" || { why=$(tail_of "$list.err"); rm -f "$upload" "$list" "$list.err"; fail ChecksumMismatch no "the archive of $version cannot be read: $why"; }
bad=$(grep -m 1 -E '^/|^\.\./|/\.\./|/\.\.$|^\.\.$' "$list")
top=$(sed 's,^\./,,' "$list" | cut -d/ -f1 | sort -u | sed '/^$/d')
rm -f "$list" "$list.err"
if [ -n "$bad" ]; then rm -f "$upload"; fail ChecksumMismatch no "the archive of $version holds the member $bad, which leaves its own directory: it is refused"; fi
case "$top" in
  ''|*'
'*|.*) rm -f "$upload"; fail ChecksumMismatch no "the archive of $version must hold exactly one top directory, it holds: $top" ;;
esac
target="$pkg_root/$top"
if [ -e "$target" ] || [ -L "$target" ]; then
  rm -f "$upload"
  fail RemoteCommandFailed no "$target exists, and zkferry has neither unpacked it there nor found it in use: move it away, then try again"
fi
incoming="$pkg_root/.incoming-$top.$$"
rm -rf "$incoming"
mkdir "$incoming" || fail RemoteCommandFailed no "cannot create $incoming"
tar -xzf "$upload" -C "$incoming" --no-same-owner 2>"$incoming.err" || { why=$(tail_of "$incoming.err"); rm -rf "$incoming" "$incoming.err"; fail NoDiskSpace yes "unpacking $version failed with $(free_bytes "$pkg_root") bytes free: $why"; }
rm -f "$incoming.err"
# A symbolic link in the archive could point anywhere; following it is for the version that ships it, not for tar.
found=$(tarball_version "$incoming/$top")
if [ "$found" != "$version" ]; then
  rm -rf "$incoming"; rm -f "$upload"
  fail ChecksumMismatch no "the archive named for $version holds ZooKeeper $found: correct package.archive or the file"
fi
printf 'version %s\nsha512 %s\n' "$version" "$sha512" >"$incoming/$top/.zkferry-staged"
sync_path "$incoming/$top/.zkferry-staged"
sync -f "$incoming" 2>/dev/null || sync
mv -T "$incoming/$top" "$target" || fail RemoteCommandFailed yes "cannot rename $incoming/$top to $target"
rm -rf "$incoming"; rm -f "$upload"
sync_path "$pkg_root"
out staged no
out directory "$target"
`;

/** Refuses while the server runs, and where its data would vanish with the switch. */
const MUST_BE_STOPPED = String.raw`
fence_enter
all_pids_if_managed() { svc_pid=; if [ -n "$svc_kind" ]; then service_status; all_pids; else find_pids; fi; }
find_installed
before=$installed
out previous "$before"
`;

const REFUSE_RUNNING = String.raw`
all_pids_if_managed
if [ -n "$(echo $server_pids)" ]; then
  fail GuardRefused no "process$server_pids still runs this server: its package is only changed while it is stopped"
fi
`;

export const TARBALL_INSTALL_MAIN =
  MUST_BE_STOPPED +
  String.raw`
if [ "$before" = "$version" ]; then out installed "$before"; return 0; fi
` +
  REFUSE_RUNNING +
  String.raw`
find_version_dir "$version"
[ -n "$version_dir" ] || fail ArtifactMissing no "$version is not staged in $pkg_root: stage it first"
if [ -e "$pkg_current" ] && [ ! -L "$pkg_current" ]; then
  fail Unsupported no "$pkg_current is not a symbolic link: rename it to a directory of its version and link to that"
fi
# Nothing lies inside a version that is not there: the first one on a bare host.
old_dir=/dev/null
if [ -e "$pkg_current" ]; then old_dir=$(readlink -f "$pkg_current"); fi
find_data_dirs
for dir in "$data_dir" "$log_dir"; do
  case "$(readlink -f "$dir" 2>/dev/null)/" in "$old_dir"/*) fail Unsupported no "the data directory $dir lies inside the version's own directory $old_dir and would be lost with the switch: move it out (dataDir) first" ;; esac
done
case "$(readlink -f "$config_dir" 2>/dev/null)/" in
  "$old_dir"/*)
    old_conf=$(readlink -f "$config_dir")
    new_conf="$version_dir$(printf '%s' "$old_conf" | sed "s,^$old_dir,,")"
    mkdir -p "$new_conf"
    for file in "$old_conf"/* "$old_conf"/.[!.]*; do
      if [ ! -f "$file" ]; then continue; fi
      name=$(basename "$file")
      case "$name" in
        # What the version itself ships for its logging, and samples: each version keeps its own.
        log4j*|logback*|configuration.xsl|zoo_sample.cfg) if [ -e "$new_conf/$name" ]; then continue; fi ;;
      esac
      cp -p "$file" "$new_conf/.zkferry-carry" && mv -f "$new_conf/.zkferry-carry" "$new_conf/$name" ||
        fail RemoteCommandFailed yes "cannot carry $file over to $new_conf"
    done
    sync -f "$new_conf" 2>/dev/null || sync ;;
esac
mkdir -p "$(dirname "$pkg_current")" || fail RemoteCommandFailed no "cannot create the directory of $pkg_current as $(id -un)"
link="$pkg_current.zkferry-new"
rm -f "$link"
ln -s "$version_dir" "$link" && mv -T "$link" "$pkg_current" || fail RemoteCommandFailed yes "cannot switch $pkg_current to $version_dir"
sync_path "$(dirname "$pkg_current")"
[ "$(readlink "$pkg_current")" = "$version_dir" ] || fail RemoteCommandFailed yes "$pkg_current does not point to $version_dir after the switch"
find_installed
out installed "$installed"
`;

/** Keeps package scripts from starting the service, beside the mask; only a policy of our own is ever removed. */
const APT_POLICY = String.raw`
policy=/usr/sbin/policy-rc.d
no_policy() { if grep -qs '^# zkferry$' "$policy"; then rm -f "$policy"; fi; }
set_policy() {
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\n# zkferry\nexit 101\n' >"$policy.zkferry" && chmod 755 "$policy.zkferry" && mv -f "$policy.zkferry" "$policy"
  fi
}
apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef --allow-downgrades --no-install-recommends "$@" >"$state_dir/package.log" 2>&1 </dev/null
}
`;

export const APT_CHECK_MAIN = String.raw`
find_installed
if [ "$installed" = "$wanted" ]; then out bytes 0; return 0; fi
if ls /var/cache/apt/archives/"$pkg_name"_"$(printf '%s' "$wanted" | sed 's/:/%3a/')"_*.deb >/dev/null 2>&1; then out bytes 0; return 0; fi
known=$(apt-cache madison "$pkg_name" 2>/dev/null | awk -F'|' '{gsub(/ /, "", $2); print $2}')
printf '%s\n' "$known" | grep -qxF "$wanted" ||
  fail ArtifactMissing no "apt knows no $pkg_name=$wanted on this host; it knows: $known. Add the repository and run apt-get update, or correct package.version"
out bytes "$(apt-cache show "$pkg_name=$wanted" 2>/dev/null | sed -n 's/^Size: //p' | head -n 1)"
`;

export const APT_STAGE_MAIN =
  APT_POLICY +
  String.raw`
fence_enter
find_installed
if ls /var/cache/apt/archives/"$pkg_name"_"$(printf '%s' "$wanted" | sed 's/:/%3a/')"_*.deb >/dev/null 2>&1; then out staged yes; return 0; fi
# The installed one is fetched too: the way back must not depend on a repository that drops old versions.
again=
if [ "$installed" = "$wanted" ]; then again=--reinstall; fi
apt_get install $again --download-only "$pkg_name=$wanted" || fail RemoteCommandFailed yes "apt-get could not download $pkg_name=$wanted: $(tail_of "$state_dir/package.log")"
out staged no
`;

export const APT_INSTALL_MAIN =
  APT_POLICY +
  MUST_BE_STOPPED +
  String.raw`
no_policy
# A dpkg killed in mid-install leaves its work half done; finishing it comes first.
if [ "$before" = "$wanted" ] && [ -z "$(dpkg --audit "$pkg_name" 2>/dev/null)" ]; then out installed "$before"; return 0; fi
` +
  REFUSE_RUNNING +
  String.raw`
if service_there; then service_do mask || fail RemoteCommandFailed yes "masking the service failed: $(tail_of "$svc_log")"; fi
trap no_policy EXIT
trap 'exit 71' TERM INT HUP
set_policy || fail RemoteCommandFailed no "cannot write $policy: the SSH user must be root or become: sudo"
DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confold >"$state_dir/package.log" 2>&1 </dev/null
apt_get install "$pkg_name=$wanted" || fail RemoteCommandFailed yes "apt-get could not install $pkg_name=$wanted: $(tail_of "$state_dir/package.log")"
no_policy
find_installed
[ "$installed" = "$wanted" ] || fail RemoteCommandFailed no "after apt-get the installed version is $installed, not $wanted"
` +
  REFUSE_RUNNING +
  `out installed "$installed"\n`;

/** `rpm_tool`: dnf, else yum; both take the same words here. */
const RPM = String.raw`
rpm_tool() { if have dnf; then echo dnf; elif have yum; then echo yum; else return 1; fi; }
# rpm says VERSION-RELEASE; the inventory may leave the release out
rpm_matches() { [ "$1" = "$wanted" ] || case "$1" in "$wanted"-*) true ;; *) false ;; esac; }
need_tool() { tool=$(rpm_tool) || fail Unsupported no "the host has neither dnf nor yum"; }
`;

export const RPM_CHECK_MAIN =
  RPM +
  String.raw`
find_installed
if rpm_matches "$installed"; then out bytes 0; return 0; fi
need_tool
found=$("$tool" -q repoquery --qf '%{size}\n' "$pkg_name-$wanted" 2>/dev/null </dev/null | head -n 1)
[ -n "$found" ] || fail ArtifactMissing no "$tool knows no $pkg_name-$wanted on this host: add its repository, or correct package.version"
out bytes "$found"
`;

export const RPM_STAGE_MAIN =
  RPM +
  String.raw`
fence_enter
find_installed
need_tool
# The installed one is fetched too: the way back must not depend on a repository that drops old versions.
if rpm_matches "$installed"; then
  "$tool" reinstall -y --downloadonly "$pkg_name-$wanted" >"$state_dir/package.log" 2>&1 </dev/null ||
    fail RemoteCommandFailed yes "$tool could not download the installed $pkg_name-$wanted for the way back: $(tail_of "$state_dir/package.log")"
  out staged no
  return 0
fi
"$tool" install -y --downloadonly "$pkg_name-$wanted" >"$state_dir/package.log" 2>&1 </dev/null ||
  "$tool" downgrade -y --downloadonly "$pkg_name-$wanted" >"$state_dir/package.log" 2>&1 </dev/null ||
  fail RemoteCommandFailed yes "$tool could not download $pkg_name-$wanted: $(tail_of "$state_dir/package.log")"
out staged no
`;

export const RPM_INSTALL_MAIN =
  RPM +
  MUST_BE_STOPPED +
  String.raw`
if rpm_matches "$before"; then out installed "$before"; return 0; fi
` +
  REFUSE_RUNNING +
  String.raw`
need_tool
if service_there; then service_do mask || fail RemoteCommandFailed yes "masking the service failed: $(tail_of "$svc_log")"; fi
"$tool" install -y "$pkg_name-$wanted" >"$state_dir/package.log" 2>&1 </dev/null
find_installed
if ! rpm_matches "$installed"; then
  # install never goes back in versions and says so with exit code 0
  "$tool" downgrade -y "$pkg_name-$wanted" >>"$state_dir/package.log" 2>&1 </dev/null
  find_installed
fi
rpm_matches "$installed" || fail RemoteCommandFailed yes "$tool left $pkg_name at $installed, not $wanted: $(tail_of "$state_dir/package.log")"
` +
  REFUSE_RUNNING +
  `out installed "$installed"\n`;

/** Needs command (already filled in). */
export const COMMAND_STAGE_MAIN = String.raw`
fence_enter
find_installed
case "$installed" in "$version"|"$version"[!0-9]*) out staged yes; return 0 ;; esac
if [ -n "$command" ]; then
  sh -c "$command" >"$state_dir/package.log" 2>&1 </dev/null || fail RemoteCommandFailed yes "the inventory's stage command failed with exit code $?: $(tail_of "$state_dir/package.log")"
fi
out staged no
`;

export const COMMAND_INSTALL_MAIN =
  MUST_BE_STOPPED +
  String.raw`
case "$before" in "$version"|"$version"[!0-9]*) out installed "$before"; return 0 ;; esac
` +
  REFUSE_RUNNING +
  String.raw`
sh -c "$command" >"$state_dir/package.log" 2>&1 </dev/null 9>&- || fail RemoteCommandFailed yes "the inventory's install command failed with exit code $?: $(tail_of "$state_dir/package.log")"
find_installed
case "$installed" in "$version"|"$version"[!0-9]*) ;; *) fail RemoteCommandFailed no "after the install command the installed version is $installed, not $version" ;; esac
` +
  REFUSE_RUNNING +
  `out installed "$installed"\n`;

/** Needs url, sha512 (may be empty). Asks for the headers only. */
export const URL_CHECK_MAIN = String.raw`
head_of() {
  if have curl; then curl -fsIL --connect-timeout 15 "$1" 2>&1
  else wget -q -S --spider -T 15 -t 1 "$1" 2>&1; fi
}
have curl || have wget || fail Unsupported no "the host has neither curl nor wget to fetch $url: install one, or let the worker upload (source.directory)"
headers=$(head_of "$url") || fail ArtifactMissing yes "the host cannot fetch $url: $headers"
if [ -z "$sha512" ]; then
  head_of "$url.sha512" >/dev/null || fail ChecksumMismatch no "there is no checksum for $url: add it to package.sha512 in the inventory, or publish $url.sha512"
fi
out bytes "$(printf '%s\n' "$headers" | tr -d '\r' | sed -n 's/^ *[Cc]ontent-[Ll]ength: *//p' | tail -n 1)"
`;
