"""Distributions as the tables that engines draw from (see `sim.draws.quantile_table`)."""

import numpy as np
from numpy.typing import NDArray

from models.plan.arrivals import lognormal_quantile
from sim.draws import LARGEST, quantile_table


def lognormal(median: float, sigma: float, scale: float) -> NDArray[np.int64]:
    """Tabulate a lognormal of *median*; sigma 0 is a constant. What is beyond 39 h is cut: no run is that long."""
    return quantile_table(lambda q: np.minimum(lognormal_quantile(q, median, sigma), LARGEST / scale), scale)


def lognormal_of_mean(mean: float, sigma: float) -> NDArray[np.int64]:
    """Tabulate a lognormal by its *mean*."""
    return lognormal(mean * float(np.exp(-(sigma**2) / 2)), sigma, 1.0)
