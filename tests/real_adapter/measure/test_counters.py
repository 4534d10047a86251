"""What a server's own statistics say of its scripts."""

from typing import Any, cast

import pytest

from real_adapter.measure.counters import script_spread


class Told:
    """A client whose server tells these latency statistics."""

    def __init__(self, **found: Any) -> None:
        self.found = {f"latency_percentiles_usec_{name}": values for name, values in found.items()}

    def info(self, section: str) -> dict[str, Any]:
        """Return the statistics, asked for by their section."""
        assert section == "latencystats"
        return self.found


def test_scripts_differ_by_their_99th_percentile_above_the_median_and_by_their_10th_and_90th() -> None:
    told = {"p10": 482.0, "p50": 518.0, "p90": 860.0, "p99": 958.0}
    client = Told(evalsha=told, ping={"p50": 0.001, "p99": 1.003})
    spread = script_spread(cast(Any, client))
    assert spread is not None
    assert spread.tail_us == 440.0
    # a run of 671 us in the mean that takes so much less and the next one so much more
    assert spread.swing == pytest.approx(189 / 671)


@pytest.mark.parametrize("found", [{}, {"ping": {"p50": 1.0, "p99": 2.0}}, {"evalsha": {"p50": 1.0, "p99": 2.0}}])
def test_where_no_script_ran_or_nobody_counts_there_is_none(found: dict[str, Any]) -> None:
    assert script_spread(cast(Any, Told(**found))) is None
