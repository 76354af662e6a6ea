"""Runs the script as an unprivileged user in a session of its own and reads what it prints."""

import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from .workplace import ScriptUser, Workplace

PIECE_BYTES = 64 * 1024
# How long output may still come from processes that outlive the script and escaped its group.
DRAIN_SECONDS = 2.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class ScriptExit:
    code: int | None
    signal: str | None

    def view(self) -> dict:
        return {"code": self.code, "signal": self.signal}


NEVER_RAN = ScriptExit(None, None)


class RunningScript:
    """`on_output` gets standard output and standard error as one stream, in the order written."""

    def __init__(self, command: list[str], environment: dict, place: Workplace, user, on_output):
        self._user = user
        read_end, write_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*privilege_drop(user), *command],
                cwd=place.folder,
                env=script_environment(environment, place, user),
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
                close_fds=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        self.over = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(read_end, on_output), daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, daemon=True).start()

    def signal_group(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass

    def end(self) -> ScriptExit:
        """After `over`: ends whatever the script left running, reads the rest, says how it ended."""
        self.signal_group(signal.SIGKILL)
        if self._user is not None:
            kill_all_of(self._user.user_id)
        self._reader.join(None if self._user is not None else DRAIN_SECONDS)
        code = self._process.returncode
        if code >= 0:
            return ScriptExit(code, None)
        return ScriptExit(None, signal_name(-code))

    def _wait(self) -> None:
        self._process.wait()
        self.over.set()

    def _read(self, read_end: int, on_output) -> None:
        with os.fdopen(read_end, "rb", buffering=0) as pipe:
            while piece := pipe.read(PIECE_BYTES):
                on_output(piece)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def privilege_drop(user: ScriptUser | None) -> list[str]:
    """`setpriv` (util-linux): another user, no groups, and no way back through setuid programs."""
    setpriv = shutil.which("setpriv", path=PATH) or "/usr/bin/setpriv"
    command = [setpriv, "--no-new-privs"]
    if user is not None:
        command += [f"--reuid={user.user_id}", f"--regid={user.group_id}", "--clear-groups"]
    return [*command, "--"]


def script_environment(given: dict, place: Workplace, user: ScriptUser | None) -> dict[str, str]:
    home = user.home if user is not None else place.folder
    own = {
        "HOME": home,
        "PATH": f"{home}/.local/bin:{PATH}",
        "LANG": "C.UTF-8",
        # Python holds back output that goes into a pipe; a live log wants it at once.
        "PYTHONUNBUFFERED": "1",
    }
    return {**own, **{str(name): str(value) for name, value in given.items()}}


def kill_all_of(user_id: int) -> None:
    """Kills every process of the user until none is left."""
    for _ in range(200):
        living = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if owned(pid, user_id)]
        if not living:
            return
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)


def owned(pid: int, user_id: int) -> bool:
    try:
        if os.stat(f"/proc/{pid}").st_uid != user_id:
            return False
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rpartition(b")")[2].split()[0]
        return state != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
