"""Schedules: a Poisson process is one, a recording is read exactly or refused in one line."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from real_adapter.schedules import bursts_ns, poisson_ns, recorded_ns
from sim.errors import BadInput


def test_gaps_are_exponential_and_counts_poisson() -> None:
    due_ns = poisson_ns(2_000, 10, seed=7)
    gaps_s = np.diff(due_ns) / 1e9
    assert stats.kstest(gaps_s, "expon", args=(0, 1 / 2_000)).pvalue > 1e-3
    counts = np.histogram(due_ns, bins=1000, range=(0, 10e9))[0]  # index of dispersion is chi-squared
    assert 1e-3 < stats.chi2.cdf(counts.var() / counts.mean() * 1000, 999) < 1 - 1e-3


@given(st.floats(0.1, 5_000), st.floats(0.01, 2), st.integers(0, 2**63))
def test_a_schedule_ascends_within_its_duration_and_comes_again(rate_rps: float, duration_s: float, seed: int) -> None:
    due_ns = poisson_ns(rate_rps, duration_s, seed)
    assert (np.diff(due_ns) >= 0).all()
    assert due_ns.size == 0 or 0 <= due_ns[0] <= due_ns[-1] <= duration_s * 1e9
    assert np.array_equal(due_ns, poisson_ns(rate_rps, duration_s, seed))
    slower = poisson_ns(rate_rps / 2, 2 * duration_s, seed)
    assert slower == pytest.approx(2 * due_ns, abs=2)


def test_bursts_come_together() -> None:
    assert bursts_ns(3, 0.01, 0.025).tolist() == [0] * 3 + [10_000_000] * 3 + [20_000_000] * 3
    assert bursts_ns(1, 0.5, 1.0).tolist() == [0, 500_000_000]


@pytest.mark.parametrize(("unit", "ns"), [("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_recording_is_read_in_its_unit(tmp_path, unit: str, ns: int, suffix: str) -> None:
    file, rows = str(tmp_path / f"r.{suffix}"), pd.DataFrame({"who": ["a", "b", "c"], f"at_{unit}": [0, 2, 2]})
    rows.to_csv(file, index=False) if suffix == "csv" else rows.to_parquet(file)
    assert recorded_ns(file, f"at_{unit}").tolist() == [0, 2 * ns, 2 * ns]


@pytest.mark.parametrize(
    ("content", "column", "says"),
    [
        ("at_s\n1\n-1\n", "at_s", "schedule: 'at_s' is -1 in row 2; must be 0 to 86400"),
        ("at_ms\n1\n\n", "at_s", "schedule: no numbers in column 'at_s'"),
        ("at_ms\n1\nnan\n3\n", "at_ms", "schedule: 'at_ms' is nan in row 2; must be 0 to 8.64e+07"),
        ("at_s\n1\n3\n2\n", "at_s", "schedule: 'at_s' falls to 2 in row 3; must be ascending"),
        ("at_s\n90000\n", "at_s", "schedule: 'at_s' is 90000 in row 1"),
        ("at\n1\n", "at", "schedule: column 'at' must end with its unit, one of _s, _ms, _us, _ns"),
        ("at_s\nx\n", "at_s", "schedule: no numbers in column 'at_s'"),
    ],
)
def test_a_recording_that_is_no_schedule_is_refused_in_one_line(tmp_path, content, column, says) -> None:
    file = tmp_path / "r.csv"
    file.write_text(content)
    with pytest.raises(BadInput) as refusal:
        recorded_ns(str(file), column)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_recording_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match=r"schedule: cannot read 'nowhere\.csv': No such file"):
        recorded_ns("nowhere.csv", "at_s")


@pytest.mark.parametrize(
    "call", [lambda: poisson_ns(0, 1, 1), lambda: poisson_ns(1, -1, 1), lambda: bursts_ns(0, 1, 1)]
)
def test_a_schedule_of_nothing_is_refused(call) -> None:
    with pytest.raises(ValueError, match="must be"):
        call()
