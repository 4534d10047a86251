"""What a server's own statistics say of its scripts."""

from typing import Any, cast

import pytest

from real_adapter.counters import script_tail_us


class Told:
    """A client whose server tells these latency statistics."""

    def __init__(self, **found: Any) -> None:
        self.found = {f"latency_percentiles_usec_{name}": values for name, values in found.items()}

    def info(self, section: str) -> dict[str, Any]:
        """Return the statistics, asked for by their section."""
        assert section == "latencystats"
        return self.found


def test_the_tail_of_scripts_is_their_99th_percentile_above_the_median() -> None:
    client = Told(evalsha={"p50": 9.023, "p99": 33.023, "p99.9": 86.015}, ping={"p50": 0.001, "p99": 1.003})
    assert script_tail_us(cast(Any, client)) == pytest.approx(24.0)


@pytest.mark.parametrize("found", [{}, {"ping": {"p50": 1.0, "p99": 2.0}}, {"evalsha": {"p50": 1.0}}])
def test_where_no_script_ran_or_nobody_counts_there_is_none(found: dict[str, Any]) -> None:
    assert script_tail_us(cast(Any, Told(**found))) is None
