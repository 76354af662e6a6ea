"""From the start line to power-off. Run as root by a systemd unit inside a task machine."""

import argparse
import ctypes
import os
import signal
import sys

from .identity import take_identity, wait_for_network
from .run import Run, Surroundings
from .run_api import CredentialDead, PlatformGone, Refused, RunApi
from .script import RunningScript, privilege_drop, script_environment
from .start_line import HostPort, PortClosed
from .workplace import find_user


def main() -> int:
    options = read_options()
    user = find_user(options.user) if options.user else None
    if options.identity == "fresh":
        wait_for_network()
    port = HostPort(options.port)
    try:
        start = port.wait_for_start()
        if options.identity == "fresh":
            take_identity(start, user.user_id if user is not None else None)
        port.say({"agent": "started"})
    except PortClosed:
        return 1
    except Exception as problem:  # fail closed: without an identity nothing runs
        port.say({"agent": "refused", "detail": f"{type(problem).__name__}: {problem}"[:500]})
        return 1
    port.close()
    api = RunApi(start.url, start.credential, options.patience_seconds)
    del start
    try:
        Run(api, options, Surroundings(launch_as(user), user)).carry_out()
    except (CredentialDead, PlatformGone, Refused) as problem:
        print(f"the run was given up: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    return 0


def launch_as(user):
    """Runs the script in this machine, as its unprivileged user."""

    def launch(command, environment, place, on_output):
        whole = [*privilege_drop(user), *command]
        given = script_environment(environment, place.folder, user)
        return RunningScript(whole, given, place.folder, user, on_output)

    return launch


def read_options() -> argparse.Namespace:
    """The defaults are the task machine's; tests give others."""
    parser = argparse.ArgumentParser(prog="leasehold_run_agent")
    parser.add_argument("--port", default="/dev/virtio-ports/org.leasehold.run")
    parser.add_argument("--work", default="/home/task/work")
    parser.add_argument("--spool", default="/var/tmp")
    parser.add_argument("--ring-bytes", type=int, default=64 * 1024 * 1024)
    parser.add_argument("--user", default="task", help="empty: the agent's own")
    parser.add_argument("--identity", choices=["fresh", "kept"], default="fresh")
    parser.add_argument("--at-end", choices=["power-off", "exit"], default="power-off")
    parser.add_argument("--grace-seconds", type=float, default=10.0)
    parser.add_argument("--patience-seconds", type=float, default=600.0)
    return parser.parse_args()


def power_off() -> None:
    """At once: the machine's disk is thrown away, so there is nothing to unmount."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.reboot(0x4321FEDC)  # LINUX_REBOOT_CMD_POWER_OFF
    os.kill(1, signal.SIGRTMIN + 14)  # systemd: power off immediately, should the call be refused


if __name__ == "__main__":
    ends_with_power_off = read_options().at_end == "power-off"
    status = 1
    try:
        status = main()
    finally:
        if ends_with_power_off:
            power_off()
    # Threads that wait for the platform must not hold up the end.
    sys.stderr.flush()
    os._exit(status)
