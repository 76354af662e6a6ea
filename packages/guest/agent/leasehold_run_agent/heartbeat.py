"""Tells the platform that the run lives and how far it is; learns whether it should stop."""

import threading

from .run_api import CredentialDead, PlatformGone, Refused, RunApi

SOONEST_SECONDS = 1.0


class Heartbeat:
    def __init__(self, api: RunApi, every_seconds: float):
        self._api = api
        self._every_seconds = max(0.05, every_seconds)
        self._progress: dict | None = None
        self._told: dict | None = None
        self._wake = threading.Event()
        self._ended = threading.Event()
        # Set when the platform asks for the end of the script.
        self.stop_asked = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def note_progress(self, progress: dict) -> None:
        """Sent with the next heartbeat, which comes within a second."""
        if progress != self._progress:
            self._progress = progress
            self._wake.set()

    def end(self) -> None:
        self._ended.set()
        self._wake.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            if not self._tell():
                return
            soonest = min(SOONEST_SECONDS, self._every_seconds)
            if not self._ended.wait(soonest):
                self._wake.wait(self._every_seconds - soonest)
        # A short script is over before the next heartbeat: what it said last is told all the same.
        if self._progress != self._told:
            self._tell()

    def _tell(self) -> bool:
        """False when nobody listens to this run any more."""
        progress = self._progress
        try:
            answer = self._api.ask(
                "POST", "/run/v1/heartbeat", {"progress": progress}, patience_seconds=0
            )
            self._told = progress
            if answer.get("do") == "stop":
                self.stop_asked.set()
        except CredentialDead:
            return False
        except Refused:
            # Being alive matters more than progress that the platform does not like.
            self._progress = None
        except PlatformGone:
            pass
        return True
