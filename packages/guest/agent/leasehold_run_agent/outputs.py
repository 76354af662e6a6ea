"""Uploads what the script left in its outputs folder. Follows no symbolic link, reads regular files only."""

import hashlib
import os
import stat
from urllib.parse import quote

from .run_api import LocalProblem, Refused, RunApi
from .workplace import SCRIPT_NAME, safe_parts

PIECE_BYTES = 256 * 1024
MAX_PROBLEMS_TOLD = 5


def upload_outputs(api: RunApi, work_folder: str, outputs_path: str) -> list[str]:
    """Uploads every regular file below the folder. Returns what went wrong, one line per file."""
    problems: list[str] = []
    try:
        folder = open_outputs(work_folder, outputs_path)
    except FileNotFoundError:
        return problems
    except (OSError, ValueError) as problem:
        return [f"the outputs folder: {problem}"]
    upload_folder(api, folder, b"", problems)
    return problems


def open_outputs(work_folder: str, outputs_path: str) -> int:
    """Part by part, so that the script cannot put a link in the way."""
    parts = [] if outputs_path.strip("/") in ("", ".") else safe_parts(outputs_path)
    folder = open_folder(work_folder, None)
    for part in parts:
        try:
            inner = open_folder(part, folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def upload_folder(api: RunApi, folder: int, prefix: bytes, problems: list[str]) -> None:
    """Takes over `folder` (a descriptor) and closes it."""
    try:
        names = sorted(os.fsencode(name) for name in os.listdir(folder))
        for name in names:
            path = prefix + name
            if path == SCRIPT_NAME.encode():
                continue
            try:
                kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
                if stat.S_ISDIR(kind):
                    upload_folder(api, open_folder(name, folder), path + b"/", problems)
                elif stat.S_ISREG(kind):
                    upload_file(api, folder, name, path)
            except (Refused, OSError, RecursionError) as problem:
                problems.append(f"{object_path(path)}: {problem}")
    finally:
        os.close(folder)


def upload_file(api: RunApi, folder: int, name: bytes, path: bytes) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        digest, size = digest_of(file)
        headers = {"Content-Length": str(size), "Leasehold-Sha256": digest}
        target = "/run/v1/outputs/" + quote(object_path(path), safe="/")
        api.ask("PUT", target, lambda: FromStart(file), headers)


class FromStart:
    """Reads an open file from its beginning; closing it leaves the file open for another try."""

    def __init__(self, file):
        file.seek(0)
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file = None


def digest_of(file) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
    except OSError as problem:
        raise LocalProblem(problem.errno, problem.strerror) from None
    return digest.hexdigest(), size


def object_path(path: bytes) -> str:
    """Names that a bucket cannot hold are written with `%XX`: control characters, backslashes, broken UTF-8."""
    text = path.decode("utf-8", errors="surrogateescape")
    return "".join(
        character if is_plain(character) else escaped(character) for character in text
    )


def is_plain(character: str) -> bool:
    code = ord(character)
    return code >= 0x20 and code != 0x7F and character != "\\" and not 0xDC80 <= code <= 0xDCFF


def escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", errors="surrogateescape"))


def open_folder(name, parent: int | None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=parent)


def tell(problems: list[str]) -> str:
    told = "; ".join(problems[:MAX_PROBLEMS_TOLD])
    more = len(problems) - MAX_PROBLEMS_TOLD
    return (told + (f"; and {more} more" if more > 0 else ""))[:1000]
