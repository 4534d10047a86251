"""The delay of a mesh against published percentiles: those it is told by, and those of sums that were measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogues.mesh import mesh_figures
from models.mesh.delays import P50, P90, P99, Delay, Percentiles, added, through
from models.mesh.proxies import pair_delay

PLAIN = Percentiles(10.0, 50.0)
"""The talk's latencies without a mesh, ms; those with one are 10.5 and 53 in ambient, 12 and 65 with sidecars."""


def sampled(median_ms: float, sigma: float, seed: int) -> np.ndarray:
    return median_ms * np.exp(sigma * np.random.default_rng(seed).standard_normal(2_000_000))


@pytest.mark.parametrize("meshed", [Percentiles(10.5, 53.0), Percentiles(12.0, 65.0)])
def test_what_is_added_gives_the_latencies_of_the_talk(meshed: Percentiles) -> None:
    """Drawn by another generator, so that neither the integral nor the table is trusted; sampling error is 0.3 %."""
    plain, delay = through(P50, PLAIN.p50_ms, P99, PLAIN.p99_ms), added(PLAIN, meshed)
    sums = sampled(*plain, seed=1) + sampled(*delay, seed=2)
    assert np.quantile(sums, [P50, P99]) == pytest.approx(meshed, rel=0.02)


@pytest.mark.parametrize(("mode", "p90_ms", "p99_ms"), [("ambient", 0.17, 0.20), ("sidecar", 0.63, 0.88)])
def test_a_pair_of_proxies_adds_what_istio_published(mode: str, p90_ms: float, p99_ms: float) -> None:
    drawn = sampled(*pair_delay(getattr(mesh_figures(), mode)), seed=3)
    assert np.quantile(drawn, [P90, P99]) == pytest.approx([p90_ms, p99_ms], rel=0.02)


@given(
    st.floats(0.001, 1000),
    st.floats(0, 3),
    st.tuples(st.floats(0.01, 0.98), st.floats(0.01, 0.98)).filter(lambda pair: pair[1] - pair[0] > 0.01),
)
def test_a_lognormal_is_found_again_by_any_two_of_its_quantiles(
    median_ms: float, sigma: float, shares: tuple[float, float]
) -> None:
    known, (low, high) = Delay(median_ms, sigma), shares
    found = through(low, known.at(low), high, known.at(high))
    assert found.median_ms == pytest.approx(known.median_ms, rel=1e-6)
    assert found.sigma == pytest.approx(known.sigma, abs=1e-6)


@pytest.mark.parametrize("pair", [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_percentiles_that_no_lognormal_has_are_refused(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no lognormal has"):
        through(P50, pair[0], P99, pair[1])


@pytest.mark.parametrize("meshed", [Percentiles(9.0, 60.0), Percentiles(10.0, 53.0), Percentiles(20.0, 50.0)])
def test_latencies_that_no_delay_makes_are_refused(meshed: Percentiles) -> None:
    with pytest.raises(ValueError, match="turn"):
        added(PLAIN, meshed)
