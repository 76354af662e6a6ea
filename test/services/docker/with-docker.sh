#!/bin/bash
# Runs a command beside a Docker engine of its own, as root, and gives the command's exit code:
#   test/services/docker/with-docker.sh npx vitest run --project integration test/integration/installation/compose-up.test.ts
# Engine and command share a network, process numbers and mounts of their own: nothing of this computer is changed, ports
# that containers publish are on the command's localhost, and all of it ends with the command. Images stay in DOCKER_FOLDER.
# Needs Debian's docker.io, iptables and slirp4netns.
set -euo pipefail

folder=${DOCKER_FOLDER:-/var/tmp/leasehold-docker}

# Looks until the command after the limit in seconds succeeds.
await() {
  local limit=$1 until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || { echo "not within $limit s: $*" >&2; return 1; }
    sleep 0.2
  done
}
has_own_network() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
has_way_out() { [ -n "$(ip route show default)" ]; }

if [ "${1:-}" != --inside ]; then
  [ "$(id -u)" = 0 ] || { echo 'an engine is started by root only' >&2; exit 1; }
  for program in dockerd docker iptables slirp4netns unshare; do
    command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
  done
  mkdir -p "$folder"
  unshare --net --mount --uts --pid --fork --kill-child --mount-proc bash "$0" --inside "$@" &
  inside=$!
  trap 'kill "$inside" ${network:-} 2>/dev/null || true' EXIT
  await 30 has_own_network "$inside"
  slirp4netns --configure --disable-host-loopback "$inside" tap0 >"$folder/network.log" 2>&1 &
  network=$!
  status=0
  wait "$inside" || status=$?
  exit "$status"
fi

shift
mount --make-rprivate /
mount -t tmpfs tmpfs /run
ip link set lo up
await 30 has_way_out
export DOCKER_HOST=unix:///run/docker.sock
dockerd --host "$DOCKER_HOST" --data-root "$folder/data" --exec-root /run/docker --pidfile /run/dockerd.pid \
  --ip6tables=false >"$folder/engine.log" 2>&1 &
engine=$!
await 60 docker info || { tail -n 20 "$folder/engine.log" >&2; exit 1; }
status=0
"$@" || status=$?
kill "$engine"
wait "$engine" || true
exit "$status"
