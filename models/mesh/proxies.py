"""What proxies take: cores by the requests through them, and how much longer a call takes as they get busy."""

from models.catalogues.mesh import ProxyFigures
from models.mesh.delays import P90, P99, Delay, through

BENCHMARK_RPS = 1000
"""Requests a second at which the published delays were measured."""


def pair_delay(figures: ProxyFigures) -> Delay:
    """Return what the proxies at both ends of a call add together, as it was published."""
    return through(P90, figures.pair_p90_ms.value, P99, figures.pair_p99_ms.value)


def cores(figures: ProxyFigures, rps: float) -> float:
    """Return the cores that one end of so many requests a second takes."""
    return figures.cores_per_1000_rps.value * rps / 1000


def busy_share(figures: ProxyFigures, rps: float) -> float:
    """Return the share of time that the workers of a proxy with so many requests a second are busy; 1: not held."""
    return cores(figures, rps) / figures.workers.value


def rps_held(figures: ProxyFigures) -> float:
    """Return the requests a second at which one proxy is busy all the time."""
    return 1000 * figures.workers.value / figures.cores_per_1000_rps.value


def pair_p99_ms(figures: ProxyFigures, rps: float) -> float:
    """Return what both ends add at p99 with so many requests a second through each, ms; infinite if they are not held.

    From what was published at BENCHMARK_RPS by the law of M/M/1 (any textbook): every quantile of the time in such a
    queue goes as 1 / (1 - busy).
    """
    busy = busy_share(figures, rps)
    idle = 1 - busy_share(figures, BENCHMARK_RPS)
    return figures.pair_p99_ms.value * idle / (1 - busy) if busy < 1 else float("inf")
