"""Who comes: people, bots, their tabs, when they arrive and how long they stay; or the users of a generated load."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plan.arrivals import LATEST_S, arrival_times_ns, lognormal_quantile
from models.scenario import Scenario
from models.scenario.load_kinds import ClosedLoopLoad
from models.vocabulary.streams import Stream
from models.vocabulary.units import FOREVER, SECOND, ns
from sim.draws import table_draws, uniforms

TAB_SPREAD_S = 2.0
"""Further tabs are opened within so many seconds of the first (assumption)."""


@dataclass(frozen=True, eq=False)
class Population:
    """What is fixed about every session (browser tab, or user of a closed loop) before the run.

    `first_send`, `base_delay` (one way to the gateway) and `gives_up_at` are int64[S] ns;
    `bot`, `hidden` and `says_leave` bool[S]; `person` int64[S] numbers the people from 0 to `people` - 1.
    """

    first_send: NDArray[np.int64]
    base_delay: NDArray[np.int64]
    gives_up_at: NDArray[np.int64]
    bot: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    says_leave: NDArray[np.bool_]
    person: NDArray[np.int64]
    people: int


def on_sale(scenario: Scenario, starts: NDArray[np.uint64], base: NDArray[np.int64]) -> Population:
    """Return the people of an on-sale; *base* is the table of one-way delays. Raises BadInput for a bad trace."""
    clients = scenario.clients
    people = clients.count
    bot = uniforms(starts[Stream.BOT], people) < clients.bots.share
    hidden = (uniforms(starts[Stream.HIDDEN], people) < clients.hidden.share) & ~bot
    arrival = arrival_times_ns(clients, scenario.event.opens_at_s, uniforms(starts[Stream.ARRIVAL], people), bot)
    tabs = _tabs(clients.tabs, uniforms(starts[Stream.TABS], people))
    person = np.repeat(np.arange(people, dtype=np.int64), tabs)
    sessions = person.size
    further = np.diff(person, prepend=-1) == 0
    opened = uniforms(starts[Stream.TAB_DELAY], sessions) * TAB_SPREAD_S * SECOND * further
    first_send = arrival[person] + opened.astype(np.int64)
    gives_up_at = np.full(sessions, FOREVER, np.int64)
    if clients.patience is not None:
        u = uniforms(starts[Stream.PATIENCE], people)
        patience_s = lognormal_quantile(u, clients.patience.median_s, clients.patience.sigma)
        leaves_at = arrival + np.rint(np.minimum(patience_s, LATEST_S) * SECOND).astype(np.int64)
        gives_up_at = np.where(bot, FOREVER, leaves_at)[person]
    return Population(
        first_send=first_send,
        base_delay=table_draws(base, starts[Stream.NET_BASE], people)[person],
        gives_up_at=gives_up_at,
        bot=bot[person],
        hidden=hidden[person],
        says_leave=(uniforms(starts[Stream.LEAVE], people) < clients.leave_share)[person],
        person=person,
        people=people,
    )


def generated_load(scenario: Scenario, starts: NDArray[np.uint64], base: NDArray[np.int64]) -> Population:
    """Return the users of a closed loop, each beginning within a think time of the first stage that has them.

    An open loop has none: its requests come from a source.
    """
    load = scenario.clients.load
    users = max(stage.users for stage in load.stages) if isinstance(load, ClosedLoopLoad) else 0
    first_send = np.full(users, FOREVER, np.int64)
    if isinstance(load, ClosedLoopLoad):
        spread = uniforms(starts[Stream.ARRIVAL], users) * load.think_s * SECOND
        begin = 0.0
        for stage in load.stages:
            new = slice(0, stage.users)
            starting = ns(begin) + spread[new].astype(np.int64)
            first_send[new] = np.minimum(first_send[new], starting)
            begin += stage.duration_s
    return Population(
        first_send=first_send,
        base_delay=table_draws(base, starts[Stream.NET_BASE], users),
        gives_up_at=np.full(users, FOREVER, np.int64),
        bot=np.zeros(users, np.bool_),
        hidden=np.zeros(users, np.bool_),
        says_leave=np.zeros(users, np.bool_),
        person=np.arange(users, dtype=np.int64),
        people=users,
    )


def _tabs(shares: dict[int, float], u: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many tabs each person opens, from one uniform draw each."""
    counts = np.array(sorted(shares), np.int64)
    borders = np.cumsum([shares[int(k)] for k in counts])
    return counts[np.minimum(np.searchsorted(borders, u, side="right"), counts.size - 1)]
