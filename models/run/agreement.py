"""Whether both engines agree on a run: the same events at the same nanoseconds, and the same numbers at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.engine.record import BUSY_NS, CLIENTS, COMMANDS, PER_NODE, QUEUE, REQUESTS, Column, Level, Record
from models.engine.world import TRACED
from models.plan.events import events_of
from models.plan.node_names import node_names
from models.plan.plan import Plan
from models.plan.sizes import Sizes
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.reference import Reference
from models.run.run import forget, run_under
from models.vocabulary.instants import ENTITY_BITS, NUMBER_BITS, NUMBERS, Kind
from models.vocabulary.operations import ENDPOINTS
from models.vocabulary.units import SECOND
from models.waiting_room.specification import WaitingRoom
from models.waiting_room.state import CALLED, OUT, PASS_LOST, PASSED, Rooms
from sim.clock import Stop

AROUND = 3
"""Events shown before and after the first diverging one."""
_TOTALS = ("end_ns", "sent", "answered", "failed", "awaited", "late")
_ROOM = ("opened", "call_credit", "called_at_ms", "bucket", "bucket_at_ms", "tickets", "calls", "granted")
_PER_EVENT = ("waiting", "called", "sold", "event_sold_out_at")


class Event(NamedTuple):
    """An event of the data plane, decoded: what happened when, and whose it was (see `instants.event_key`)."""

    time_ns: int
    kind: Kind
    entity: int
    number: int

    def __str__(self) -> str:
        return f"{self.time_ns / SECOND:.9f} s {self.kind.name} {self.entity} #{self.number}"


@dataclass(frozen=True)
class Divergence:
    """Where two traces part: the event at `index` in each (None: that trace ends before), with some around it.

    `kernel` and `reference` hold the events from `begin` on.
    """

    index: int
    begin: int
    kernel: tuple[Event, ...]
    reference: tuple[Event, ...]

    @property
    def in_kernel(self) -> Event | None:
        """The first diverging event of the compiled engine."""
        return self._at(self.kernel, self.index)

    @property
    def in_reference(self) -> Event | None:
        """The first diverging event of the reference."""
        return self._at(self.reference, self.index)

    def _at(self, events: tuple[Event, ...], index: int) -> Event | None:
        return events[index - self.begin] if index - self.begin < len(events) else None

    def __str__(self) -> str:
        lines = [f"the engines part at event {self.index}", f"{'':9}{'kernel':48}reference"]
        for index in range(self.begin, self.begin + max(len(self.kernel), len(self.reference))):
            ours, theirs = self._at(self.kernel, index), self._at(self.reference, index)
            mark = ">" if index == self.index else " "
            lines.append(f"{mark}{index:7} {ours or 'nothing more'!s:48}{theirs or 'nothing more'}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Agreement:
    """The outcome of a comparison.

    `events` of the compiled engine, at so many different `instants`, were compared with the reference's. `divergence`
    is where the traces part, if they do; `difference` says in words what differs first, None if nothing does.
    """

    events: int
    instants: int
    divergence: Divergence | None
    difference: str | None

    def __bool__(self) -> bool:
        return self.difference is None

    def __str__(self) -> str:
        if self:
            return f"agree on {self.events} events at {self.instants} instants and on all figures"
        return str(self.difference)


def compare_engines(
    plan: Plan, traced: int = 1_000_000, control: type[Control] = Control, sizes: Sizes | None = None
) -> Agreement:
    """Run *plan* under *control* on both engines; compare their first *traced* events and all that they leave.

    The kernel runs twice: with an event for every step, of which it has a trace, and without, as all other runs do.
    *sizes* are those of the kernel's arrays at first (None: the usual ones).
    """
    kernel, reference = KernelPlane(plan, traced, sizes), Reference(plan, traced)
    stops = run_under(control, plan, kernel)[1], run_under(control, plan, reference)[1]
    fused = KernelPlane(plan, sizes=sizes)
    fused_stops = run_under(control, plan, fused)[1], stops[1]
    ours = kernel.world.trace[: int(kernel.world.total[TRACED])]
    theirs = np.array(reference.trace, np.int64).reshape(-1, 2)
    divergence = first_divergence(ours, theirs)
    if divergence is not None:
        difference: str | None = str(divergence)
    else:
        every_step = _differences(plan, kernel, reference, stops)
        as_usual = (f"with steps fused, {what}" for what in _differences(plan, fused, reference, fused_stops))
        difference = next(chain(every_step, as_usual), None)
    for engine in (kernel, fused, reference):
        forget(engine)
    return Agreement(len(ours), np.unique(ours[:, 0]).size, divergence, difference)


def first_divergence(kernel: NDArray[np.int64], reference: NDArray[np.int64]) -> Divergence | None:
    """Return where two traces, int64[T, 2] of time and key, part, or None if they are the same."""
    both = min(len(kernel), len(reference))
    different = np.flatnonzero((kernel[:both] != reference[:both]).any(axis=1))
    if different.size == 0 and len(kernel) == len(reference):
        return None
    index = int(different[0]) if different.size else both
    begin = max(0, index - AROUND)
    shown = slice(begin, index + AROUND + 1)
    return Divergence(index, begin, _decoded(kernel[shown]), _decoded(reference[shown]))


def column_names(plan: Plan) -> list[str]:
    """Return a name for every column of a record's series."""
    names = [f"sent_{name}" for name in ENDPOINTS] + [f"answered_{name}" for name in ENDPOINTS]
    names += [column.name.lower() for column in Column if len(names) <= column < Column.LEVELS]
    names += [level.name.lower() for level in Level]
    parts = {BUSY_NS: "busy_ns", REQUESTS: "requests", COMMANDS: "commands", QUEUE: "queue", CLIENTS: "connections"}
    return names + [f"{node}_{parts[k]}" for node in node_names(plan) for k in range(PER_NODE)]


def _decoded(trace: NDArray[np.int64]) -> tuple[Event, ...]:
    return tuple(
        Event(
            time,
            Kind(key >> (ENTITY_BITS + NUMBER_BITS)),
            key >> NUMBER_BITS & (1 << ENTITY_BITS) - 1,
            key & NUMBERS,
        )
        for time, key in trace.tolist()
    )


def _differences(plan: Plan, kernel: KernelPlane, reference: Reference, stops: tuple[Stop, Stop]) -> Iterator[str]:
    """Yield what differs between two finished runs, in words."""
    if stops[0] != stops[1]:
        yield f"the kernel ended with {stops[0]}, the reference with {stops[1]}"
    ours, theirs = kernel.recording(), reference.recording()
    for name in _TOTALS:
        if getattr(ours, name) != getattr(theirs, name):
            yield f"{name}: {getattr(ours, name)} in the kernel, {getattr(theirs, name)} in the reference"
    for part, flow in ours.flows.items():
        if flow != theirs.flows[part]:
            yield f"requests of {part}: {flow} in the kernel, {theirs.flows[part]} in the reference"
    yield from _record_differences(plan, ours.record, theirs.record)
    yield from _cells("request in the air {} (stage, endpoint, age)", ours.in_the_air, theirs.in_the_air)
    yield from _cells("network of node {} (since, at most, requests)", ours.throttled, theirs.throttled)
    for name in _PER_EVENT:
        yield from _cells(f"{name} of event {{}}", getattr(ours, name), getattr(theirs, name))
    for name in ours.edge._fields:
        yield from _cells(
            f"{name} of the edge {{}}", *(np.asarray(getattr(each.edge, name)) for each in (ours, theirs))
        )
    for name in ours.sessions._fields:
        yield from _cells(f"{name} of session {{}}", getattr(ours.sessions, name), getattr(theirs.sessions, name))
    owner = events_of(plan.params.waiting_room.event_cycle, kernel.world.waiting_room.place.size)
    yield from _room_differences(kernel.world.waiting_room, owner, reference.redis.rooms)


def _record_differences(plan: Plan, ours: Record, theirs: Record) -> Iterator[str]:
    names = column_names(plan)
    for second, column in np.argwhere(ours.series != theirs.series):
        values = ours.series[second, column], theirs.series[second, column]
        yield f"{names[column]} in second {second}: {values[0]} in the kernel, {values[1]} in the reference"
    rows = (*ENDPOINTS, "wait")
    for stage, row, bucket in np.argwhere(ours.counts != theirs.counts):
        values = ours.counts[stage, row, bucket], theirs.counts[stage, row, bucket]
        where = f"latencies of {rows[row]} in stage {stage}, bucket {bucket}"
        yield f"{where}: {values[0]} in the kernel, {values[1]} in the reference"
    yield from _cells("sum of latencies by stage and endpoint {}", ours.total, theirs.total)
    yield from _cells("failed requests by stage and endpoint {}", ours.failed, theirs.failed)
    yield from _cells("latency bands {} (row, endpoint, band)", ours.bands, theirs.bands)


def _cells(what: str, ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> Iterator[str]:
    """Yield where two arrays differ; *what* takes the index."""
    if ours.shape != theirs.shape:
        yield f"{what.format('')}: {ours.shape} values in the kernel, {theirs.shape} in the reference"
        return
    for cell in np.argwhere(ours != theirs):
        where = ", ".join(str(k) for k in cell)
        yield f"{what.format(where)}: {ours[tuple(cell)]} in the kernel, {theirs[tuple(cell)]} in the reference"


def _room_differences(rooms: Rooms, owner: NDArray[np.int64], references: list[WaitingRoom]) -> Iterator[str]:
    for event, reference in enumerate(references):
        for name, ours in _room_of_kernel(rooms, event, np.flatnonzero(owner == event)).items():
            theirs = getattr(reference, name)
            if ours != theirs:
                where, ours, theirs = _first_entry(ours, theirs)
                yield f"{name}{where} of waiting room {event}: {ours} in the kernel, {theirs} in the reference"


def _first_entry(ours: Any, theirs: Any) -> tuple[str, Any, Any]:
    """Return where two different values differ first, and both there; a plain number differs as a whole."""
    if isinstance(ours, list):
        ours, theirs = dict(enumerate(ours)), dict(enumerate(theirs))
    if not isinstance(ours, dict):
        return "", ours, theirs
    key = min(key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key))
    return f"[{key}]", ours.get(key), theirs.get(key)


def _room_of_kernel(rooms: Rooms, event: int, tokens: NDArray[np.int64]) -> dict[str, Any]:
    """Return what the compiled engine remembers of a waiting room, by the names of `WaitingRoom`'s attributes."""
    place, line = rooms.place[tokens], rooms.line
    called, seen = place["where"] == CALLED, place["where"] != OUT
    return {
        **{name: int(rooms.room[event][name]) for name in _ROOM},
        "line": [
            (float(line.score[chunk, k]), int(line.member[chunk, k]))
            for chunk in line.directory[event, : line.chunks[event]]
            for k in range(line.fill[chunk])
        ],
        "called": dict(zip(tokens[called].tolist(), place["deadline_ms"][called].tolist(), strict=True)),
        "passes": set(tokens[place["passed"] == PASSED].tolist()),
        "lost_passes": set(tokens[place["passed"] == PASS_LOST].tolist()),
        "seen": dict(zip(tokens[seen].tolist(), place["seen_ms"][seen].tolist(), strict=True)),
    }
