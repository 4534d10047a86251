"""Profiles: what the work of a Redis node costs, from nothing to saturation at once."""

from hypothesis import strategies as st

from models.plan.node_costs import node_costs
from models.redis_costs.commands import Command
from models.redis_costs.parts import CommandCost, Draws, EngineCosts, ScriptCost
from models.redis_costs.profile import Profile
from models.scenario.redis import Redis
from tests.strategies.base import Draw, pick


@st.composite
def profiles(draw: Draw, in_steps: bool) -> Profile:
    """A shipped profile, or one with extreme costs: engine threads that cost next to nothing, or saturate at once."""
    readings = [None, None, "primary_and_replica", "five_primaries"]
    redis = draw(pick([Redis(profile_reading=reading) for reading in readings] + [Redis(profile="x86-measured")]))
    shipped = node_costs(redis)
    if not in_steps and draw(st.booleans()):
        return shipped
    warm_us = draw(pick([0.0, 50.0 if not in_steps else 1000.0]))
    io_us = draw(pick([0.0, 1000.0] if in_steps else [0.0, 10.0, 500.0]))
    engine = EngineCosts(
        wake_warm_us=warm_us,
        wake_cold_us=warm_us + draw(pick([0.0] if in_steps else [0.0, 1000.0])),
        wake_tau_ms=draw(pick([0.001, 2.0])),
        io_us=io_us,
        io_warm_us=io_us * draw(pick([0.0, 0.4, 1.0])),
        replica_feed_us=draw(pick([0.0, 1000.0])),
        wake_delay_us=draw(pick([0.0, 1000.0] if in_steps else [0.0, 20.0])),
        pass_us=draw(pick([0.0, 1000.0] if in_steps else [0.0, 2.0])),
        near_slow=0.0 if in_steps else draw(pick([0.0, 2.0])),
        near_lost_us=draw(pick([1.0, 500.0])),
        far_slow=0.0 if in_steps else draw(pick([0.0, 20.0])),
        far_lost_us=draw(pick([1.0, 80_000.0])),
        rewarm_us=draw(pick([1.0, 100.0])),
        garbage_us=draw(pick([0.0, 1000.0] if in_steps else [0.0, 10.0])),
        listing_swing=0.0 if in_steps else draw(pick([0.0, 0.3, 1.0])),
    )
    script_us = draw(pick([0.0, 0.0, 1000.0] if in_steps else [10.0, 100.0]))
    call_us = draw(pick([0.0, 0.0, 0.0, 1000.0] if in_steps else [0.0, 1.0, 100.0]))
    depth_us = 0.0 if in_steps else draw(pick([0.0, 0.1]))
    cost = CommandCost(call_us=call_us, element_us=0.0 if in_steps else 0.5, depth_us=depth_us)
    commands = {command.name: cost for command in Command}
    # less than the engine's nanosecond, but measured: without any cost KEYS is refused
    commands[Command.KEYS.name] = cost.model_copy(update={"per_key_us": 0.0001})
    free = draw(pick([0, 1, 100]))
    own = {name: ScriptCost(overhead_us=2 * script_us) for name in draw(pick([(), ("join", "expire")]))}
    return shipped.model_copy(
        update={
            "engine": engine, "script_overhead_us": script_us, "scripts": own, "walks_from_members": free,
            "commands": commands,
        }
    )  # fmt: skip


@st.composite
def drawable(draw: Draw, profile: Profile) -> Profile:
    """*profile* with up to 200 draws of its wake-up, of one command and of all together."""
    cost_us = st.floats(0, 500)
    row = st.tuples(cost_us, cost_us, st.floats(0, 100), st.floats(0, 50)).map(
        lambda costs: (min(costs[:2]), max(costs[:2]), *costs[2:])
    )
    rows = draw(st.lists(row, min_size=1, max_size=5).flatmap(lambda few: st.sampled_from([few, few * 40])))
    names = ("engine.wake_warm_us", "engine.wake_cold_us", "commands.ZADD.element_us", "commands.*")
    document = profile.model_copy(update={"draws": Draws(parameters=names, values=tuple(rows))})
    return Profile.model_validate(document.model_dump())
