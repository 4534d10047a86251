"""Who sends requests, how often, and what they do with the answers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.population import Population
from models.plan.quantiles import lognormal
from models.scenario import Scenario
from models.scenario.load_kinds import ClosedLoopLoad, OnsaleLoad, OpenLoopLoad
from models.vocabulary.units import FOREVER, ns

ONSALE, OPEN_LOOP, CLOSED_LOOP = range(3)
_LOADS = {"onsale": ONSALE, "open_loop": OPEN_LOOP, "closed_loop": CLOSED_LOOP}


class ClientParams(NamedTuple):
    """Times in ns; `sessions` are tabs or users.

    `write_every` is how seldom a status may be one that only reads. Quantile tables int64[2050] in ns: `choose`,
    `bot_choose`. `first_send` int64[S] ns. `advice` int64[A, 2]: last position and interval in ns. Of the stages of a
    generated load, `stage_end` int64[K] ns and `stage_rate` float64[K], requests per second or users.
    """

    load: int
    sessions: int
    poll_interval: int
    bot_interval: int
    hidden_interval: int
    poll_fraction: float
    poll_from_schedule: bool
    write_every: int
    timeout: int
    retries: int
    backoff_base: int
    backoff_max: int
    refused_wait: int
    think: int
    settle: int
    mix_join: float
    mix_enter: float
    conversion: float
    pass_ttl: int
    choose: NDArray[np.int64]
    bot_choose: NDArray[np.int64]
    first_send: NDArray[np.int64]
    advice: NDArray[np.int64]
    stage_end: NDArray[np.int64]
    stage_rate: NDArray[np.float64]


def client_params(scenario: Scenario, population: Population) -> ClientParams:
    """Return the clients of a scenario."""
    clients, event, load = scenario.clients, scenario.event, scenario.clients.load
    generated = not isinstance(load, OnsaleLoad)
    advice = [(a.up_to_position or FOREVER, ns(a.interval_s)) for a in clients.poll_advised]
    stage_end, stage_rate = _stages(scenario)
    return ClientParams(
        load=_LOADS[load.mode],
        sessions=population.first_send.size,
        poll_interval=ns(clients.poll_interval_s),
        bot_interval=ns(clients.bots.poll_interval_s),
        hidden_interval=ns(clients.hidden.poll_interval_s) if clients.hidden.share else 0,
        poll_fraction=clients.poll_jitter_fraction,
        poll_from_schedule=clients.poll_from == "schedule",
        write_every=ns(scenario.waiting_room.heartbeat_ttl_s) // 3,
        timeout=ns(clients.timeout_s),
        retries=clients.retries if not generated else 0,
        backoff_base=ns(clients.backoff_base_s),
        backoff_max=ns(clients.backoff_max_s),
        refused_wait=ns(clients.refused_wait_s),
        think=ns(load.think_s) if isinstance(load, ClosedLoopLoad) else 0,
        settle=0 if isinstance(load, OnsaleLoad) else ns(load.settle_s),
        mix_join=0.0 if isinstance(load, OnsaleLoad) else load.mix.join,
        mix_enter=0.0 if isinstance(load, OnsaleLoad) else load.mix.enter,
        conversion=event.conversion,
        pass_ttl=ns(scenario.admission.pass_ttl_s),
        choose=lognormal(event.choose.median_s, event.choose.sigma, 1e9),
        bot_choose=lognormal(clients.bots.choose.median_s, clients.bots.choose.sigma, 1e9),
        first_send=population.first_send,
        advice=np.array(advice, np.int64).reshape(-1, 2),
        stage_end=stage_end,
        stage_rate=stage_rate,
    )


def _stages(scenario: Scenario) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    load = scenario.clients.load
    if isinstance(load, OnsaleLoad):
        return np.array([FOREVER], np.int64), np.zeros(1)
    ends = np.cumsum([stage.duration_s for stage in load.stages])
    rates = [s.rate_rps for s in load.stages] if isinstance(load, OpenLoopLoad) else [s.users for s in load.stages]
    return np.array([ns(end) for end in ends], np.int64), np.array(rates, np.float64)
