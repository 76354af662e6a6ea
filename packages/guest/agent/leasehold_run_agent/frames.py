"""How the agent and the runner of a pod speak over their socket: a letter, a length, that many bytes."""

import socket
import struct

RUN = b"R"  # agent to runner: JSON of what to run
SIGNAL = b"S"  # agent to runner: a number, for the whole group of the script
OUTPUT = b"O"  # runner to agent: what the script printed
EXIT = b"X"  # runner to agent: JSON of how it ended; nothing comes after it

HEADER = struct.Struct(">cI")
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024


def send(connection: socket.socket, kind: bytes, payload: bytes) -> None:
    connection.sendall(HEADER.pack(kind, len(payload)) + payload)


def receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """None when the other side is gone. Raises ValueError for a frame that is too long."""
    header = read_exactly(connection, HEADER.size)
    if header is None:
        return None
    kind, length = HEADER.unpack(header)
    if length > MAX_PAYLOAD_BYTES:
        raise ValueError("a frame is too long")
    payload = read_exactly(connection, length)
    return None if payload is None else (kind, payload)


def read_exactly(connection: socket.socket, size: int) -> bytes | None:
    parts, missing = [], size
    while missing > 0:
        try:
            part = connection.recv(missing)
        except ConnectionError:
            return None
        if part == b"":
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
