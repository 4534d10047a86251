"""CPU and queues of proxies against Istio's table and a queue that is simulated here by Lindley's recursion."""

import numpy as np
import pytest

from models.catalogues.mesh import mesh_figures
from models.mesh.daemons import falco_cores
from models.mesh.proxies import BENCHMARK_RPS, busy_share, cores, pair_p99_ms, rps_held

FIGURES = mesh_figures()


@pytest.mark.parametrize(("kind", "published"), [("sidecar", 0.20), ("waypoint", 0.25), ("ambient", 0.06)])
def test_a_thousand_requests_a_second_take_the_published_cores(kind: str, published: float) -> None:
    assert cores(getattr(FIGURES, kind), 1000) == pytest.approx(published)


def test_a_proxy_is_busy_all_the_time_at_what_it_holds() -> None:
    # two workers of 60 us
    assert rps_held(FIGURES.ambient) == pytest.approx(2 / 60e-6)
    assert busy_share(FIGURES.ambient, rps_held(FIGURES.ambient)) == pytest.approx(1.0)
    assert pair_p99_ms(FIGURES.ambient, rps_held(FIGURES.ambient)) == float("inf")


def sojourn_p99(busy: float, seed: int) -> float:
    """The p99 of the time in an M/M/1 with a mean service of 1, customer by customer."""
    rng = np.random.default_rng(seed)
    gaps, services = rng.exponential(1 / busy, 400_000), rng.exponential(1.0, 400_000)
    waits, wait = np.empty(400_000), 0.0
    for k in range(400_000):
        wait = max(0.0, wait - gaps[k])
        waits[k] = wait
        wait += services[k]
    return float(np.quantile(waits + services, 0.99))


def test_a_busier_ztunnel_takes_longer_as_a_queue_does() -> None:
    """Twice the published p99 where half of the idle time is left; the published one at the benchmark's load."""
    assert pair_p99_ms(FIGURES.ambient, BENCHMARK_RPS) == pytest.approx(0.20)
    for busy in (0.3, 0.7):
        rps = busy * rps_held(FIGURES.ambient)
        ratio = pair_p99_ms(FIGURES.ambient, rps) / pair_p99_ms(FIGURES.ambient, BENCHMARK_RPS)
        assert ratio == pytest.approx(sojourn_p99(busy, 1) / sojourn_p99(0.03, 2), rel=0.08)


def test_falco_takes_the_reported_cpu_and_more_with_more_system_calls() -> None:
    # 0.8 % of a core at 10,000 events a second
    assert falco_cores(FIGURES.falco, 10_000) == pytest.approx(0.008)
    assert falco_cores(FIGURES.falco, 30_000) == pytest.approx(30 * falco_cores(FIGURES.falco, 1000))
