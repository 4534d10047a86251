"""One long run of a steady state: where the warm-up ends, and an interval in spite of correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.estimate import Estimate

_MSER_BATCH = 5
_MSER_TAIL = 5  # Hoad, Robinson and Davies 2010: over the last few batch means a minimum is chance


def mser5(series: ArrayLike) -> int | None:
    """How many of the first observations of *series* are warm-up, by MSER-5; None if it has not settled.

    The rule (White 1997; means of 5: White, Cobb and Spratt 2000) discards the first d of k means so that the
    squared standard error of the rest, sum((z - mean)^2) / (k - d)^2, is least. If that would discard more
    than half, the series is too short to tell. ValueError unless it has at least 50 finite observations.
    """
    values = _observations(series)
    k = values.size // _MSER_BATCH
    if k < 2 * _MSER_TAIL:
        raise ValueError(f"MSER-5 needs at least {2 * _MSER_TAIL * _MSER_BATCH} observations, not {values.size}")
    means = values[: k * _MSER_BATCH].reshape(k, _MSER_BATCH).mean(axis=1)
    squared_error = np.empty(k)
    mean = squares = 0.0
    for kept, z in enumerate(means[::-1].tolist(), start=1):  # Welford 1962: no digits lost far from zero
        off = z - mean
        mean += off / kept
        squares += off * (z - mean)
        squared_error[k - kept] = squares / kept**2
    discard = int(np.argmin(squared_error[: k - _MSER_TAIL + 1]))
    return discard * _MSER_BATCH if discard <= k // 2 else None


def batch_means(series: ArrayLike, warm_up: int, *, batches: int = 20, confidence: float = 0.95) -> Estimate:
    """Steady-state mean of a correlated *series* after its first *warm_up* observations, with an interval.

    The rest is cut into *batches* of equal length (what does not divide is dropped at the front); their means
    are taken as independent, which holds if a batch is much longer than the correlation. 10 to 30 batches
    lose little (Schmeiser 1982). ValueError unless two observations per batch remain.
    """
    values = _observations(series)
    if not 0 <= warm_up <= values.size:
        raise ValueError(f"warm_up ({warm_up}) must be from 0 to the length of the series ({values.size})")
    if batches < 2:
        raise ValueError(f"batches ({batches}) must be at least 2")
    length = (values.size - warm_up) // batches
    if length < 2:
        raise ValueError(f"{values.size - warm_up} observations after warm-up are too few for {batches} batches")
    means = values[values.size - length * batches :].reshape(batches, length).mean(axis=1)
    return Estimate.of(means.tolist(), confidence)


def _observations(series: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(series, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("a series is one-dimensional and finite")
    return values
