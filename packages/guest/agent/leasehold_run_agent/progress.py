"""Finds lines `::progress 0.42 text` in the output."""

import re

MAX_LINE_BYTES = 1024
LINE = re.compile(rb"^::progress[ \t]+(\d+(?:\.\d+)?|\.\d+)(?:[ \t]+(.*))?$")
MAX_TEXT_LENGTH = 200


class ProgressReader:
    """Fed with pieces of output as they come; remembers the last progress line."""

    def __init__(self, on_progress):
        self._on_progress = on_progress
        self._line = b""

    def feed(self, piece: bytes) -> None:
        *whole, last = piece.split(b"\n")
        for line in whole:
            self._see((self._line + line)[: MAX_LINE_BYTES + 1])
            self._line = b""
        # Long enough to be seen as too long, however long the line gets.
        self._line = (self._line + last)[: MAX_LINE_BYTES + 1]

    def _see(self, line: bytes) -> None:
        found = LINE.match(line.rstrip(b"\r")) if len(line) <= MAX_LINE_BYTES else None
        if found is None:
            return
        fraction = min(1.0, float(found[1]))
        text = "".join(filter(str.isprintable, (found[2] or b"").decode(errors="replace")))
        self._on_progress({"fraction": fraction, "text": text.strip()[:MAX_TEXT_LENGTH]})
