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
    meanwhile: Callable[[], None] | None = None,
) -> Replications[P]:
    """Run *task* once for each of *seeds* on *workers* processes; the results do not depend on their number.

    *meanwhile* is called in this process when they have begun, which works in the place of one of them so long.
    With *store*, each outcome is saved there when it is done, and outcomes saved before are read instead of
    run. BadInput for no, negative or repeated seeds, or stored results that are not this task's;
    `sim.workers.ReplicationFailed` if a replication fails.
    """
    with Workers(workers, meanwhile) as crew:
        return _run(crew, task, seeds, store, on_done)


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
    tasks = [task, *others]
    outcomes: list[dict[int, Outcome[P]]] = [{} for _ in tasks]
    with Workers(workers) as crew:
        for done in replications_of(tasks, seeds, crew, store):
            outcomes[done.place][done.seed] = done.outcome
            if on_done is not None:
                on_done(done.seed, done.outcome)
    a, *rest = (Replications(each.key, found) for each, found in zip(tasks, outcomes, strict=True))
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
    jobs = [Job(task, seed) for task in tasks for seed in wanted]
    for at, outcome, stored in outcomes_of(jobs, crew, store):
        yield Done(at // len(wanted), jobs[at].seed, outcome, stored)


def outcomes_of(
    jobs: Sequence[Job[P]], crew: Crew, store: Path | None = None
) -> Iterator[tuple[int, Outcome[P], bool]]:
    """Yield the place of each job, its outcome, and whether it was found stored; those that were come first.

    Jobs are of any tasks and seeds. *store* as for `replicate`; raises BadInput and ReplicationFailed.
    """
    shelves = {} if store is None else {job.task.key: Store(store, job.task.key) for job in jobs}
    missing: list[int] = []
    for place, (task, seed) in enumerate(jobs):
        stored = shelves[task.key].read(seed, task.payload_from_json) if shelves else None
        if stored is None:
            missing.append(place)
        else:
            yield place, stored, True
    for k, outcome in crew.run([jobs[place] for place in missing]):
        task, seed = jobs[missing[k]]
        if shelves:
            shelves[task.key].write(seed, outcome)
        yield missing[k], outcome, False


def _run(
    crew: Crew, task: Task[P], seeds: Sequence[int], store: Path | None, on_done: OnDone[P] | None
) -> Replications[P]:
    outcomes: dict[int, Outcome[P]] = {}
    for done in replications_of([task], seeds, crew, store):
        outcomes[done.seed] = done.outcome
        if on_done is not None:
            on_done(done.seed, done.outcome)
    return Replications(task.key, outcomes)


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
