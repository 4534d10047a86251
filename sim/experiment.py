"""Experiments: a task replicated over seeds, or beside others on common seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, NamedTuple

from sim.errors import BadInput
from sim.outcome import Comparison, Outcome, P, Replications, Task
from sim.store import Store
from sim.workers import Crew, Job, Workers

OnDone = Callable[[int, Outcome[P]], None]
"""Called in the calling process with each seed and its outcome as it finishes, those found stored first."""


def replicate(
    task: Task[P],
    seeds: Sequence[int],
    *,
    workers: int = 1,
    store: Path | None = None,
    on_done: OnDone[P] | None = None,
) -> Replications[P]:
    """Run *task* once for each of *seeds* on *workers* processes; the results do not depend on their number.

    With *store*, each outcome is saved there when it is done, and outcomes saved before are read instead of
    run. BadInput for no, negative or repeated seeds, or stored results that are not this task's;
    `sim.workers.ReplicationFailed` if a replication fails.
    """
    return _run([task], seeds, workers, store, on_done)[0]


def compare_paired(
    task: Task[P],
    others: Sequence[Task[P]],
    seeds: Sequence[int],
    *,
    workers: int = 1,
    store: Path | None = None,
    on_done: OnDone[P] | None = None,
) -> tuple[Comparison[P], ...]:
    """Run all tasks on the same *seeds*, with common random numbers: *task* beside each of the *others*.

    Arguments as for `replicate`.
    """
    a, *rest = _run([task, *others], seeds, workers, store, on_done)
    return tuple(Comparison(a, b) for b in rest)


class Done(NamedTuple, Generic[P]):
    """A finished replication of one of several tasks: its place among them, and whether it was found stored."""

    place: int
    seed: int
    outcome: Outcome[P]
    stored: bool


def replications_of(
    tasks: Sequence[Task[P]], seeds: Sequence[int], crew: Crew, store: Path | None = None
) -> Iterator[Done[P]]:
    """Each replication of several tasks on common *seeds*: those found in *store* first, the others as they finish.

    Nothing is kept here, so that thousands of tasks do not fill the memory; *store* as for `replicate`. BadInput and
    ReplicationFailed too.
    """
    wanted = _checked_seeds(seeds)
    shelves = [Store(store, task.key) if store is not None else None for task in tasks]
    missing: list[tuple[int, int]] = []
    for place, (task, shelf) in enumerate(zip(tasks, shelves, strict=True)):
        for seed in wanted:
            stored = shelf.read(seed, task.payload_from_json) if shelf is not None else None
            if stored is None:
                missing.append((place, seed))
            else:
                yield Done(place, seed, stored, stored=True)
    for k, outcome in crew.run([Job(tasks[place], seed) for place, seed in missing]):
        place, seed = missing[k]
        shelf = shelves[place]
        if shelf is not None:
            shelf.write(seed, outcome)
        yield Done(place, seed, outcome, stored=False)


def _run(
    tasks: Sequence[Task[P]], seeds: Sequence[int], workers: int, store: Path | None, on_done: OnDone[P] | None
) -> list[Replications[P]]:
    outcomes: list[dict[int, Outcome[P]]] = [{} for _ in tasks]
    with Workers(workers) as crew:
        for done in replications_of(tasks, seeds, crew, store):
            outcomes[done.place][done.seed] = done.outcome
            if on_done is not None:
                on_done(done.seed, done.outcome)
    return [Replications(task.key, found) for task, found in zip(tasks, outcomes, strict=True)]


def _checked_seeds(seeds: Sequence[int]) -> list[int]:
    wanted = [int(seed) for seed in seeds]
    if not wanted:
        raise BadInput("seeds: none given; must be at least one")
    if min(wanted) < 0:
        raise BadInput(f"seeds: {min(wanted)} is not allowed; must be integers from 0")
    seed, times = Counter(wanted).most_common(1)[0]
    if times > 1:
        raise BadInput(f"seeds: {seed} is repeated; must be distinct, or intervals come out too narrow")
    return wanted
