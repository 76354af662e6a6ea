"""One run: begin, fetch, execute, upload, finish."""

import os
import signal
import threading
import time
import uuid
from argparse import Namespace
from dataclasses import dataclass, field

from .heartbeat import Heartbeat
from .output_log import OutputLog
from .outputs import tell, upload_outputs
from .progress import ProgressReader
from .run_api import CredentialDead, Refused, RunApi
from .script import NEVER_RAN, ScriptExit
from .usage import DiskWall
from .workplace import InputMissing, ScriptUser, Workplace

WATCH_SECONDS = 0.05
# As a shell reports a command that it found and could not execute.
COULD_NOT_START = ScriptExit(126, None)
OUT_OF_MEMORY = "The script was killed because it used more memory than its machine has."
INTERRUPTED = "The place where the script ran was needed or closed, so the script was ended."


@dataclass(frozen=True)
class Surroundings:
    """What is particular to the place where a run happens."""

    # (command, environment, place, on_output) -> a running script
    launch: object
    # Whom the script runs as; None: the agent's own user.
    user: ScriptUser | None = None
    # Set when the machine has to go: what is there is saved, then the run ends.
    interrupted: threading.Event = field(default_factory=threading.Event)
    # None: the machine's own disk is the limit.
    disk: DiskWall | None = None


class Run:
    def __init__(self, api: RunApi, options: Namespace, around: Surroundings):
        self._api = api
        self._around = around
        self._work = options.work
        self._ring_path = os.path.join(options.spool, f"leasehold-output-{os.getpid()}")
        self._ring_bytes = options.ring_bytes
        self._grace_seconds = options.grace_seconds
        # Why the run fails beside the script's exit, in the platform's words, and in the renter's.
        self._failure: tuple[str, str] | None = None

    def carry_out(self) -> None:
        """Returns when the platform knows how the run ended. Raises CredentialDead, PlatformGone or Refused."""
        begun = self._api.ask("POST", "/run/v1/begin", {"instance": str(uuid.uuid4())})
        heartbeat = Heartbeat(self._api, float(begun["heartbeatSeconds"]))
        log = OutputLog(self._api, self._ring_path, self._ring_bytes)
        exit = NEVER_RAN
        try:
            place = self._prepare(begun, heartbeat)
            exit = self._execute(begun, place, heartbeat, log)
        except InputMissing as missing:
            self._fail("input-missing", str(missing))
            log.write(f"leasehold: the script did not run: {missing}\n".encode())
        self._explain(exit, log)
        self._give_up_when_dead()
        # The last words of the script are told before its results and its end.
        log.end()
        problems = upload_outputs(self._api, self._work, begun["outputsPath"])
        if problems:
            self._fail("outputs-failed", tell(problems))
        heartbeat.end()
        failure, detail = self._failure or (None, None)
        self._finish({"exit": exit.view(), "failure": failure, "detail": detail})

    def _prepare(self, begun: dict, heartbeat: Heartbeat) -> Workplace:
        place = Workplace(self._work, self._around.user)
        try:
            place.fetch_script(self._api)
        except Refused as refused:
            raise InputMissing(f"the script: {refused}") from None
        except OSError as problem:
            raise InputMissing(f"the script: {problem.strerror}") from None
        for entry in begun["inputs"]:
            if self._must_stop(heartbeat):
                break
            place.fetch_input(self._api, entry)
        try:
            place.make_outputs_folder(begun["outputsPath"])
        except (OSError, ValueError) as problem:
            raise InputMissing(f"the outputs path: {problem}") from None
        return place

    def _execute(
        self, begun: dict, place: Workplace, heartbeat: Heartbeat, log: OutputLog
    ) -> ScriptExit:
        if self._must_stop(heartbeat):
            return NEVER_RAN
        progress = ProgressReader(heartbeat.note_progress)

        def on_output(piece: bytes) -> None:
            progress.feed(piece)
            log.write(piece)

        command = [begun["interpreter"], place.script_path, *begun["arguments"]]
        try:
            script = self._around.launch(command, begun["environment"], place, on_output)
        except (OSError, ValueError) as problem:
            log.write(f"leasehold: the script could not be started: {problem}\n".encode())
            return COULD_NOT_START
        self._watch(script, heartbeat)
        return script.end()

    def _watch(self, script, heartbeat: Heartbeat) -> None:
        """Until the script is over: passes on a stop, and ends it at once when the credential is dead or its disk full."""
        kill_at: float | None = None
        while not script.over.wait(WATCH_SECONDS):
            if self._api.dead.is_set() or self._disk_is_full():
                script.signal_group(signal.SIGKILL)
            elif kill_at is None and self._must_stop(heartbeat):
                script.signal_group(signal.SIGTERM)
                kill_at = time.monotonic() + self._grace_seconds
            elif kill_at is not None and time.monotonic() >= kill_at:
                script.signal_group(signal.SIGKILL)

    def _must_stop(self, heartbeat: Heartbeat) -> bool:
        """Whether somebody wants the end. What the platform asked for, it knows; the rest it must be told."""
        if heartbeat.stop_asked.is_set():
            return True
        if not self._around.interrupted.is_set():
            return False
        self._fail("interrupted", INTERRUPTED)
        return True

    def _disk_is_full(self) -> bool:
        disk = self._around.disk
        if disk is None or not disk.hit.is_set():
            return False
        limit = f"{disk.limit_bytes / 2**30:g} GiB"
        self._fail("out-of-disk", f"The script was ended because its files took more than {limit}.")
        return True

    def _explain(self, exit: ScriptExit, log: OutputLog) -> None:
        """Tells the reader of the log what ended the script from outside."""
        if exit.out_of_memory:
            self._fail("out-of-memory", OUT_OF_MEMORY)
        if self._failure is not None and self._failure[0] != "input-missing":
            log.write(f"leasehold: {self._failure[1]}\n".encode())

    def _fail(self, failure: str, detail: str) -> None:
        """The first reason stays: the others follow from it."""
        if self._failure is None:
            self._failure = (failure, detail[:1000])

    def _give_up_when_dead(self) -> None:
        if self._api.dead.is_set():
            raise CredentialDead()

    def _finish(self, report: dict) -> None:
        try:
            self._api.ask("POST", "/run/v1/finish", report)
        except CredentialDead:
            # An earlier try arrived and its answer was lost: the run is over, as it should be.
            return
