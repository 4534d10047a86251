"""What a user reads when a fault cannot happen: the field, what is allowed, and what the model does not know."""

import pytest

from models.scenario import load_scenario
from sim.errors import BadInput

ONCE = (
    "faults: several redis_failover must each name a shard of its own; that the successor of a primary dies, too, is "
    "not modelled"
)


@pytest.mark.parametrize(
    ("faults", "other", "line"),
    [
        (
            "[{kind: spot_wave, at_s: 9999}]",
            (),
            "faults.0.at_s: 9999 is not allowed; must be before the end of the run (run.duration_s = 1800)",
        ),
        (
            "[{kind: deploy, at_s: 1}]",
            ("autoscaling=null",),
            "faults.0: deploy is not allowed without autoscaling; it happens to its pods and nodes",
        ),
        (
            "[{kind: redis_failover, at_s: 1, shard: 5}]",
            (),
            "faults.0.shard: 5 is not allowed; must be below redis.shards = 5, as shards are numbered from 0",
        ),
        ("[{kind: redis_failover, at_s: 1, shard: 1}, {kind: redis_failover, at_s: 9, shard: 1}]", (), ONCE),
        ("[{kind: redis_failover, at_s: 1, shard: 1}, {kind: redis_failover, at_s: 9}]", (), ONCE),
        (
            "[{kind: flood, at_s: 1}]",
            (),
            "faults.0.kind: 'flood' is not allowed; must be one of deploy, redis_failover, spot_wave",
        ),
    ],
)
def test_one_line_names_the_fault_and_what_is_allowed(faults, other, line):
    with pytest.raises(BadInput) as caught:
        load_scenario("autoscale-from-3", [f"faults={faults}", *other])
    assert str(caught.value) == line


def test_a_primary_can_die_without_autoscaling_and_on_every_shard_once():
    deaths = ", ".join(f"{{kind: redis_failover, at_s: {k}, shard: {k}}}" for k in range(5))
    assert len(load_scenario("onsale-small", [f"faults=[{deaths}]"]).faults) == 5
