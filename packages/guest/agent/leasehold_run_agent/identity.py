"""Gives a machine its own identity before anything runs in it.

Machines restored from one snapshot share the random generator's state, the machine-id and the clock.
Every step raises when it fails: a machine without an identity of its own must not run a task.
"""

import ctypes
import fcntl
import glob
import os
import shutil
import socket
import struct
import subprocess
import time
import uuid

from .start_line import StartLine

# linux/random.h
RNDADDENTROPY = 0x40085203
RNDRESEEDCRNG = 0x5207

BOOT_ID = "/proc/sys/kernel/random/boot_id"


def take_identity(start: StartLine, user_id: int | None) -> None:
    """Clock, randomness, machine-id, boot id, SSH host keys, host name, and the script's network limits."""
    time.clock_settime(time.CLOCK_REALTIME, start.now_ms / 1000)
    credit_entropy(start.entropy)
    renew_machine_id()
    renew_boot_id()
    renew_host_keys()
    set_host_name(start.host_name)
    if user_id is not None:
        close_networks(start.closed_networks, start.resolver, user_id)


def wait_for_network(deadline_seconds: float = 30.0) -> None:
    """Until there is a default route, so that a frozen machine wakes up with one; goes on without at the deadline."""
    give_up_at = time.monotonic() + deadline_seconds
    while time.monotonic() < give_up_at:
        with open("/proc/net/route", encoding="ascii") as file:
            if any(line.split()[1:2] == ["00000000"] for line in file):
                return
        time.sleep(0.1)


def credit_entropy(entropy: bytes) -> None:
    request = struct.pack(f"ii{len(entropy)}s", len(entropy) * 8, len(entropy), entropy)
    with open("/dev/urandom", "wb", buffering=0) as device:
        fcntl.ioctl(device, RNDADDENTROPY, request)
        fcntl.ioctl(device, RNDRESEEDCRNG)


def renew_machine_id() -> None:
    line = os.urandom(16).hex() + "\n"
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if os.path.isfile(path) and not os.path.islink(path) or path == "/etc/machine-id":
            write_in_place(path, line, 0o444)
    # systemd would feed the template's seed back into the generator at the next boot.
    for seed in glob.glob("/var/lib/systemd/random-seed"):
        os.unlink(seed)


def renew_boot_id() -> None:
    """The kernel makes the boot id once; a file of our own is mounted over it."""
    own = "/run/leasehold-boot-id"
    write_in_place(own, str(uuid.UUID(bytes=os.urandom(16), version=4)) + "\n", 0o444)
    libc = ctypes.CDLL(None, use_errno=True)
    bind = 4096  # MS_BIND
    if libc.mount(own.encode(), BOOT_ID.encode(), None, bind, None) != 0:
        raise OSError(ctypes.get_errno(), "the boot id could not be replaced")


def renew_host_keys() -> None:
    keys = glob.glob("/etc/ssh/ssh_host_*_key*")
    if not keys:
        return
    for key in keys:
        os.unlink(key)
    if shutil.which("ssh-keygen") is not None:
        path = "/etc/ssh/ssh_host_ed25519_key"
        run_checked(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])


def set_host_name(name: str) -> None:
    socket.sethostname(name)
    write_in_place("/etc/hostname", name + "\n", 0o644)
    write_in_place("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n", 0o644)


def close_networks(networks: tuple[str, ...], resolver: str | None, user_id: int) -> None:
    """Routing rules for the script's user alone. The gateway stays usable: a rule looks at destinations."""
    rule = ["ip", "-4", "rule", "add", "uidrange", f"{user_id}-{user_id}"]
    if resolver is not None:
        # UDP and TCP by number: their names are in a file that small images lack.
        for protocol in ("17", "6"):
            where = ["to", f"{resolver}/32", "ipproto", protocol, "dport", "53"]
            run_checked([*rule, "priority", "100", *where, "lookup", "main"])
    for network in networks:
        run_checked([*rule, "priority", "200", "to", network, "prohibit"])


def write_in_place(path: str, text: str, mode: int) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


def run_checked(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip()[:200]
        raise RuntimeError(f"{command[0]} failed: {told}")
