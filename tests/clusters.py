"""A real Dask cluster of this machine: a scheduler and workers, each a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUIET = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]


@dataclass
class DaskCluster:
    """A running scheduler, and the workers started so far."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a process of the cluster, in a directory of its own, where it finds these sources."""
        log = self.folder / f"{len(self.processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments, *QUIET],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdout=file,
                stderr=file,
            )
        self.processes.append(process)
        return process

    def worker(self, threads: int = 1, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker and wait until it is connected."""
        process = self.start("dask_worker", self.address, "--no-nanny", "--nthreads", str(threads), **environment)
        log = self.folder / f"{len(self.processes) - 1}.log"
        within(30, lambda: b"Starting established connection" in log.read_bytes())
        return process


@contextmanager
def dask_cluster(folder: Path, workers: int = 0) -> Iterator[DaskCluster]:
    """A cluster in *folder*, gone with the block."""
    cluster = DaskCluster(folder)
    where = folder / "scheduler.json"
    try:
        cluster.start("dask_scheduler", "--port", "0", "--scheduler-file", str(where))
        within(30, lambda: bool(_read(where)))
        cluster.address = str(_read(where)["address"])
        for _ in range(workers):
            cluster.worker()
        yield cluster
    finally:
        for process in cluster.processes:
            process.kill()
        for process in cluster.processes:
            process.wait(10)


def within(limit_s: float, condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds; AssertionError after *limit_s* seconds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def _read(path: Path) -> Mapping[str, object]:
    try:
        found: Mapping[str, object] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # not there, or not whole yet
        return {}
    return found
