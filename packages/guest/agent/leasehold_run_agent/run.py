"""One run: begin, fetch, execute, upload, finish."""

import os
import signal
import time
from argparse import Namespace

from .heartbeat import Heartbeat
from .output_log import OutputLog
from .outputs import tell, upload_outputs
from .progress import ProgressReader
from .run_api import CredentialDead, Refused, RunApi
from .script import NEVER_RAN, RunningScript, ScriptExit
from .workplace import InputMissing, ScriptUser, Workplace

WATCH_SECONDS = 0.05
# As a shell reports a command that it found and could not execute.
COULD_NOT_START = ScriptExit(126, None)


class Run:
    def __init__(self, api: RunApi, options: Namespace, user: ScriptUser | None):
        self._api = api
        self._work = options.work
        self._ring_path = os.path.join(options.spool, f"leasehold-output-{os.getpid()}")
        self._ring_bytes = options.ring_bytes
        self._user = user
        self._grace_seconds = options.grace_seconds

    def carry_out(self) -> None:
        """Returns when the platform knows how the run ended. Raises CredentialDead, PlatformGone or Refused."""
        begun = self._api.ask("POST", "/run/v1/begin", {})
        heartbeat = Heartbeat(self._api, float(begun["heartbeatSeconds"]))
        log = OutputLog(self._api, self._ring_path, self._ring_bytes)
        exit, failure, detail = NEVER_RAN, None, None
        try:
            place = self._prepare(begun, heartbeat)
            exit = self._execute(begun, place, heartbeat, log)
        except InputMissing as missing:
            failure, detail = "input-missing", str(missing)[:1000]
            log.write(f"leasehold: the script did not run: {missing}\n".encode())
        self._give_up_when_dead()
        # The last words of the script are told before its results and its end.
        log.end()
        problems = upload_outputs(self._api, self._work, begun["outputsPath"])
        if problems:
            failure, detail = failure or "outputs-failed", detail or tell(problems)
        heartbeat.end()
        self._finish({"exit": exit.view(), "failure": failure, "detail": detail})

    def _prepare(self, begun: dict, heartbeat: Heartbeat) -> Workplace:
        place = Workplace(self._work, self._user)
        try:
            place.fetch_script(self._api)
        except Refused as refused:
            raise InputMissing(f"the script: {refused}") from None
        except OSError as problem:
            raise InputMissing(f"the script: {problem.strerror}") from None
        for entry in begun["inputs"]:
            if heartbeat.stop_asked.is_set():
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
        if heartbeat.stop_asked.is_set():
            return NEVER_RAN
        progress = ProgressReader(heartbeat.note_progress)

        def on_output(piece: bytes) -> None:
            progress.feed(piece)
            log.write(piece)

        command = [begun["interpreter"], place.script_path, *begun["arguments"]]
        try:
            script = RunningScript(command, begun["environment"], place, self._user, on_output)
        except (OSError, ValueError) as problem:
            log.write(f"leasehold: the script could not be started: {problem}\n".encode())
            return COULD_NOT_START
        self._watch(script, heartbeat)
        return script.end()

    def _watch(self, script: RunningScript, heartbeat: Heartbeat) -> None:
        """Until the script is over: passes on a stop, and ends it at once when the credential is dead."""
        kill_at: float | None = None
        while not script.over.wait(WATCH_SECONDS):
            if self._api.dead.is_set():
                script.signal_group(signal.SIGKILL)
            elif kill_at is None and heartbeat.stop_asked.is_set():
                script.signal_group(signal.SIGTERM)
                kill_at = time.monotonic() + self._grace_seconds
            elif kill_at is not None and time.monotonic() >= kill_at:
                script.signal_group(signal.SIGKILL)

    def _give_up_when_dead(self) -> None:
        if self._api.dead.is_set():
            raise CredentialDead()

    def _finish(self, report: dict) -> None:
        try:
            self._api.ask("POST", "/run/v1/finish", report)
        except CredentialDead:
            # An earlier try arrived and its answer was lost: the run is over, as it should be.
            return
