"""Arrival times against the closed forms of their distributions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.plan.arrivals import LATEST_S, arrival_times_ns, lognormal_quantile, piecewise_quantile
from models.scenario.clients import Clients
from sim.errors import BadInput

S = 1_000_000_000


def clients(**arrival):
    return Clients.model_validate({"arrival": arrival})


def times_s(u, *, opens_at_s=0.0, bot=False, **arrival):
    u = np.atleast_1d(np.asarray(u, dtype=np.float64))
    flags = np.broadcast_to(np.asarray(bot), u.shape)
    return arrival_times_ns(clients(**arrival), opens_at_s, u, flags) / S


def test_uniform_is_a_straight_line():
    assert times_s([0, 0.25, 0.5], opens_at_s=10, profile="uniform", over_s=40).tolist() == [10, 20, 30]


def test_exponential_median_is_mean_times_ln_2():
    assert times_s(0.5, profile="exponential", mean_s=30)[0] == pytest.approx(30 * math.log(2), abs=1e-9)


def test_weibull_of_shape_one_is_exponential():
    u = np.linspace(0, 0.999, 50)
    assert times_s(u, profile="weibull", shape=1, scale_s=30) == pytest.approx(
        times_s(u, profile="exponential", mean_s=30)
    )


def test_weibull_has_63_percent_by_its_scale_at_any_shape():
    for shape in (0.5, 1, 3):
        at = times_s(1 - math.exp(-1), profile="weibull", shape=shape, scale_s=30)[0]
        assert at == pytest.approx(30, abs=1e-8)


def test_rush_of_waiting_people_is_lognormal():
    u = (np.arange(20_000) + 0.5) / 20_000
    found = times_s(u, profile="rush", reaction_median_s=2, reaction_sigma=0.5)
    assert stats.kstest(found, stats.lognorm(s=0.5, scale=2).cdf).statistic < 1e-4


def test_rush_splits_waiting_from_late_people():
    u = (np.arange(20_000) + 0.5) / 20_000
    found = times_s(u, profile="rush", waiting_share=0.4, reaction_median_s=1, reaction_sigma=0, late_mean_s=60)
    assert np.count_nonzero(found == 1) == 8000
    late = found[u >= 0.4]
    assert stats.kstest(late, stats.expon(scale=60).cdf).statistic < 1e-3


def test_nobody_waiting_is_all_late():
    u = np.linspace(0, 0.99, 30)
    found = times_s(u, profile="rush", waiting_share=0, late_mean_s=60)
    assert found == pytest.approx(times_s(u, profile="exponential", mean_s=60))


def test_bots_react_by_their_own_distribution_and_only_in_a_rush():
    u = np.array([0.5, 0.5])
    bot = np.array([True, False])
    assert times_s(u, bot=bot, profile="rush").tolist() == [0.05, 1.0]
    assert times_s(u, bot=bot, profile="uniform", over_s=8).tolist() == [4.0, 4.0]


def test_sigma_zero_is_constant():
    assert lognormal_quantile(np.array([0.0, 0.3, 0.999]), 7.0, 0.0).tolist() == [7, 7, 7]


def test_constant_rate_with_a_pause_skips_the_pause():
    points = [(0, 1), (10, 1), (10.000001, 0), (20, 0), (20.000001, 1), (30, 1)]
    found = piecewise_quantile(np.array([0.25, 0.75]), points)
    assert found == pytest.approx([5, 25], abs=1e-3)


def test_rising_rate_is_a_square_root():
    # density 2t / T^2 on [0, T]: quantile T sqrt(u)
    u = np.linspace(0, 0.99, 25)
    assert piecewise_quantile(u, [(0, 0), (8, 3)]) == pytest.approx(8 * np.sqrt(u))


def test_triangle_is_the_triangular_distribution():
    u = np.linspace(0, 0.999, 101)
    expected = stats.triang(c=0.25, loc=0, scale=40).ppf(u)
    assert piecewise_quantile(u, [(0, 0), (10, 5), (40, 0)]) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 50)), min_size=2, max_size=8),
    st.lists(st.integers(0, 2**53 - 1).map(lambda k: k / 2**53), min_size=1, max_size=20),  # what a draw can be
)
def test_piecewise_inverts_the_integral_of_the_rate(steps, u):
    time = np.cumsum([length for length, _ in steps])
    rate = np.array([rate for _, rate in steps])
    area = np.concatenate(([0], np.cumsum(np.diff(time) * (rate[1:] + rate[:-1]) / 2)))
    if area[-1] < 1e-6:
        return
    at = piecewise_quantile(np.array(u), list(zip(time, rate, strict=True)))
    assert ((at >= time[0]) & (at <= time[-1])).all()
    segment = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(time) - 2)
    x = at - time[segment]
    slope = np.diff(rate) / np.diff(time)
    count = area[segment] + rate[segment] * x + slope[segment] * x * x / 2
    assert count / area[-1] == pytest.approx(np.array(u), abs=1e-6)


@given(
    st.sampled_from(
        [
            {"profile": "rush", "reaction_sigma": 3, "waiting_share": 0.5},
            {"profile": "uniform", "over_s": 86_400},
            {"profile": "exponential", "mean_s": 86_400},
            {"profile": "weibull", "shape": 0.1, "scale_s": 86_400},
            {"profile": "piecewise", "points": [[0, 0], [5, 1], [5.5, 0]]},
        ]
    ),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 86_400),
)
def test_every_time_is_after_the_opening_and_fits_into_64_bits(arrival, u, opens_at_s):
    at = times_s(u, opens_at_s=opens_at_s, **arrival)[0]
    assert opens_at_s - 1e-9 <= at <= LATEST_S


class TestTrace:
    def test_rows_are_people_in_order_of_time_whatever_the_opening(self, tmp_path):
        file = tmp_path / "t.csv"
        file.write_text("who,arrival_s\na,3.5\nb,1\nc,2.25\nd,9\n")
        found = times_s([0.9, 0.1, 0.5], opens_at_s=100, profile="trace", file=str(file))
        assert found.tolist() == [1, 2.25, 3.5]

    def test_parquet_says_the_same_as_csv(self, tmp_path):
        frame = pd.DataFrame({"t": [5, 3, 4]})
        frame.to_csv(tmp_path / "t.csv")
        frame.to_parquet(tmp_path / "t.parquet")
        for name in ("t.csv", "t.parquet"):
            found = times_s(np.zeros(3), profile="trace", file=str(tmp_path / name), column="t")
            assert found.tolist() == [3, 4, 5]

    @pytest.mark.parametrize(
        "rows",
        [
            ("2026-09-21T14:13:20.500+00:00", "2026-09-21T14:13:20+00:00", "2026-09-21T14:13:22.25Z"),
            ("2026-09-21T16:13:20.500+02:00", "2026-09-21T14:13:20Z", "2026-09-21T14:13:22.250000"),
            ("2026-09-21 14:13:20.5", "2026-09-21 14:13:20", "2026-09-21 14:13:22.25"),
            ("1790000000.5", "1790000000", "1790000002.25"),
            ("1790000000500", "1790000000000", "1790000002250"),
            ("1790000000500000", "1790000000000000", "1790000002250000"),
            ("1790000000500000000", "1790000000000000000", "1790000002250000000"),
            ("0.5", "0", "2.25"),
        ],
    )
    def test_times_of_the_clock_count_from_the_first(self, tmp_path, rows):
        file = tmp_path / "t.csv"
        file.write_text("\n".join(["arrival_s", *rows, ""]))
        found = times_s(np.zeros(3), opens_at_s=100, profile="trace", file=str(file))
        assert found == pytest.approx([0, 0.5, 2.25], abs=1e-6)

    def test_parquet_has_times_of_its_own_kind(self, tmp_path):
        pd.DataFrame({"t": pd.to_datetime([5, 3, 4], unit="s", utc=True)}).to_parquet(tmp_path / "t.parquet")
        found = times_s(np.zeros(3), profile="trace", file=str(tmp_path / "t.parquet"), column="t")
        assert found.tolist() == [0, 1, 2]

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"arrival_s\n1790000000\n5\n", "'arrival_s' has times of the epoch and others, 1.79e+09 and 5"),
            (b"arrival_s\n2026-09-21T14:13:20Z\nlater\n", "no numbers in column 'arrival_s'"),
            (b"arrival_s\n5000000\n1\n", "'arrival_s' is 5e+06 in row 1; must be 0 to 1e+06"),
            (b"arrival_s\n1\n", "has 1 rows; must have one for each of clients.count = 2"),
            (b"arrival_s\n1\nx\n", "no numbers in column 'arrival_s'"),
            (b"arrival_s\n1\n\n,\n", "is nan in row 2"),
            (b"other\n1\n2\n", "no numbers in column 'arrival_s'"),
            (b"arrival_s\n1\n-2\n", "'arrival_s' is -2 in row 2; must be 0 to 1e+06"),
            (b"arrival_s\n1\ninf\n", "is inf in row 2"),
            (b"arrival_s\nnan\n1\n", "is nan in row 1"),
            (b"", "no numbers in column"),
            (b"\xff\xfe\x00", "no numbers in column"),
        ],
    )
    def test_unusable_files_are_one_line(self, tmp_path, content, says):
        file = tmp_path / "t.csv"
        file.write_bytes(content)
        with pytest.raises(BadInput) as caught:
            times_s(np.zeros(2), profile="trace", file=str(file))
        line = str(caught.value)
        assert line.startswith("clients.arrival.file: ")
        assert says in line
        assert "\n" not in line

    @pytest.mark.parametrize("name", ["missing.csv", "missing.parquet", "no.parquet"])
    def test_missing_and_false_files_are_one_line(self, tmp_path, name):
        (tmp_path / "no.parquet").write_bytes(b"not parquet")
        with pytest.raises(BadInput, match=r"^clients\.arrival\.file: [^\n]*$"):
            times_s(np.zeros(2), profile="trace", file=str(tmp_path / name))
