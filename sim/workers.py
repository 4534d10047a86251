"""Replications on worker processes that start fresh, end with their parent, and fail with one clear error."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from types import TracebackType
from typing import Self

from sim.errors import BadInput
from sim.outcome import Outcome, P, Task


class ReplicationFailed(RuntimeError):
    """A replication ended in an error, or its process died: the message says which and why."""


class Workers:
    """A context manager that runs replications on *count* processes; with 1, in this process.

    Processes start at the first need and stay for further calls. BadInput unless count >= 1.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise BadInput(f"workers: {count} is not allowed; must be an integer from 1")
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def run(self, task: Task[P], seeds: Sequence[int]) -> Iterator[tuple[int, Outcome[P]]]:
        """Each seed with its outcome, as they finish.

        After a failure nothing new is started; what is already running is still yielded, so that it can be
        kept, and then the failure is raised: BadInput as it is, anything else as ReplicationFailed.
        """
        if self.count == 1:
            for seed in seeds:
                yield seed, _attempt(task, seed)
            return
        running = self._submit(task, seeds)
        failure: Exception | None = None
        for future in as_completed(running):
            if future.cancelled():
                continue
            try:
                outcome = future.result()
            except Exception as error:
                failure = failure or _explained(error, running[future])
                for other in running:
                    other.cancel()
            else:
                yield running[future], outcome
        if failure is not None:
            raise failure

    def _submit(self, task: Task[P], seeds: Sequence[int]) -> dict[Future[Outcome[P]], int]:
        if self._pool is None:
            # spawn, not fork: a forked copy of compiled code's threads and locks can hang
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, mp_context=spawn, initializer=_start_worker)
        try:
            return {self._pool.submit(_attempt, task, seed): seed for seed in seeds}
        except BrokenExecutor as error:
            raise _explained(error, seeds[0]) from error


def _attempt(task: Task[P], seed: int) -> Outcome[P]:
    try:
        return task(seed)
    except BadInput:
        raise
    except Exception as error:
        raise _failed(seed, error) from error


def _explained(error: Exception, seed: int) -> Exception:
    if isinstance(error, BadInput | ReplicationFailed):
        return error
    if isinstance(error, BrokenExecutor):
        explained = ReplicationFailed(
            "a worker process died (killed, out of memory, or a crash in compiled code); fewer workers need less memory"
        )
    else:
        explained = _failed(seed, error)
    explained.__cause__ = error
    return explained


def _failed(seed: int, error: Exception) -> ReplicationFailed:
    reason = " ".join(str(error).split())  # one line
    return ReplicationFailed(f"seed {seed} failed: {type(error).__name__}: {reason}")


def _start_worker() -> None:
    # Ctrl-C reaches the whole process group: workers go at once, the parent alone reports
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # a worker waits for work for ever, also after its parent was killed
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
