"""Worker processes that fail, die or lose their parent."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import BadInput
from sim.experiment import replicate
from sim.histogram import LogHistogram
from sim.outcome import Outcome
from sim.workers import ReplicationFailed
from tests.clusters import within


@dataclass(frozen=True)
class Trouble:
    """Works, but for seed 3, which ends as *kind* says: in an error, if nothing else."""

    kind: str

    @property
    def key(self) -> str:
        return self.kind

    def __call__(self, seed: int) -> Outcome[LogHistogram]:
        if seed == 3:
            if self.kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.kind == "memory":
                raise MemoryError
            if self.kind == "bad-input":
                raise BadInput("gateway.pods: 0 is not allowed; must be an integer from 1 to 2000")
            raise ZeroDivisionError("no\n  servers")
        if self.kind == "slow":
            time.sleep(0.05)
        return Outcome({"seed": seed}, LogHistogram.of(np.array([seed])))

    def payload_from_json(self, document: Any) -> LogHistogram:
        return LogHistogram.from_json(document)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_names_the_seed_and_keeps_what_was_done(tmp_path: Path, workers: int) -> None:
    with pytest.raises(ReplicationFailed, match="seed 3 failed: ZeroDivisionError: no servers") as failure:
        replicate(Trouble("error"), [1, 2, 3], workers=workers, store=tmp_path)
    assert "\n" not in str(failure.value)
    assert {path.name for path in (tmp_path / "error").iterdir()} == {"1.json", "2.json"}


def test_after_an_error_nothing_new_is_started(tmp_path: Path) -> None:
    with pytest.raises(ReplicationFailed, match="seed 3"):
        replicate(Trouble("slow"), [3, *range(10, 40)], workers=2, store=tmp_path)
    assert len(list((tmp_path / "slow").iterdir())) < 20


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_input_stays_bad_input(workers: int) -> None:
    with pytest.raises(BadInput, match=r"^gateway\.pods: 0 is not allowed"):
        replicate(Trouble("bad-input"), [3], workers=workers)


def test_a_killed_worker_gives_one_clear_error() -> None:
    with pytest.raises(ReplicationFailed, match="a worker process died") as failure:
        replicate(Trouble("killed"), [1, 2, 3, 4, 5], workers=2)
    assert "\n" not in str(failure.value)


@dataclass(frozen=True)
class Meeting:
    """Notes its seed and its process; from seed 4 on it ends when two processes have."""

    place: Path
    key = "meeting"

    def __call__(self, seed: int) -> Outcome[LogHistogram]:
        (self.place / f"{seed} {os.getpid()}").touch()
        within(30, lambda: seed < 4 or len(self.processes()) == 2)
        return Outcome({"seed": seed}, LogHistogram.of(np.array([seed])))

    def payload_from_json(self, document: Any) -> LogHistogram:
        return LogHistogram.from_json(document)

    def processes(self) -> set[str]:
        return {path.name.partition(" ")[2] for path in self.place.iterdir()}


def test_who_does_something_meanwhile_works_in_the_place_of_a_process(tmp_path: Path) -> None:
    task, meanwhile = Meeting(tmp_path), []

    def work() -> None:
        within(30, lambda: len(list(tmp_path.iterdir())) == 4)
        meanwhile.append(task.processes())

    found = replicate(task, [1, 2, 3, 4, 5, 6], workers=2, meanwhile=work)
    assert [len(processes) for processes in meanwhile] == [1]
    assert len(task.processes()) == 2
    assert list(found.outcomes) == [1, 2, 3, 4, 5, 6]


def test_an_error_of_what_is_done_meanwhile_lets_nobody_wait() -> None:
    def fail() -> None:
        raise BadInput("engine: 'abacus' is not known")

    with pytest.raises(BadInput, match="abacus"):
        replicate(Trouble("slow"), [1, 2, 4], workers=2, meanwhile=fail)


IMPORTED = """
import os, sys
from dataclasses import dataclass
from sim.experiment import replicate
from sim.outcome import Outcome
from tests.sim.noted import Seeds

@dataclass(frozen=True)
class Looking:
    key = "looking"
    workers_import = "tests.sim.imported"

    def __call__(self, seed):
        return Outcome({"imported_by": sys.modules["tests.sim.imported"].PROCESS, "runs_in": os.getpid()}, Seeds(()))

if __name__ == "__main__":
    found = replicate(Looking(), [1, 2, 3, 4], workers=2).outcomes.values()
    print(len({each.kpis["imported_by"] for each in found}), any(each.kpis["imported_by"] in
          (each.kpis["runs_in"], os.getpid()) for each in found))
"""


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="processes are not forked")
def test_what_a_task_names_is_imported_once_for_all_workers(tmp_path: Path) -> None:
    script = tmp_path / "looking.py"
    script.write_text(IMPORTED)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "False"], done.stderr


SCRIPT = """
import os, sys, time
from dataclasses import dataclass
from pathlib import Path
from sim.experiment import replicate

@dataclass(frozen=True)
class Sleeper:
    started: Path
    key = "sleeper"

    def __call__(self, seed):
        (self.started / str(os.getpid())).touch()
        time.sleep(60)

if __name__ == "__main__":
    replicate(Sleeper(Path(sys.argv[1])), [1, 2], workers=2)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells the state of a process by /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    started = tmp_path / "started"
    started.mkdir()
    script = tmp_path / "sleeper.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, script, started],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,  # its resource tracker reports the semaphores of the killed process
    ) as parent:
        within(30, lambda: len(list(started.iterdir())) == 2)
        parent.kill()
    workers = [int(path.name) for path in started.iterdir()]
    within(10, lambda: not any(is_running(pid) for pid in workers))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells the state of a process by /proc")
def test_who_is_stopped_says_so_at_once_and_takes_its_workers_along(tmp_path: Path, sent: signal.Signals) -> None:
    """Also where the signal reaches the whole group, as Ctrl-C does: no worker dies of it on its own."""
    started = tmp_path / "started"
    started.mkdir()
    script = tmp_path / "sleeper.py"
    ending = "    import signal\n    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
    script.write_text(SCRIPT.replace("    replicate(", f"{ending}    replicate("))
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, script, started],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        within(30, lambda: len(list(started.iterdir())) == 2)
        began = time.monotonic()
        if sent == signal.SIGINT:
            os.killpg(parent.pid, sent)
        else:
            parent.send_signal(sent)
        _, complaint = parent.communicate(timeout=30)
    assert time.monotonic() - began < 20  # the workers sleep for a minute
    assert "ReplicationFailed" not in complaint
    assert parent.returncode == (143 if sent == signal.SIGTERM else -signal.SIGINT)
    within(10, lambda: not any(is_running(int(path.name)) for path in started.iterdir()))


def test_too_little_memory_in_a_worker_is_told_as_such() -> None:
    with pytest.raises(MemoryError):
        replicate(Trouble("memory"), [1, 3], workers=2)


def is_running(pid: int) -> bool:
    # an orphan that ended may stay a zombie where nobody reaps it, as in some containers
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
