"""Runs the script in a session of its own, as another user where there is one, and reads what it prints."""

import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from .usage import MoreKillable, oom_kills
from .workplace import ScriptUser

PIECE_BYTES = 64 * 1024
# How long output may still come from processes that outlive the script and escaped its group.
DRAIN_SECONDS = 2.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class ScriptExit:
    code: int | None
    signal: str | None
    # It failed, and meanwhile something was killed because memory ran out.
    out_of_memory: bool = False

    def view(self) -> dict:
        return {"code": self.code, "signal": self.signal}


NEVER_RAN = ScriptExit(None, None)


class RunningScript:
    """`on_output` gets standard output and standard error as one stream, in the order written."""

    def __init__(self, command: list[str], environment: dict, folder: str, user, on_output):
        self._user = user
        self._oom_kills = oom_kills()
        read_end, write_end = os.pipe()
        try:
            with MoreKillable():
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
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

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal_group(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass

    def end(self) -> ScriptExit:
        """After `over`: ends whatever the script left running, reads the rest, says how it ended."""
        self.signal_group(signal.SIGKILL)
        nothing_left = True
        if os.getpid() == 1:
            kill_all_but_self()
        elif self._user is not None:
            kill_all_of(self._user.user_id)
        else:
            nothing_left = False
        self._reader.join(None if nothing_left else DRAIN_SECONDS)
        code = self._process.returncode
        out_of_memory = code != 0 and oom_kills() > self._oom_kills
        if code >= 0:
            return ScriptExit(code, None, out_of_memory)
        return ScriptExit(None, signal_name(-code), out_of_memory)

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


def script_environment(given: dict, folder: str, user: ScriptUser | None) -> dict[str, str]:
    home = user.home if user is not None else folder
    own = {
        "HOME": home,
        "PATH": f"{home}/.local/bin:{PATH}",
        "LANG": "C.UTF-8",
        # Python holds back output that goes into a pipe; a live log wants it at once.
        "PYTHONUNBUFFERED": "1",
    }
    return {**own, **{str(name): str(value) for name, value in given.items()}}


def kill_all_but_self() -> None:
    """For process 1 of a container, whose `-1` is everything in it."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass


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
