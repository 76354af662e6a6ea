"""The other container of a pod: runs the script when the agent says so, and knows no credential.

It has the script's memory to itself, so that a script that takes too much brings down neither the agent
nor its results. As process 1 it collects orphans, and takes everything with it when the script is over.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time

from .frames import EXIT, OUTPUT, RUN, SIGNAL, receive, send
from .script import RunningScript

CONNECT_PAUSE_SECONDS = 0.05
# As a shell reports a command that it found and could not execute.
COULD_NOT_START = {"code": 126, "signal": None, "outOfMemory": False}


def main() -> int:
    options = read_options()
    # The agent decides when the script ends, also when the pod has to go.
    signal.signal(signal.SIGTERM, lambda *_: None)
    connection = connect(options.socket, options.patience_seconds)
    if connection is None:
        print("leasehold: the agent of this run does not answer", file=sys.stderr)
        return 1
    order = receive(connection)
    if order is None or order[0] != RUN:
        return 0
    exit = execute(json.loads(order[1]), connection)
    try:
        send(connection, EXIT, json.dumps(exit).encode())
        # The agent closes once it has heard it.
        receive(connection)
    except ConnectionError:
        pass
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="leasehold_run_agent.runner")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--patience-seconds", type=float, default=300.0)
    return parser.parse_args()


def connect(path: str, patience_seconds: float) -> socket.socket | None:
    give_up_at = time.monotonic() + patience_seconds
    while time.monotonic() < give_up_at:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return connection
        except OSError:
            connection.close()
            time.sleep(CONNECT_PAUSE_SECONDS)
    return None


def execute(order: dict, connection: socket.socket) -> dict:
    def on_output(piece: bytes) -> None:
        try:
            send(connection, OUTPUT, piece)
        except ConnectionError:
            pass  # The agent is gone: `obey` ends the script.

    try:
        script = RunningScript(
            order["command"], container_environment(order), order["folder"], None, on_output
        )
    except (OSError, ValueError) as problem:
        on_output(f"leasehold: the script could not be started: {problem}\n".encode())
        return COULD_NOT_START
    threading.Thread(target=obey, args=(connection, script), daemon=True).start()
    if os.getpid() == 1:
        threading.Thread(target=collect_orphans, args=(script.pid,), daemon=True).start()
    script.over.wait()
    ended = script.end()
    return {**ended.view(), "outOfMemory": ended.out_of_memory}


def obey(connection: socket.socket, script: RunningScript) -> None:
    """Passes signals on; when the agent is gone, nobody is left to save anything for."""
    while (frame := receive(connection)) is not None:
        if frame[0] == SIGNAL:
            script.signal_group(int(frame[1]))
    if not script.over.is_set():
        script.signal_group(signal.SIGKILL)


def container_environment(order: dict) -> dict[str, str]:
    """What the image sets (its PATH, its libraries), less what the cluster adds; the task's own wins."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KUBERNETES_", "LEASEHOLD_"))
    }
    home = inherited.get("HOME", order["folder"])
    own = {
        "PATH": f"{home}/.local/bin:{inherited.get('PATH', os.defpath)}",
        "LANG": inherited.get("LANG", "C.UTF-8"),
        # Python holds back output that goes into a pipe; a live log wants it at once.
        "PYTHONUNBUFFERED": "1",
    }
    return {**inherited, **own, **{str(k): str(v) for k, v in order["environment"].items()}}


def collect_orphans(script_pid: int) -> None:
    """Process 1 inherits what others leave behind: waits for all of it but the script, whose end is read elsewhere."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            if ended is None or ended.si_pid == script_pid:
                time.sleep(CONNECT_PAUSE_SECONDS)
                continue
            os.waitpid(ended.si_pid, os.WNOHANG)
        except ChildProcessError:
            time.sleep(1.0)


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Threads must not hold up the end.
    os._exit(status)
