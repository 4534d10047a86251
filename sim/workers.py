"""Replications on worker processes that start fresh, end with their parent, and fail with one clear error."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from types import TracebackType
from typing import Generic, NamedTuple, Protocol, Self

from sim.errors import BadInput
from sim.outcome import Outcome, P, Task


class ReplicationFailed(RuntimeError):
    """A replication ended in an error, or its process died: the message says which and why."""


class WorkerDied(ReplicationFailed):
    """The process of a replication was killed, or ran out of memory: no fault of the replication."""


class Job(NamedTuple, Generic[P]):
    """One replication to run: a task and a seed."""

    task: Task[P]
    seed: int


class Crew(Protocol):
    """Whoever runs jobs: processes of this machine, or those of a cluster."""

    def run(self, jobs: Sequence[Job[P]]) -> Iterator[tuple[int, Outcome[P]]]:
        """The place in *jobs* of each job with its outcome, as they finish."""
        ...


def processes_for(jobs: int) -> int:
    """How many processes to use for *jobs*: one per processor that this process may run on, and no idle ones."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(here, jobs))


class Workers:
    """A context manager that runs replications on *count* processes; with 1, in this process.

    Processes start at the first need and stay for further calls. They are forked from one that has imported what the
    tasks are made of (see `sim.outcome.Task`), and share its memory as far as it does not change. While the first jobs
    run, `meanwhile` is called here, once: so long one of the processes waits, as this one works in its place.
    BadInput unless count >= 1.
    """

    def __init__(self, count: int, meanwhile: Callable[[], None] | None = None) -> None:
        if count < 1:
            raise BadInput(f"workers: {count} is not allowed; must be an integer from 1")
        self.count = count
        self._meanwhile = meanwhile
        self._pool: ProcessPoolExecutor | None = None
        self._go_on: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is None:
            return
        if kind is not None and not issubclass(kind, Exception):
            # interrupted or terminated: nobody waits for what is running, and a replication may take minutes
            for process in [*(self._pool._processes or {}).values()]:
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def run(self, jobs: Sequence[Job[P]]) -> Iterator[tuple[int, Outcome[P]]]:
        """The place in *jobs* of each job with its outcome, as they finish.

        After a failure nothing new is started; what is already running is still yielded, so that it can be
        kept, and then the failure is raised: BadInput as it is, anything else as ReplicationFailed.
        """
        meanwhile, self._meanwhile = self._meanwhile, None
        if self.count == 1:
            if meanwhile is not None:
                meanwhile()
            for place, job in enumerate(jobs):
                yield place, attempt(job)
            return
        running = self._begin(jobs) if meanwhile is None else self._begin_beside(jobs, meanwhile)
        failure: Exception | None = None
        for future in as_completed(running):
            if future.cancelled():
                continue
            try:
                outcome = future.result()
            except Exception as error:
                failure = failure or explained(error, jobs[running[future]].seed)
                for other in running:
                    other.cancel()
            else:
                yield running.pop(future), outcome
        if failure is not None:
            raise failure

    def _begin_beside(self, jobs: Sequence[Job[P]], meanwhile: Callable[[], None]) -> dict[Future[Outcome[P]], int]:
        """Begin jobs on all processes but one, which begins when *meanwhile* is over."""
        running = self._begin(jobs, but_one=True) if jobs else {}
        try:
            meanwhile()
        finally:
            self._go_on()
        return running

    def _begin(self, jobs: Sequence[Job[P]], but_one: bool = False) -> dict[Future[Outcome[P]], int]:
        pool = self._started(jobs)
        try:
            with _without_interrupts():
                if but_one:
                    pool.submit(_wait)
                return {pool.submit(attempt, job): place for place, job in enumerate(jobs)}
        except BrokenExecutor as error:
            raise explained(error, jobs[0].seed) from error

    def _started(self, jobs: Sequence[Job[P]]) -> ProcessPoolExecutor:
        if self._pool is None:
            context = _context(jobs)
            over = context.Event()
            self._go_on = over.set
            self._pool = ProcessPoolExecutor(
                self.count, mp_context=context, initializer=_start_worker, initargs=(over.wait,)
            )
        return self._pool


def _context(jobs: Sequence[Job[P]]) -> BaseContext:
    """Return how processes are started: never as a fork of this one, whose threads and locks a copy can hang in.

    They are forked from a process of one thread that imports, once, what the first tasks there ever are ask for.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    wanted = {module for job in jobs for module in (type(job.task).__module__, getattr(job.task, "workers_import", ""))}
    context.set_forkserver_preload(sorted(wanted - {"__main__", ""}))
    return context


def attempt(job: Job[P]) -> Outcome[P]:
    """Run one job. BadInput and MemoryError as they are, any other error as ReplicationFailed."""
    try:
        return job.task(job.seed)
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        raise _failed(job.seed, error) from error


def explained(error: Exception, seed: int) -> Exception:
    """What to raise for the *error* with which the process that ran *seed* came back."""
    if isinstance(error, BadInput | MemoryError | ReplicationFailed):
        return error
    if isinstance(error, BrokenExecutor):
        result: ReplicationFailed = WorkerDied(
            "a worker process died (killed, out of memory, or a crash in compiled code); fewer workers need less memory"
        )
    else:
        result = _failed(seed, error)
    result.__cause__ = error
    return result


def _failed(seed: int, error: Exception) -> ReplicationFailed:
    reason = " ".join(str(error).split())  # one line
    return ReplicationFailed(f"seed {seed} failed: {type(error).__name__}: {reason}")


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let processes that are started meanwhile never see Ctrl-C, which reaches the whole group; here it comes later.

    A worker that ended with it would look like one that died. The parent alone reports, and ends them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_wait_for_parent: Callable[[], object] | None = None
"""In a worker: returns when its parent has done what it does meanwhile."""


def _start_worker(wait_for_parent: Callable[[], object]) -> None:
    global _wait_for_parent
    _wait_for_parent = wait_for_parent
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _wait() -> None:
    """Let this worker do nothing while its parent works in its place."""
    if _wait_for_parent is not None:
        _wait_for_parent()


def _end_with_parent() -> None:
    # a worker waits for work for ever, also after its parent was killed
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
