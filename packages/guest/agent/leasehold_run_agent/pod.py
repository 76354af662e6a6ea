"""The agent in a pod: everything but the script, which runs in the container beside it (`runner`).

Nobody here is root and nothing is switched: the pod's own user, its own network, its own clock. The
credential is a file that only this container has.
"""

import argparse
import os
import signal
import sys
import threading

from .remote_script import RemoteScript, RunnerSocket
from .run import Run, Surroundings
from .run_api import CredentialDead, PlatformGone, Refused, RunApi
from .usage import DiskWall

# EX_TEMPFAIL: nothing was begun, so another pod may do it.
NOT_BEGUN = 75


def main() -> int:
    options = read_options()
    interrupted = threading.Event()
    # Drained nodes, preemption and limits of the cluster all speak like this.
    signal.signal(signal.SIGTERM, lambda *_: interrupted.set())
    with open(options.credential_file, encoding="ascii") as file:
        credential = file.read().strip()
    runner = RunnerSocket(options.socket).wait_for_runner(
        options.runner_patience_seconds, interrupted
    )
    if runner is None and interrupted.is_set():
        return NOT_BEGUN
    if runner is None:
        print("leasehold: the script's container did not come up", file=sys.stderr)
        return 1
    api = RunApi(options.url, credential, options.patience_seconds)
    disk = DiskWall(options.disk, options.disk_bytes)

    def launch(command, environment, place, on_output):
        return RemoteScript(runner, command, environment, place, on_output)

    try:
        Run(api, options, Surroundings(launch, None, interrupted, disk)).carry_out()
    except (CredentialDead, PlatformGone, Refused) as problem:
        print(f"leasehold: the run was given up: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    finally:
        disk.end()
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="leasehold_run_agent.pod")
    parser.add_argument("--url", required=True)
    parser.add_argument("--credential-file", required=True)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--spool", required=True)
    parser.add_argument("--disk", required=True, help="the folder whose size is limited")
    parser.add_argument("--disk-bytes", type=int, required=True)
    parser.add_argument("--ring-bytes", type=int, default=64 * 1024 * 1024)
    parser.add_argument("--grace-seconds", type=float, default=10.0)
    parser.add_argument("--patience-seconds", type=float, default=600.0)
    parser.add_argument("--runner-patience-seconds", type=float, default=300.0)
    return parser.parse_args()


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Threads that wait for the platform must not hold up the end.
    os._exit(status)
