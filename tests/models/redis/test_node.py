"""A node of either engine against what its parts do by themselves: the batch server, and a token bucket."""

import numpy as np
import pytest

from models.engine.record import BUSY_NS, NODES, REQUESTS
from models.engine.recording import Recording
from models.plan.making import make_plan
from models.plan.node_costs import node_costs
from models.plan.plan import Plan
from models.redis_costs.engine_thread import replay
from models.redis_costs.parts import CommandCost, EngineCosts
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.reference import Reference
from models.run.run import run_under
from models.scenario import load_scenario
from models.vocabulary.instants import ENTITY_BITS, NUMBER_BITS, Kind
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, recording_of

LASTS_S, RATE_RPS = 8, 400
ALONE = (
    *("clients.count=10", "redis.shards=1", "redis.replicas_per_shard=0", "waiting_room.expire_every_s=3600"),
    f"clients.load={{mode: open_loop, settle_s: 0, mix: {{status: 1, join: 0, enter: 0}}, "
    f"stages: [{{rate_rps: {RATE_RPS}, duration_s: {LASTS_S}}}]}}",
)
"""Status requests of an open loop to one node, and nothing else."""


def cold_caches() -> Plan:
    """A node with two layers of caches that a millisecond's sleep cools, and garbage; all scripts cost the same."""
    scenario = load_scenario("ladder-index", (*ALONE, "run.duration_s=9"))
    profile = node_costs(scenario.redis)
    free = dict.fromkeys(profile.commands, CommandCost(call_us=0, element_us=0, depth_us=0))
    engine = EngineCosts(
        **{"wake_warm_us": 10, "wake_cold_us": 60, "wake_tau_ms": 2.0, "io_us": 20, "io_warm_us": 5, "pass_us": 2},
        **{"near_slow": 2.0, "near_lost_us": 700, "far_slow": 9.0, "far_lost_us": 40_000, "rewarm_us": 60},
        **{"replica_feed_us": 0, "wake_delay_us": 17, "garbage_us": 12, "listing_swing": 0.0},
    )
    changes = {"engine": engine, "commands": free, "script_overhead_us": 30.0, "scripts": {}}
    return make_plan(scenario, profile.model_copy(update=changes), 1)


def left_by(engine: str, plan: Plan) -> tuple[Recording, np.ndarray]:
    """What a run leaves behind, and its trace."""
    if engine == "kernel":
        kernel = KernelPlane(plan, traced=100_000)
        run_under(Control, plan, kernel)
        return kernel.recording(), kernel.world.trace
    reference = Reference(plan, 100_000)
    run_under(Control, plan, reference)
    return reference.recording(), np.array(reference.trace, np.int64).reshape(-1, 2)


@pytest.mark.parametrize("engine", ["kernel", "reference"])
def test_a_node_works_as_long_as_the_batch_server_does_on_the_same_arrivals(engine):
    plan = cold_caches()
    recording, trace = left_by(engine, plan)
    arrivals = trace[trace[:, 1] >> (ENTITY_BITS + NUMBER_BITS) == Kind.NODE_ARRIVE, 0]
    each = plan.params.redis.costs.io + int(plan.params.redis.costs.script[Op.STATUS])
    thread = plan.params.redis.costs.thread
    assert min(thread.near_slow, thread.far_slow, thread.garbage) > 0
    busy, *_ = replay(np.ascontiguousarray(arrivals), np.full(arrivals.size, each), thread)
    assert recording.column(NODES + REQUESTS).sum() == arrivals.size > 0.9 * RATE_RPS * LASTS_S
    assert recording.column(NODES + BUSY_NS).sum() == busy


def narrow(*changes: str) -> Plan:
    """A node that may send 125 kB/s, with credits of 1.5 MB, while 400 kB/s are asked of it."""
    network = ("redis.network_baseline_gbps=0.001", "redis.network_burst_gbps=0.004", "redis.network_credit_s=4")
    return planned(*ALONE, *network, "run.duration_s=60", "clients.timeout_s=99", *changes, name="ladder-index")


def test_replies_are_held_up_once_the_credits_are_gone_and_by_what_is_in_front_of_them():
    """Constant load L on a bucket of depth D that fills at r: from D / (L - r) on, at last by (bytes - D) / r - t."""
    recording = recording_of(narrow())
    sent = recording.column(NODES + REQUESTS).cumsum()
    since, latest, held_up = recording.throttled[0].tolist()
    assert since / SECOND == pytest.approx(1.5e6 / (RATE_RPS * 1000 - 125e3), rel=0.06)
    assert latest / SECOND == pytest.approx((sent[-1] * 1000 - 1.5e6) / 125e3 - LASTS_S, abs=0.1)
    assert held_up == pytest.approx(sent[-1] - sent[int(since // SECOND)], abs=RATE_RPS)
    assert recording.answered == sent[-1]  # late, but all of them


def test_engines_agree_on_replies_that_are_held_up():
    assert_agreement(narrow())


def test_while_the_credits_last_nothing_is_held_up_and_nothing_differs():
    within, without = (
        recording_of(narrow(f"redis.network_credit_s={credit_s}", "redis.reply_bytes=300")) for credit_s in (4, 9999)
    )
    assert within.throttled.tolist() == [[-1, 0, 0]]
    assert np.array_equal(within.record.series, without.record.series)
    assert np.array_equal(within.record.counts, without.record.counts)
