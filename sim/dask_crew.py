"""Replications on the workers of an existing Dask cluster, with the results that processes of this machine give.

Dask gives what a lost worker was running to another one. What it cannot know is that a worker has other sources or
other versions, and so other results: that is refused, at the start and for workers that join later.
"""

from __future__ import annotations

import logging
import queue
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sim.errors import BadInput
from sim.outcome import Outcome, P
from sim.workers import Job, ReplicationFailed, attempt, explained

if TYPE_CHECKING:
    from distributed import Client, Future

Identity = Callable[[], Mapping[str, str]]
"""What decides about results besides the task, by name. A function of a module, for it is called on the workers too."""

CONNECT_S = 5.0
"""How long a scheduler may take to answer."""
WITHOUT_WORKERS_S = 60.0
"""How long a cluster may be without any worker: they may be restarting (assumption)."""
LOOK_S = 5.0
"""How often to look for workers while nothing comes back."""
# a Dask process speaks first, and this is in what it says; a server of another kind is told from it without waiting
_GREETING = b"pickle-protocol"


class Cluster:
    """A context manager that runs replications on the cluster whose Dask scheduler is at *address*.

    BadInput if the address is none, nobody answers there as a scheduler does, there are no workers, or what *identity*
    says differs between here and one of them.
    """

    def __init__(self, address: str, identity: Identity) -> None:
        self.address, self.identity = address, identity
        host, port = _parts(address)
        _require_scheduler(address, host, port)
        self._client = _connected(address)
        try:
            _require_same(self._client, address, identity)
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()  # the scheduler forgets what has not been started

    def run(self, jobs: Sequence[Job[P]]) -> Iterator[tuple[int, Outcome[P]]]:
        """The place in *jobs* of each job with its outcome, as they finish.

        Raises as `sim.workers.Workers.run` does, at once; BadInput if the scheduler or all workers are lost.
        """
        finished: queue.SimpleQueue[int] = queue.SimpleQueue()
        there = partial(_attempt_there, self.identity, dict(self.identity()))
        running = {place: self._client.submit(there, *job, pure=False) for place, job in enumerate(jobs)}
        for place, future in running.items():
            future.add_done_callback(partial(_note, finished, place))
        while running:
            place = self._next(finished)
            yield place, self._result(running.pop(place), jobs[place].seed)

    def _next(self, finished: queue.SimpleQueue[int]) -> int:
        seen = time.monotonic()
        while True:
            try:
                return finished.get(timeout=LOOK_S)
            except queue.Empty:
                if self._has_workers():
                    seen = time.monotonic()
                elif time.monotonic() - seen > WITHOUT_WORKERS_S:
                    raise self._lost("all its workers") from None

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except OSError:
            raise self._lost("its scheduler") from None

    def _result(self, future: Future[Any], seed: int) -> Outcome[Any]:
        if future.status == "cancelled":  # nobody here cancels: it is what becomes of all when the scheduler goes
            raise self._lost("its scheduler")
        from distributed import KilledWorker

        try:
            outcome: Outcome[Any] = future.result()
        except KilledWorker as error:
            raise ReplicationFailed(f"seed {seed} failed: every worker that ran it died") from error
        except Exception as error:
            raise explained(error, seed) from error
        return outcome

    def _lost(self, what: str) -> BadInput:
        return BadInput(f"scheduler: {self.address} has lost {what}; start again when the cluster is back")


def _parts(address: str) -> tuple[str, int]:
    found = re.fullmatch(r"tcp://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", address)
    if found is None or not 0 < int(found[2]) < 65536:
        given = "this address" if "@" in address else ascii(address[:100])  # before an @ there may be a secret
        raise BadInput(f"scheduler: {given} is not allowed; must be tcp://HOST:PORT")
    return found[1].strip("[]"), int(found[2])


def _require_scheduler(address: str, host: str, port: int) -> None:
    """Refuse an address at which no scheduler answers, within seconds and before anything heavy is imported."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S) as connection:
            heard = b""
            while _GREETING not in heard and len(heard) < 4096:
                part = connection.recv(4096)
                if not part:
                    break
                heard += part
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise BadInput(f"scheduler: {address} does not answer ({reason}); must be a running Dask scheduler") from None
    if _GREETING not in heard:
        raise BadInput(f"scheduler: {address} does not answer as a Dask scheduler does")


def _connected(address: str) -> Client:
    from distributed import Client

    # what goes wrong is told in one line, not logged
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"scheduler: {address} cannot be used ({reason}); must be a running Dask scheduler") from None


def _require_same(client: Client, address: str, identity: Identity) -> None:
    here, workers = dict(identity()), client.run(identity, on_error="return")
    if not workers:
        raise BadInput(f"scheduler: {address} has no workers; start some with: dask worker {address} --nthreads 1")
    for worker, there in sorted(workers.items()):
        if isinstance(there, Exception):
            raise BadInput(
                f"scheduler: the worker {worker} cannot run this version of breakwater ({type(there).__name__}: "
                f"{' '.join(str(there).split())}); install the same there"
            )
        _compare(here, there, f"the worker {worker}")


def _compare(here: Mapping[str, str], there: Mapping[str, str], who: str) -> None:
    for name, mine in here.items():
        if there.get(name) != mine:
            raise BadInput(
                f"scheduler: {who} has {name} {there.get(name, 'unknown')}, here it is {mine}; must be the same"
            )


def _attempt_there(identity: Identity, here: Mapping[str, str], *job: Any) -> Outcome[Any]:
    """What runs on a worker."""
    from distributed import get_worker

    _compare(here, identity(), f"the worker {get_worker().address}")
    return attempt(Job(*job))


def _note(finished: queue.SimpleQueue[int], place: int, _future: Future[Any]) -> None:
    finished.put(place)
