"""The pages' side of a worker process: start it, ask, listen, kill it. One for each session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

from dashboards.web.messages import Done, Failed, Progressed, Refused

if TYPE_CHECKING:
    from dashboards.web.jobs import Job

Ended = Done | Refused | Failed
DIED = "the simulating process died: out of memory, or killed from outside"


AFTER_S = 1.5
"""How long after a process has been taken the next one is begun: its imports would hold up the page that took it."""


class Spare:
    """A process kept ready, its engine loaded, for the next session or for one that has cancelled a job.

    Nothing is kept before the first `fill`: that is for a server, which has sessions to come.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._kept: _Process | None = None
        self._filling: threading.Timer | None = None

    def fill(self) -> None:
        """Keep a process ready from now on."""
        with self._changing:
            if self._kept is None:
                self._kept = _begun()

    def _refill(self) -> None:
        with self._changing:
            wanted, self._filling = self._filling is not None, None
            if wanted and self._kept is None:  # nothing has been dropped meanwhile
                self._kept = _begun()

    def take(self) -> _Process:
        """Return the process that is kept, soon after which the next one is begun, or a new one."""
        with self._changing:
            kept, self._kept = self._kept, None
            if kept is not None and self._filling is None:
                self._filling = threading.Timer(AFTER_S, self._refill)
                self._filling.daemon = True
                self._filling.start()
        return _begun() if kept is None or kept.process.poll() is not None else kept

    def drop(self) -> None:
        """Keep nothing ready any more."""
        with self._changing:
            if self._filling is not None:
                self._filling.cancel()
            kept, self._kept, self._filling = self._kept, None, None
        if kept is not None:
            kept.process.kill()
            kept.process.wait()
            kept.connection.close()


class _Process(NamedTuple):
    """A process that waits for jobs, and this end of the connection to it."""

    process: subprocess.Popen[bytes]
    connection: Connection


def _begun() -> _Process:
    ours, theirs = Pipe()
    command = [sys.executable, "-m", "dashboards.web.simulating", str(theirs.fileno())]
    # a session of its own: Ctrl-C in the terminal does not reach it, and a kill reaches all its children
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True
    )
    theirs.close()
    return _Process(process, ours)


SPARE = Spare()


class Worker:
    """A process that simulates for one session, started at once so that its engine is loaded when it is asked.

    It does one job at a time; a job is stopped by killing the process, with all that it has started.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._ended = False
        self._start()

    def _start(self) -> None:
        self._process, self._connection = SPARE.take()
        self.key: str | None = None
        self.page: str | None = None
        self.progress: Progressed | None = None

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self.key is not None

    def ask(self, job: Job, page: str) -> None:
        """Begin *job* for *page*, in place of whatever was under way."""
        if self.busy or self._process.poll() is not None:
            self.cancel()
        self.key, self.page, self.progress = job.key, page, None
        with suppress(OSError):  # a process that has died meanwhile is noticed by listening
            self._connection.send(job)

    def listen(self, seconds: float) -> Ended | None:
        """Take what the process has told, waiting up to *seconds* for it; return how the job ended if it did."""
        try:
            while self._connection.poll(seconds):
                message = self._connection.recv()
                if isinstance(message, Progressed):
                    self.progress = message
                elif message.key == self.key:
                    self.key = self.page = None
                    return message
                seconds = 0.0
        except (EOFError, OSError):
            key = self.key or ""
            self.cancel()
            return Failed(key, DIED)
        return None

    def cancel(self) -> None:
        """Stop what is under way at once and be ready for another job; nothing if the session has ended."""
        with self._changing:
            if self._ended:
                return
            self._kill()
            self._connection.close()
            self._start()

    def close(self) -> None:
        """Kill the process with everything it has started, for good.

        Called from another thread than the session's, which may be listening: so the connection stays open, and ends
        with this object.
        """
        with self._changing:
            self._ended = True
            self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
