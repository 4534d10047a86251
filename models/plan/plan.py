"""What a scenario, a profile and a seed come to: the numbers that both engines work with (see `models.plan.making`)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.placement import Placement
from models.plan.population import Population
from models.plan.room_rules import RoomRules
from models.redis_costs.engine_thread import EngineThread
from models.redis_costs.network_allowance import NetworkAllowance
from models.redis_costs.profile import Profile
from models.scenario import Scenario

UNIT = 1 << 20
"""The mean of the table of CPU times, which is scaled by each endpoint's own mean."""

ONSALE, OPEN_LOOP, CLOSED_LOOP = range(3)
ROUND_ROBIN, RANDOM, STICKY = range(3)
POD_CLOCK, REDIS_TIME, COUNTER = range(3)

NEVER = -1
"""Of a time in a plan: there is none."""


class Params(NamedTuple):
    """Plain numbers of a run. Times in ns; `sessions` are tabs or users, `tokens` places that can be held in lines.

    `pods` is how many there can be at once, in whatever state; `warm_pods` of them serve from the start, with
    `warm_connections` open in each pool. A pod that starts opens `min_idle`, one every `connect_gap` at the soonest;
    each costs the node `connect`, which accepts `max_clients` and has memory for `most_places` (at most `tokens`).
    `largest_event` is how many of the tokens one event has at most, `call_windows` how many calls all events together
    may have open.
    """

    load: int
    end: int
    sessions: int
    tokens: int
    prejoined: int
    events: int
    largest_event: int
    call_windows: int
    pods: int
    warm_pods: int
    nodes: int
    shards: int
    replicas: int
    poll_interval: int
    bot_interval: int
    hidden_interval: int
    poll_fraction: float
    poll_from_schedule: bool
    timeout: int
    retries: int
    backoff_base: int
    backoff_max: int
    refused_wait: int
    think: int
    settle: int
    mix_join: float
    mix_enter: float
    seats_per_order: int
    conversion: float
    pass_ttl: int
    cores: int
    worker_slots: int
    backlog: int
    routing: int
    pool_size: int
    warm_connections: int
    min_idle: int
    connect_gap: int
    connect: int
    max_clients: int
    most_places: int
    pool_timeout: int
    ping_all: bool
    key_scan: bool
    listing_swing: int
    ticket_order: int
    replica_reads: bool
    write_every: int
    expire_limit: int
    engine: EngineThread
    io: int
    feed: int
    failing: bool
    network: NetworkAllowance
    servers: int
    to_backend: int


class Failover(NamedTuple):
    """One failover, times in ns: the primary of `shard` dies `at`; its successor has what passes had written that
    ended by `copied_until` (NEVER: nothing), serves from `back_at`, and is known to a pod at most `refresh` later.
    Requests to the dead node fail `give_up` after they were sent (NEVER: the connection is reset at once)."""

    shard: int
    at: int
    copied_until: int
    back_at: int
    refresh: int
    give_up: int


class Tables(NamedTuple):
    """Arrays of a run that never change.

    `starts` uint64[streams]. Quantile tables, int64[2050]: `base`, `jitter`, `choose`, `bot_choose`, `service` in
    ns, `cpu_unit` in 1/2**20 of `cpu_mean`, int64[OPS] ns on one of the pod's `cores` by operation. `script`
    int64[OPS] ns of overhead of the operation's script. `first_send` int64[S] ns. `event_cycle` int64[L] the events
    of the first L tokens and of each L after them, `first_token` int64[E] the first of every event (see
    `models.plan.events`). `advice` int64[A, 2]: last position and interval in ns. `skew` int64[P] ns of the pods'
    clocks. Places, see `placement.Placement`. `copied_until` and `give_up` int64[nodes] ns, see `Failover`.
    `stage_end` int64[K] ns and `stage_rate` float64[K], requests per second or users.
    """

    starts: NDArray[np.uint64]
    base: NDArray[np.int64]
    jitter: NDArray[np.int64]
    choose: NDArray[np.int64]
    bot_choose: NDArray[np.int64]
    service: NDArray[np.int64]
    cpu_unit: NDArray[np.int64]
    cpu_mean: NDArray[np.int64]
    script: NDArray[np.int64]
    first_send: NDArray[np.int64]
    event_cycle: NDArray[np.int64]
    first_token: NDArray[np.int64]
    advice: NDArray[np.int64]
    skew: NDArray[np.int64]
    event_node: NDArray[np.int64]
    read_node: NDArray[np.int64]
    delay: NDArray[np.int64]
    feed_delay: NDArray[np.int64]
    copied_until: NDArray[np.int64]
    give_up: NDArray[np.int64]
    stage_end: NDArray[np.int64]
    stage_rate: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """One run, ready for either engine.

    `cost` int64[commands, 5] is the profile's cost table, `extra_calls` int64[X, 5] what changed scripts call more or
    fewer (see `models.waiting_room.script_cost`), `rules` are those of every event, `seats` int64[E] the stock.
    """

    scenario: Scenario
    profile: Profile
    seed: int
    params: Params
    tables: Tables
    population: Population
    placement: Placement
    rules: tuple[RoomRules, ...]
    cost: NDArray[np.int64]
    extra_calls: NDArray[np.int64]
    seats: NDArray[np.int64]
    failovers: tuple[Failover, ...]
