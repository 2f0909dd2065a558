/** Tries TCP connections from a host, with whatever it has that can. */

/**
 * Needs targets (`host port` pairs), limit_s. A tool counts only after it told an answer on our own loopback,
 * open or refused: a shell without /dev/tcp, or an nc without -z, would call everything silent.
 * --norc: started below sshd, bash runs ~/.bashrc even for -c, which takes of the limit and is cut off in the middle.
 */
export const REACH_MAIN = String.raw`
try_bash() { timeout "$limit_s" bash --norc -c 'exec 3<>"/dev/tcp/$1/$2"' zkferry-reach "$1" "$2" 2>&1; }
try_python3() {
  timeout "$limit_s" python3 -c '
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 60).close()
except OSError as error:
    sys.exit(error.strerror or str(error))
' "$1" "$2" 2>&1
}
try_nc() { timeout "$limit_s" nc -z -v -w 60 "$1" "$2" 2>&1; }
# judge TOOL HOST PORT: prints one word and the tool's own text
judge() {
  said=$("try_$1" "$2" "$3" </dev/null); code=$?
  one_line "$said"
  why=$(printf '%s\n' "$flat" | sed 's/.*: line [0-9]*: //; s/^ *//' | cut -c 1-200)
  case "$code $said" in
    '0 '*) echo open ;;
    *efused*|*'eset by peer'*) printf 'refused %s\n' "$why" ;;
    '124 '*|'143 '*) printf 'silent no answer within %s s\n' "$limit_s" ;;
    *) printf 'silent %s\n' "$why" ;;
  esac
}
tool=
for candidate in bash python3 nc; do
  have "$candidate" || continue
  case "$(judge "$candidate" 127.0.0.1 1)" in open*|refused*) tool=$candidate; break ;; esac
done
[ -n "$tool" ] || fail Unsupported no "the host has nothing that can try a TCP connection: install bash (with /dev/tcp), python3 or nc (with -z)"
set -- $targets
index=0
while [ $# -gt 0 ]; do
  ( out "target_$index" "$(judge "$tool" "$1" "$2")" ) &
  shift 2
  index=$(( index + 1 ))
  # Eight at a time.
  if [ $(( index % 8 )) = 0 ]; then wait; progress "tried $index"; fi
done
wait
out tool "$tool"
`;
