"""Waits on the host's port for the one line that says who this machine is and whom to ask for work.

The host sends an empty line to ask whether anybody is there and gets `{"agent": "waiting"}` back, as
often as it asks: a machine restored from a snapshot answers exactly like a freshly booted one.
"""

import base64
import binascii
import json
import os
import re
import socket
import stat
import time
from dataclasses import dataclass, field

from . import PROTOCOL_VERSION

MAX_LINE_BYTES = 64 * 1024
HOST_ABSENT_SECONDS = 0.02
HOST_NAME = re.compile(r"^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$")
IPV4_ADDRESS = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}$")
IPV4_NETWORK = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}$")


class PortClosed(Exception):
    """The other side of a socket that stands in for the port is gone for good."""


@dataclass(frozen=True)
class StartLine:
    url: str
    host_name: str
    entropy: bytes
    now_ms: int
    # Closed to the script, open to the agent.
    closed_networks: tuple[str, ...]
    # Answers names even from a closed network.
    resolver: str | None
    credential: str = field(repr=False)


def parse_start_line(line: bytes) -> StartLine:
    """Checks every field. Raises ValueError in words that never quote the credential."""
    try:
        fields = json.loads(line)
    except ValueError:
        raise ValueError("the start line is not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("the start line is not an object")
    url, credential = fields.get("url"), fields.get("credential")
    if not isinstance(url, str) or not re.match(r"^http://[a-z0-9.\-]+(?::\d{1,5})?$", url):
        raise ValueError("`url` is not http://host:port")
    if not isinstance(credential, str) or not re.match(r"^[\x21-\x7e]{16,4096}$", credential):
        raise ValueError("`credential` is not one printable word")
    host_name = fields.get("hostName")
    if not isinstance(host_name, str) or not HOST_NAME.match(host_name):
        raise ValueError("`hostName` is not a host name")
    try:
        entropy = base64.b64decode(fields.get("entropy", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("`entropy` is not base64") from None
    if len(entropy) < 32:
        raise ValueError("`entropy` has fewer than 32 bytes")
    now_ms = fields.get("now")
    if isinstance(now_ms, bool) or not isinstance(now_ms, (int, float)) or now_ms < 1_600_000_000_000:
        raise ValueError("`now` is not a time in milliseconds")
    closed = fields.get("closedNetworks", [])
    if not isinstance(closed, list) or not all(
        isinstance(item, str) and IPV4_NETWORK.match(item) for item in closed
    ):
        raise ValueError("`closedNetworks` is not a list of IPv4 networks")
    resolver = fields.get("resolver")
    if resolver is not None and not (isinstance(resolver, str) and IPV4_ADDRESS.match(resolver)):
        raise ValueError("`resolver` is not an IPv4 address")
    return StartLine(url, host_name, entropy, int(now_ms), tuple(closed), resolver, credential)


class HostPort:
    """A virtio-serial port, or a Unix socket in its place. Lines in both directions."""

    def __init__(self, path: str):
        self._socket: socket.socket | None = None
        if stat.S_ISSOCK(os.stat(path).st_mode):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(path)
            self._fd = self._socket.fileno()
        else:
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def say(self, message: dict) -> None:
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self._fd, data) :]

    def wait_for_start(self) -> StartLine:
        """Answers calls until a line with content arrives. Lines that are too long are refused."""
        pending = b""
        while True:
            piece = os.read(self._fd, 65_536)
            if piece == b"":
                if self._socket is not None:
                    raise PortClosed()
                # A virtio port reads as empty while no host is connected.
                pending = b""
                time.sleep(HOST_ABSENT_SECONDS)
                continue
            pending += piece
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                if line.strip() != b"":
                    return parse_start_line(line)
                self.say({"agent": "waiting", "version": PROTOCOL_VERSION})
            if len(pending) > MAX_LINE_BYTES:
                raise ValueError("the start line is longer than 64 KiB")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._fd)
