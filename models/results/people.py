"""What became of everybody who came: let in, told that the seats are gone, gone without either, or waiting at the end.

A person is one however many tabs it has open, and bots are people too: they are in the line, but for those that the
edge has refused and that were never served, as that is what it is for. Its wait begins with the click of its first tab
and ends when any of its tabs is let in, whether or not a seat is left, or told that the seats are gone. Whoever gave
up, or was still waiting at the end, counts with as long as it waited: a mean or percentile with such people in it is
*at least* what it says.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.engine.recording import Recording
from models.plan.clients import ONSALE
from models.plan.events import events_of
from models.plan.plan import Plan
from models.vocabulary.units import FOREVER, SECOND

Found = tuple[str, float | None]


class People(NamedTuple):
    """Everybody who came, each array of the length of their number: `waited` int64 ns (at least that, unless `served`),
    and bool: `served`, let in or told; `told` that the seats are gone and not let in; `gave_up`, patience being over;
    `called`, a place of theirs was; `bought` seats. `event` int64 is that of the first tab."""

    waited: NDArray[np.int64]
    served: NDArray[np.bool_]
    told: NDArray[np.bool_]
    gave_up: NDArray[np.bool_]
    called: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    event: NDArray[np.int64]


def people_of(plan: Plan, recording: Recording) -> People:
    """Return what became of everybody who came, as `who_came` says."""
    who, sessions = plan.population, recording.sessions
    first = _least(who.person, who.first_send, who.people)
    settled_at = _least(who.person, np.where(sessions.settled_at >= 0, sessions.settled_at, FOREVER), who.people)
    patience = _least(who.person, who.gives_up_at, who.people)
    served, over = settled_at < FOREVER, ~any_of_each(who.person, ~sessions.done, who.people)
    gave_up = ~served & (over | (patience <= recording.end_ns))
    until = np.where(served, settled_at, np.where(gave_up & (patience < FOREVER), patience, recording.end_ns))
    came = who_came(plan, recording)
    let_in = any_of_each(who.person, sessions.admitted, who.people)
    called = any_of_each(who.person, sessions.call_number > 0, who.people)
    told, bought = served & ~let_in, any_of_each(who.person, sessions.bought, who.people)
    first_tab = np.unique(who.person, return_index=True)[1]
    event = events_of(plan.params.waiting_room.event_cycle, who.person.size)[first_tab]
    return People(
        (until - first)[came], served[came], told[came], gave_up[came], called[came], bought[came], event[came]
    )


def who_came(plan: Plan, recording: Recording) -> NDArray[np.bool_]:
    """Return of each person whether its first request reached the load balancer, and it is no bot that was kept out."""
    who, sessions = plan.population, recording.sessions
    came = any_of_each(who.person, sessions.came_at >= 0, who.people)
    if recording.edge.refusals.size == 0:
        return came
    served = any_of_each(who.person, sessions.settled_at >= 0, who.people)
    refused = any_of_each(who.person, who.bot & (recording.edge.refusals > 0), who.people)
    return came & (served | ~refused)


def people_kpis(plan: Plan, recording: Recording) -> Iterator[Found]:
    """Yield the waits and what became of people; None for a generated load, behind which there is nobody."""
    people = people_of(plan, recording) if plan.params.clients.load == ONSALE else None
    if people is None or people.waited.size == 0:
        yield from ((name, None) for name in WAITS)
        yield from ((name, None if people is None else 0.0) for name in COUNTS)
        return
    waited_s, served = people.waited / SECOND, people.served
    yield "wait.mean_s", float(waited_s.mean())
    for name, percent in (("p50", 50), ("p95", 95), ("max", 100)):
        yield f"wait.{name}_s", float(np.percentile(waited_s, percent, method="inverted_cdf"))
    soon = served & (waited_s <= plan.scenario.slo.mean_wait_s)
    yield "wait.served_within_slo_percent", 100 * float(soon.mean())
    yield "people.unserved_percent", 100 * float((~served).mean())
    gone = waited_s[people.gave_up]
    yield "people.gave_up_after_s", float(np.percentile(gone, 50, method="inverted_cdf")) if gone.size else None
    yield "people.came", float(served.size)
    yield "people.gave_up", float(gone.size)
    yield "people.still_waiting", float((~served & ~people.gave_up).sum())
    yield "people.told_sold_out", float(people.told.sum())
    yield "people.never_ready", float((~people.called).sum())


WAITS = (
    *("wait.mean_s", "wait.p50_s", "wait.p95_s", "wait.max_s", "wait.served_within_slo_percent"),
    *("people.unserved_percent", "people.gave_up_after_s"),
)
"""KPIs that are nothing where nobody came."""
COUNTS = (
    *("people.came", "people.gave_up", "people.still_waiting"),
    *("people.told_sold_out", "people.never_ready"),
)
"""KPIs that count people."""


def _least(person: NDArray[np.int64], value: NDArray[np.int64], people: int) -> NDArray[np.int64]:
    """Return the least value among each person's tabs."""
    least = np.full(people, FOREVER, np.int64)
    np.minimum.at(least, person, value)
    return least


def any_of_each(person: NDArray[np.int64], true: NDArray[np.bool_], people: int) -> NDArray[np.bool_]:
    """Return whether it is true of any of each person's tabs."""
    found: NDArray[np.bool_] = np.bincount(person[true], minlength=people) > 0
    return found
