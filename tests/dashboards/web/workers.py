"""Jobs and looks at processes that the tests of workers need."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.web.jobs import Run
from models.scenario import load_scenario
from sim.errors import BadInput

SMALL = ("clients.count=300", "event.seats=30", "run.duration_s=30")


def small_run(seed: int = 1, replications: int = 1) -> Run:
    return Run(load_scenario("onsale-small", SMALL), seed, replications)


@dataclass(frozen=True)
class Sleep:
    """Takes as long as it is let, with a child process that does too."""

    key: str
    pid_file: str

    def run(self, progress: Callable[[float, int, float, str], None]) -> None:
        import subprocess
        import sys

        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        place = Path(self.pid_file)
        place.with_suffix(".new").write_text(str(child.pid))
        place.with_suffix(".new").rename(place)
        while True:
            progress(0.5, 100, 1.0, "asleep")
            time.sleep(0.05)


@dataclass(frozen=True)
class Raise:
    """Ends in an error."""

    key: str
    what: str

    def run(self, progress: Callable[[float, int, float, str], None]) -> Any:
        if self.what == "refused":
            raise BadInput("redis.shards: 0 is not allowed")
        if self.what == "killed":
            os.kill(os.getpid(), 9)
        raise RuntimeError("a\ndefect")


def is_running(pid: int) -> bool:
    """Whether there is such a process, not counting one that has ended and was not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], bool], patience_s: float = 120) -> None:
    """Wait for something that must come; the patience is for a machine that is busy."""
    until = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
