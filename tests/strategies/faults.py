"""What goes wrong during a run."""

from hypothesis import strategies as st

from tests.strategies.base import Draw, Section, pick


@st.composite
def pod_faults(draw: Draw, duration_s: float) -> list[Section]:
    """Spot waves and deploys, for a scenario with autoscaling."""
    moments = st.floats(0, duration_s * 0.9).map(lambda second: round(second, 1))
    spot_waves = st.builds(lambda at: {"kind": "spot_wave", "at_s": at, "share_percent": 60}, moments)
    deploys = st.builds(lambda at: {"kind": "deploy", "at_s": at}, moments)
    return draw(st.lists(spot_waves | deploys, max_size=2))


@st.composite
def failovers(draw: Draw, shards: int, duration_s: float, in_steps: bool) -> list[Section]:
    """The death of the hot primary, or of some, in a run that perhaps ends before the successor is there."""
    which = draw(st.just([None]) | st.lists(st.integers(0, shards - 1), min_size=1, max_size=2, unique=True))
    part_s = st.just(0) | pick([0.001, 0.2, duration_s / 5])
    return [
        {
            "kind": "redis_failover",
            "at_s": duration_s * draw(pick([0, 0.1, 0.3, 0.6])),
            "shard": shard,
            "lost": draw(pick(["process", "host"])),
            "read_timeout_s": draw(pick([0.001, 0.1, 1, 30])),
            "replication_lag_ms": draw(pick([0, 1, 40, 100_000] if not in_steps else [0, 1, 1000])),
            "detection_s": draw(part_s),
            "promotion_s": draw(part_s),
            "topology_refresh_s": draw(part_s),
            "replacement_s": draw(part_s),
        }
        for shard in which
    ]
