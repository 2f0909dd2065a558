/** Closing a server's listeners with nft, and opening them again. The wanted ruleset lies in the state directory. */

/** `need_nft`: refuses before anything is touched. */
const NFT = String.raw`
need_nft() {
  have nft || fail Unsupported no "the host has no nft: install the package nftables there"
  nft_said=$(nft list tables 2>&1 >/dev/null) || fail Unsupported no "$(id -un) may not use nft here ($nft_said): log in as root, or set ssh.become to sudo"
}
fence_live() { nft list table inet "$table" 2>/dev/null | sha256sum | cut -d' ' -f1; }
fence_there() { nft list table inet "$table" >/dev/null 2>&1; }
fence_apply() {
  nft -f "$state_dir/client-fence.nft" 2>"$state_dir/nft.err" || fail RemoteCommandFailed yes "nft refused the ruleset: $(tail_of "$state_dir/nft.err")"
  ( umask 077; fence_live >"$state_dir/client-fence.live.tmp" && mv -f "$state_dir/client-fence.live.tmp" "$state_dir/client-fence.live" )
}
`;

/** Reads only. */
export const CHECK_CLIENT_FENCE_MAIN =
  NFT +
  String.raw`
need_nft
out usable yes
`;

/** Needs table, ruleset (base64). */
export const RAISE_CLIENT_FENCE_MAIN =
  NFT +
  String.raw`
fence_enter
need_nft
( umask 077
  printf '%s' "$ruleset" | base64 -d >"$state_dir/client-fence.nft.tmp" && sync_path "$state_dir/client-fence.nft.tmp" &&
    mv -f "$state_dir/client-fence.nft.tmp" "$state_dir/client-fence.nft" && sync_path "$state_dir"
) || fail RemoteCommandFailed yes "cannot write $state_dir/client-fence.nft"
fence_apply
out raised yes
`;

/** Needs table. */
export const LIFT_CLIENT_FENCE_MAIN =
  NFT +
  String.raw`
fence_enter
if [ ! -e "$state_dir/client-fence.nft" ] && { ! have nft || ! fence_there; }; then out lifted no; return 0; fi
need_nft
rm -f "$state_dir/client-fence.nft" "$state_dir/client-fence.live"
sync_path "$state_dir"
if fence_there; then nft delete table inet "$table" 2>"$state_dir/nft.err" || fail RemoteCommandFailed yes "nft did not take table $table away: $(tail_of "$state_dir/nft.err")"; fi
out lifted yes
`;

/**
 * Needs table, lock_wait. What was raised and is not there as it was is raised again. No token: it brings about only
 * what the newest token has asked this host for.
 */
export const HOLD_CLIENT_FENCE_MAIN =
  NFT +
  String.raw`
[ -d "$state_dir" ] || { out state none; return 0; }
exec 9>>"$state_dir/lock"
flock -w "$lock_wait" 9 || { out state busy; return 0; }
if [ ! -e "$state_dir/client-fence.nft" ]; then out state none; return 0; fi
if fence_there && [ "$(fence_live)" = "$(cat "$state_dir/client-fence.live" 2>/dev/null)" ]; then out state held; return 0; fi
fence_apply
out state raisedAgain
`;
