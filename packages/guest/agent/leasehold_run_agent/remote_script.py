"""A script that runs in the pod's other container, seen from the agent."""

import json
import os
import socket
import threading
import time

from .frames import EXIT, OUTPUT, RUN, SIGNAL, receive, send
from .script import ScriptExit
from .workplace import Workplace

# The runner's container was killed as a whole: the kernel does that when its memory limit is reached
# (cgroup v2 with `memory.oom.group`, Kubernetes' default), and nothing else in a pod does.
KILLED_WHOLE = ScriptExit(None, "SIGKILL", out_of_memory=True)


class RunnerSocket:
    """Where the runner reports, once: whoever comes later finds nobody."""

    def __init__(self, path: str):
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)

    def wait_for_runner(self, patience_seconds: float, called_off: threading.Event):
        """The connection, or None when it did not come in time or the pod has to go."""
        self._listener.settimeout(0.2)
        give_up_at = time.monotonic() + patience_seconds
        try:
            while time.monotonic() < give_up_at and not called_off.is_set():
                try:
                    connection, _ = self._listener.accept()
                    connection.settimeout(None)
                    return connection
                except TimeoutError:
                    continue
            return None
        finally:
            self._listener.close()
            os.unlink(self._path)


class RemoteScript:
    """As RunningScript, for a connection to a runner."""

    def __init__(self, connection, command: list[str], environment: dict, place: Workplace, on_output):
        self._connection = connection
        self._exit = KILLED_WHOLE
        self.over = threading.Event()
        order = {"command": command, "environment": environment, "folder": place.folder}
        send(connection, RUN, json.dumps(order).encode())
        threading.Thread(target=self._listen, args=(on_output,), daemon=True).start()

    def signal_group(self, number: int) -> None:
        try:
            send(self._connection, SIGNAL, str(int(number)).encode())
        except OSError:
            pass  # It is over.

    def end(self) -> ScriptExit:
        """After `over`: how it ended. The runner has ended all that was left and sent the last output."""
        self._connection.close()
        return self._exit

    def _listen(self, on_output) -> None:
        try:
            while (frame := receive(self._connection)) is not None:
                kind, payload = frame
                if kind == OUTPUT:
                    on_output(payload)
                elif kind == EXIT:
                    self._exit = exit_from(json.loads(payload))
                    return
        except (OSError, ValueError):
            pass
        finally:
            self.over.set()


def exit_from(told: dict) -> ScriptExit:
    return ScriptExit(told["code"], told["signal"], told["outOfMemory"])

