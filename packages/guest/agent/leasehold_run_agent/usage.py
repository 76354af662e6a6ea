"""What a script takes from its machine: memory past the limit, and disk."""

import os
import threading
import time

# Where the kernel counts processes that it killed for memory: our own cgroup (v2, then v1), else the machine.
OOM_COUNTERS = (
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
    "/proc/vmstat",
)
OOM_SCORE = "/proc/self/oom_score_adj"
MOST_KILLABLE = "1000"
SOONEST_SECONDS = 1.0
# Counting many small files takes long: it may use so much of the time, no more.
SHARE_OF_TIME = 0.1


def oom_kills() -> int:
    """How many processes were killed for memory so far, here; 0 where the kernel does not say."""
    for path in OOM_COUNTERS:
        try:
            with open(path, encoding="ascii") as file:
                for line in file:
                    name, _, count = line.partition(" ")
                    if name == "oom_kill":
                        return int(count)
        except (OSError, ValueError):
            continue
    return 0


class MoreKillable:
    """What is started meanwhile goes first when memory runs out, so that the agent can still save results."""

    def __enter__(self):
        self._before = read_line(OOM_SCORE)
        write_line(OOM_SCORE, MOST_KILLABLE)

    def __exit__(self, *_):
        if self._before is not None:
            write_line(OOM_SCORE, self._before)


class DiskWall:
    """Measures a folder again and again; `hit` is set once it holds more than the limit."""

    def __init__(self, folder: str, limit_bytes: int):
        self.hit = threading.Event()
        self.limit_bytes = limit_bytes
        self._folder = folder
        self._ended = threading.Event()
        threading.Thread(target=self._measure, name="disk", daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _measure(self) -> None:
        pause = SOONEST_SECONDS
        while not self._ended.wait(pause):
            began = time.monotonic()
            if used_bytes(self._folder, self.limit_bytes) > self.limit_bytes:
                self.hit.set()
                return
            pause = max(SOONEST_SECONDS, (time.monotonic() - began) / SHARE_OF_TIME)


def used_bytes(folder: str, enough: int) -> int:
    """Bytes on disk below a folder, links not followed. Stops counting beyond `enough`."""
    total, folders = 0, [folder]
    while folders and total <= enough:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    try:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                    except OSError:
                        continue  # It went while we looked.
        except OSError:
            continue
    return total


def read_line(path: str) -> str | None:
    try:
        with open(path, encoding="ascii") as file:
            return file.readline().strip()
    except OSError:
        return None


def write_line(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError:
        pass  # A kernel or sandbox without it: the script is killed as likely as the agent.
