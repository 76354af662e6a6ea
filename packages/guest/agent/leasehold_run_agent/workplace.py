"""The script's home: its folder, the script itself, and its inputs. All of it belongs to the script's user."""

import errno
import os
import pwd
from dataclasses import dataclass

from .run_api import LocalProblem, Refused, RunApi

SCRIPT_NAME = ".leasehold-script"
PIECE_BYTES = 256 * 1024
MAX_SCRIPT_BYTES = 16 * 1024 * 1024


class InputMissing(Exception):
    """An input cannot be placed; the script does not run without it."""


@dataclass(frozen=True)
class ScriptUser:
    name: str
    user_id: int
    group_id: int
    home: str


def find_user(name: str) -> ScriptUser:
    entry = pwd.getpwnam(name)
    if entry.pw_uid == 0:
        raise ValueError("the script's user must not be root")
    return ScriptUser(name, entry.pw_uid, entry.pw_gid, entry.pw_dir)


def safe_parts(path: str) -> list[str]:
    """The parts of a path below the working folder. Raises ValueError for one that leads elsewhere."""
    trimmed = path[:-1] if path.endswith("/") else path
    parts = trimmed.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError("a path with an empty part, `.`, `..` or NUL")
    return parts


class Workplace:
    def __init__(self, folder: str, user: ScriptUser | None):
        self.folder = folder
        self._user = user
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self._own(folder)

    @property
    def script_path(self) -> str:
        return os.path.join(self.folder, SCRIPT_NAME)

    def fetch_script(self, api: RunApi) -> None:
        self._download(api, "/run/v1/script", self.script_path, None, MAX_SCRIPT_BYTES)

    def fetch_input(self, api: RunApi, entry: dict) -> None:
        """Raises InputMissing when the platform has no such input, or its path or size is wrong."""
        index, path, size = entry.get("index"), entry.get("path"), entry.get("sizeBytes")
        if not isinstance(index, int) or not isinstance(path, str) or not isinstance(size, int):
            raise InputMissing("an input is described without index, path or size")
        try:
            parts = safe_parts(path)
        except ValueError as problem:
            raise InputMissing(f"input {index}: {problem}") from None
        if parts == [SCRIPT_NAME]:
            raise InputMissing(f"input {index}: the name {SCRIPT_NAME} is taken")
        try:
            parent = self._make_folders(parts[:-1])
            self._download(api, f"/run/v1/inputs/{index}", os.path.join(parent, parts[-1]), size, size)
        except Refused as refused:
            raise InputMissing(f"{path}: {refused}") from None
        except OSError as problem:
            raise InputMissing(f"{path}: {os.strerror(problem.errno or errno.EIO)}") from None

    def make_outputs_folder(self, outputs_path: str) -> None:
        """Scripts may write into it without creating it first."""
        if outputs_path.strip("/") not in ("", "."):
            self._make_folders(safe_parts(outputs_path))

    def _make_folders(self, parts: list[str]) -> str:
        folder = self.folder
        for part in parts:
            folder = os.path.join(folder, part)
            try:
                os.mkdir(folder, 0o755)
            except FileExistsError:
                continue
            self._own(folder)
        return folder

    def _download(self, api: RunApi, path: str, target: str, size: int | None, limit: int) -> None:
        def receive(answer) -> None:
            announced = answer.length
            file = local(os.open, target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                got = 0
                while piece := answer.read(min(PIECE_BYTES, limit - got + 1)):
                    got += len(piece)
                    if got > limit:
                        raise Refused(200, "longer than announced")
                    while piece:
                        piece = piece[local(os.write, file, piece) :]
                # http.client reports a connection that broke off as the end of the body.
                if got != (size if size is not None else announced if announced is not None else got):
                    raise ValueError("shorter than announced")
            finally:
                os.close(file)

        api.fetch(path, receive)
        self._own(target)

    def _own(self, path: str) -> None:
        if self._user is not None:
            os.chown(path, self._user.user_id, self._user.group_id, follow_symlinks=False)


def local(call, *arguments):
    """A call on our own disk, whose failure must not look like the network's."""
    try:
        return call(*arguments)
    except OSError as problem:
        raise LocalProblem(problem.errno, os.strerror(problem.errno or errno.EIO)) from None
