"""Speaks the Run API: every call repeats itself with back-off until the platform answers or time is up."""

import http.client
import json
import random
import threading
import time
from urllib.parse import urlsplit

MAX_ANSWER_BYTES = 4 * 1024 * 1024
SOCKET_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class CredentialDead(Exception):
    """The platform no longer knows this run: nothing of it may go on."""


class PlatformGone(Exception):
    """The platform did not answer for so long that waiting is of no use."""


class Refused(Exception):
    """An answer that repeating the call would not change."""

    def __init__(self, status: int, what: str):
        super().__init__(f"{what}: answered with status {status}")
        self.status = status


class RunApi:
    """One per run; usable from several threads, each with its own connection."""

    def __init__(self, url: str, credential: str, patience_seconds: float):
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._authorization = "Bearer " + credential
        self._patience_seconds = patience_seconds
        self._connections = threading.local()
        # Set once the credential is dead or the run is over: every waiting call gives up.
        self.dead = threading.Event()

    def ask(self, method: str, path: str, body=None, headers=None, patience_seconds=None) -> dict:
        """A JSON answer. `body` is a dict, bytes, or a function that opens a fresh stream for each try."""
        data = self._repeat(method, path, body, headers or {}, self._read_json, patience_seconds)
        return data if isinstance(data, dict) else {}

    def fetch(self, path: str, receive) -> None:
        """Hands the answer's body stream to `receive`; begins again when the stream breaks off."""
        self._repeat("GET", path, None, {}, receive, None)

    def _repeat(self, method, path, body, headers, receive, patience_seconds):
        patience = self._patience_seconds if patience_seconds is None else patience_seconds
        give_up_at, pause = time.monotonic() + patience, FIRST_PAUSE_SECONDS
        while True:
            if self.dead.is_set():
                raise CredentialDead()
            try:
                return self._once(method, path, body, headers, receive)
            except TryAgain as again:
                if time.monotonic() + pause > give_up_at:
                    raise PlatformGone(f"{method} {path}: {again}") from None
            # The dead event ends the pause early.
            self.dead.wait(pause * random.uniform(0.75, 1.25))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _once(self, method, path, body, headers, receive):
        connection = self._connection()
        try:
            self._send(connection, method, path, body, headers)
            answer = connection.getresponse()
            if answer.status == 401:
                self.dead.set()
                raise CredentialDead()
            if answer.status in (408, 425, 429) or answer.status >= 500:
                raise TryAgain(f"status {answer.status}")
            if answer.status >= 300:
                raise Refused(answer.status, f"{method} {path}")
            result = receive(answer)
            answer.read(1)
            if answer.isclosed():
                return result
            raise TryAgain("more bytes than announced")
        except (http.client.HTTPException, OSError, ValueError) as problem:
            if isinstance(problem, LocalProblem):
                raise
            self._drop()
            raise TryAgain(type(problem).__name__) from None
        except (TryAgain, Refused, CredentialDead):
            self._drop()
            raise

    def _send(self, connection, method, path, body, headers):
        headers = {"Authorization": self._authorization, **headers}
        stream = None
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif isinstance(body, bytes):
            headers["Content-Type"] = "application/octet-stream"
        elif body is not None:
            body = stream = body()
            headers["Content-Type"] = "application/octet-stream"
        try:
            connection.request(method, path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # The platform may have answered before it read everything: its answer says why.
            if stream is None:
                raise
        finally:
            if stream is not None:
                stream.close()

    def _read_json(self, answer):
        data = answer.read(MAX_ANSWER_BYTES + 1)
        if len(data) > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too long")
        return json.loads(data) if data.strip() else {}

    def _connection(self) -> http.client.HTTPConnection:
        known = getattr(self._connections, "connection", None)
        if known is None:
            make = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            known = make(
                self._host, self._port, timeout=SOCKET_SECONDS, blocksize=65_536
            )
            self._connections.connection = known
        return known

    def _drop(self) -> None:
        known = getattr(self._connections, "connection", None)
        if known is not None:
            known.close()


class TryAgain(Exception):
    """This try failed in a way that another may not."""


class LocalProblem(OSError):
    """Our own disk is at fault, not the platform: repeating the call would not help."""
