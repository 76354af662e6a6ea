# Runs a program in a node's mount, network and process namespaces. They are looked up each time: a node that has ended and
# come back has others.
# $1 the record of the process that made the namespaces; then the program and its arguments
set -eu
maker=$(sed 's/.*"pid":\([0-9]*\).*/\1/' "$1")
first=
# The number may be another process's by now.
if [ "$(cat "/proc/$maker/comm" 2>/dev/null)" = unshare ]; then
  read -r first _ <"/proc/$maker/task/$maker/children" || :
fi
if [ -z "$first" ]; then
  echo "the node of $1 does not run" >&2
  exit 1
fi
shift
exec nsenter -t "$first" -m -n -p -- "$@"
