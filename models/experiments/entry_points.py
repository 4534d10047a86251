"""What Python calls of compiled code in a run: the list that is compiled, or loaded, before the first one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from models.clients.waits import next_source_time
from models.engine.network import first_arrivals
from models.engine.record import row_of_bucket
from models.engine.world import new_world
from models.plan.making import make_plan
from models.plan.node_costs import node_costs
from models.plan.sizes import SMALLEST
from models.redis.control import open_sale, prejoin, send_expiry
from models.redis.failover import die, refill_line, revive
from models.redis_costs.commands import call_cost_ns, log2_1024
from models.redis_costs.engine_thread import garbage_ns
from models.results.fairness import inversions
from models.run.dispatch import advance
from models.run.growth import is_short
from models.scenario import load_scenario
from models.service.kernel import kill
from models.service.pods import end, open_pool, send_probe
from models.service.pools import learn
from models.service.returns import settle
from models.waiting_room.script_cost import is_warm, repeated_ns
from sim import ladder
from sim.draws import table_draws, uniform, uniforms
from sim.histogram import bucket_high, bucket_low, percentile_of
from sim.views import seen_compiled


class EntryPoint(NamedTuple):
    """A compiled function, the seconds it takes to compile, and arguments of the types that Python calls it with.

    The seconds were measured on two cores of 2026; only their proportions matter.
    """

    function: Callable[..., Any]
    compile_s: float
    arguments: tuple[Any, ...]


def entry_points() -> list[EntryPoint]:
    """Return every entry point of a run, from the plan to its KPIs."""
    scenario = load_scenario("onsale-small", ("clients.count=10", "run.duration_s=5"))
    plan = make_plan(scenario, node_costs(scenario.redis), 1)
    integers, floats, start = np.zeros(1, np.int64), np.zeros(1), np.uint64(0)
    world = new_world(plan, np.zeros(plan.params.clients.sessions, np.int64), 0, SMALLEST)
    w = seen_compiled(world)
    return [
        EntryPoint(advance, 8.9, (w, 0)),
        EntryPoint(prejoin, 1.9, (w,)),
        EntryPoint(inversions, 0.5, (integers,)),
        EntryPoint(uniforms, 0.45, (start, 0)),
        EntryPoint(is_short, 0.4, (w,)),
        EntryPoint(log2_1024, 0.4, (0,)),
        EntryPoint(percentile_of, 0.25, (integers, 0.0)),
        EntryPoint(kill, 0.25, (w, 0, 0)),
        EntryPoint(refill_line, 0.2, (w, 0, floats, integers)),
        EntryPoint(ladder.insert, 0.15, (world.calendar, 0, 0, 0)),
        EntryPoint(table_draws, 0.15, (integers, start, 0)),
        EntryPoint(die, 0.1, (w, 0, 0)),
        EntryPoint(end, 0.1, (w, 0, 0)),
        EntryPoint(learn, 0.1, (w, 0, 0, 0)),
        EntryPoint(settle, 0.05, (w, 0, 0)),
        EntryPoint(call_cost_ns, 0.1, (plan.params.redis.costs.calls, 0, 0, 0)),
        EntryPoint(first_arrivals, 0.1, (integers, integers, integers, start, integers, start)),
        EntryPoint(send_expiry, 0.1, (w, 0, 0)),
        EntryPoint(open_sale, 0.1, (w, 0)),
        EntryPoint(send_probe, 0.1, (w, 0, 0, 0, 0)),
        EntryPoint(garbage_ns, 0.1, (plan.params.redis.costs.thread, 0)),
        EntryPoint(next_source_time, 0.1, (integers, floats, 0, 0.0)),
        EntryPoint(bucket_low, 0.05, (0,)),
        EntryPoint(bucket_high, 0.05, (0,)),
        EntryPoint(open_pool, 0.05, (w, 0, 0, 0)),
        EntryPoint(repeated_ns, 0.05, (0, 0, 0, 0)),
        EntryPoint(is_warm, 0.05, (0, 0)),
        EntryPoint(revive, 0.05, (w, 0, 0)),
        EntryPoint(uniform, 0.05, (start, 0, 0)),
        EntryPoint(row_of_bucket, 0.05, (0, 0)),
    ]


def shares(entries: list[EntryPoint], count: int) -> list[list[EntryPoint]]:
    """Deal entries out to processes that shall take about as long: the longest first, each to whoever has least."""
    dealt: list[list[EntryPoint]] = [[] for _ in range(count)]
    for entry in sorted(entries, key=lambda each: -each.compile_s):
        min(dealt, key=lambda share: sum(each.compile_s for each in share)).append(entry)
    return dealt
