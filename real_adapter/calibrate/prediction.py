"""What the simulator says of a load on a bare server: the twin with everything but the engine thread taken away.

The gateway costs nothing and never holds a request back, there is one node, and the only delay is the way between the
measuring client and the server, as long both ways. So what is compared with a measurement is the engine thread of
the compiled kernel, fed by the calls of the specification, and nothing else.
"""

import json
from collections.abc import Mapping, Sequence

from models.experiments.warm_up import prepare
from models.redis_costs.profile import Profile
from models.results.result import Stage
from models.results.run_result import result_of
from models.run.run import run_once
from models.scenario import Scenario, load_scenario
from real_adapter.measure.cases import Case
from real_adapter.measure.work import MIX

Extra = Mapping[str, str | int]
"""One entry of `waiting_room.extra_calls`."""

SETTLE_S, MEASURED_S = 1.0, 3.0
"""Simulated: long enough for percentiles at a hundred requests per second, and caches as warm as they get."""
_BARE = (
    "network.client_jitter={median_ms: 0, sigma: 0}",
    "network.zones=1",
    "network.same_zone_one_way_us=0",
    "network.cross_zone_one_way_us=0",
    "gateway.pods=1",
    "gateway.cpu_us={join: 0, status: 0, enter: 0, leave: 0, reserve: 0}",
    "gateway.worker_slots=1000000",
    "gateway.redis_pool_size=65000",
    "gateway.clock_skew_ms=0",
    "redis.replicas_per_shard=0",
    "waiting_room.heartbeat_ttl_s=86400",
    "waiting_room.expire_every_s=3600",
    "clients.timeout_s=3600",
)


def scenario_of(case: Case, path_us: float, extra: Sequence[Extra] = ()) -> Scenario:
    """Return the bare scenario of *case*; *path_us* is the way to the server and back."""
    load = case.load
    if load.rate_rps is None:
        stage, mode = f"users: {load.users}", "closed_loop, think_s: 0"
    else:
        stage, mode = f"rate_rps: {load.rate_rps}", "open_loop"
    mix = MIX if case.operation == "mix" else {case.operation.removesuffix("_keys"): 1.0}
    shares = ", ".join(f"{name}: {mix.get(name, 0.0)}" for name in ("status", "join", "enter"))
    duration_s = SETTLE_S + MEASURED_S
    return load_scenario(
        "ladder-index",
        (
            *_BARE,
            f"network.client_one_way={{median_ms: {path_us / 2000:.6f}, sigma: 0}}",
            f"clients.count={case.members}",
            f"clients.load={{mode: {mode}, settle_s: {SETTLE_S}, mix: {{{shares}}}, "
            f"stages: [{{{stage}, duration_s: {duration_s}}}]}}",
            f"run.duration_s={duration_s}",
            "redis.shards=1",
            f"waiting_room.core={'keys' if case.operation == 'status_keys' else 'index'}",
            f"waiting_room.extra_calls={json.dumps([dict(call) for call in extra])}",
        ),
    )


def predicted(case: Case, profile: Profile, path_us: float, extra: Sequence[Extra] = (), seed: int = 1) -> Stage:
    """Run *case* through the compiled kernel and return its one stage."""
    scenario = scenario_of(case, path_us, extra)
    prepare("kernel")
    return result_of(run_once(scenario, profile, seed, "kernel"), "kernel", 0.0).stages[0]
