"""Keeps the script's output until the platform has it, and sends it in order.

Output waits in a ring file on disk, so that an outage of the platform costs neither memory nor a
byte; when the ring is full the script waits on its own pipe.
"""

import errno
import os
import threading
import time

from .run_api import CredentialDead, PlatformGone, Refused, RunApi

SMALLEST_RING_BYTES = 256 * 1024
BATCH_BYTES = 64 * 1024
BATCH_SECONDS = 0.25


class OutputLog:
    def __init__(self, api: RunApi, ring_path: str, ring_bytes: int):
        self._api = api
        self._ring, self._ring_bytes = open_ring(ring_path, ring_bytes)
        self._written = 0
        self._acknowledged = 0
        self._waiting_since: float | None = None
        self._ended = False
        # The platform takes no more of this log; the script runs on unheard.
        self._deaf = False
        self._changed = threading.Condition()
        self._sender = threading.Thread(target=self._send_all, name="log", daemon=True)
        self._sender.start()

    def write(self, data: bytes) -> None:
        """Adds output; waits while the ring is full."""
        while data:
            with self._changed:
                self._changed.wait_for(lambda: self._deaf or self._free() > 0)
                if self._deaf:
                    return
                at = self._written % self._ring_bytes
                size = min(len(data), self._free(), self._ring_bytes - at)
                os.pwrite(self._ring, data[:size], at)
                self._written += size
                data = data[size:]
                if self._waiting_since is None:
                    self._waiting_since = time.monotonic()
                self._changed.notify_all()

    def end(self) -> None:
        """Returns once the platform has everything, takes no more, or is gone."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._sender.join()

    def _free(self) -> int:
        return self._ring_bytes - (self._written - self._acknowledged)

    def _send_all(self) -> None:
        try:
            while (batch := self._next_batch()) is not None:
                self._send(*batch)
        except (CredentialDead, PlatformGone, Refused):
            self._stop_listening()

    def _next_batch(self) -> tuple[int, bytes] | None:
        with self._changed:
            while True:
                pending = self._written - self._acknowledged
                if pending == 0 and self._ended or self._deaf:
                    return None
                if pending > 0:
                    left = (self._waiting_since or 0) + BATCH_SECONDS - time.monotonic()
                    if pending >= BATCH_BYTES or self._ended or left <= 0:
                        break
                    self._changed.wait(left)
                else:
                    self._changed.wait()
            offset = self._acknowledged
            at = offset % self._ring_bytes
            size = min(pending, BATCH_BYTES, self._ring_bytes - at)
            return offset, os.pread(self._ring, size, at)

    def _send(self, offset: int, data: bytes) -> None:
        answer = self._api.ask("POST", f"/run/v1/log?offset={offset}", data)
        length = answer.get("length")
        if isinstance(length, bool) or not isinstance(length, int):
            raise Refused(200, "POST /run/v1/log: no length")
        if length <= offset:
            # We send from the very offset the platform named last: it has had enough of this log.
            self._stop_listening()
            return
        with self._changed:
            self._acknowledged = min(length, offset + len(data))
            done = self._acknowledged == self._written
            self._waiting_since = None if done else time.monotonic() - BATCH_SECONDS
            self._changed.notify_all()

    def _stop_listening(self) -> None:
        with self._changed:
            self._deaf = True
            self._changed.notify_all()


def open_ring(path: str, ring_bytes: int) -> tuple[int, int]:
    """A nameless file of reserved size: a script that fills the disk cannot take its own log's place."""
    ring = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    while True:
        try:
            os.posix_fallocate(ring, 0, ring_bytes)
            return ring, ring_bytes
        except OSError as problem:
            if problem.errno != errno.ENOSPC or ring_bytes <= SMALLEST_RING_BYTES:
                raise
            os.ftruncate(ring, 0)
            ring_bytes = max(SMALLEST_RING_BYTES, ring_bytes // 4)
