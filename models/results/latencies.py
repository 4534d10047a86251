"""Latency of every request that was sent, also of those that nobody answered.

A request that failed has no latency, and leaving it out makes a failing design look fast: it counts as longer than
every answer, `clients.timeout_s`. That is how long a client would have waited, and at least what it took: a percentile
that falls among failures is reported as that time, and is *at least* that. What is still awaited at the end has been
under way for some time, nobody knows for how much longer: by the product-limit estimate (Kaplan and Meier 1958) its
share goes to what took longer.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.engine.record import BANDED
from models.engine.recording import Recording
from models.vocabulary.operations import ENDPOINTS
from models.vocabulary.units import MILLISECOND
from sim.histogram import LogHistogram, bucket_high, bucket_low, percentile_of

Found = tuple[str, float | None]


def latency_kpis(recording: Recording, timeout: int) -> Iterator[Found]:
    """Yield percentiles of each endpoint's requests, and of all, in ms; *timeout* is what a client waits, ns."""
    for k, endpoint in enumerate(ENDPOINTS[:BANDED]):
        for percent in (50, 95, 99):
            yield f"latency.{endpoint}_p{percent}_ms", latency_ms(recording, [k], percent, timeout)
    for percent in (50, 95):
        yield f"latency.all_p{percent}_ms", latency_ms(recording, list(range(len(ENDPOINTS))), percent, timeout)


def latency_ms(
    recording: Recording, endpoints: list[int], percent: float, timeout: int, stage: int | None = None
) -> float | None:
    """Return a percentile of the requests to some endpoints, of one stage or of all; None if there were none."""
    stages = slice(None) if stage is None else slice(stage, stage + 1)
    record, air = recording.record, recording.in_the_air
    counts = record.counts[stages, endpoints].sum(axis=(0, 1))
    failed = int(record.failed[stages, endpoints].sum())
    mine = np.isin(air[:, 1], endpoints) & (True if stage is None else air[:, 0] == stage)
    found = percentile(counts, failed, air[mine, 2], percent, timeout)
    return None if found is None else found / MILLISECOND


def percentile(
    answered: NDArray[np.int64], failed: int, awaited: NDArray[np.int64], percent: float, timeout: int
) -> float | None:
    """Return the percentile of requests *answered* (counts by bucket), *failed*, and *awaited* for so long, all in ns.

    *timeout* if it falls among the failed; the longest time of all if it falls behind those that are awaited. None if
    there are no requests.
    """
    total = int(answered.sum()) + failed + awaited.size
    if total == 0:
        return None
    if awaited.size == 0:
        rank = max(math.ceil(round(percent * total / 100, 6)), 1)
        most = total - failed
        return float(timeout) if rank > most else min(percentile_of(answered, 100 * rank / most), timeout - 1.0)
    censored = LogHistogram.of(np.clip(awaited, 0, timeout)).counts
    at_risk = total - np.concatenate([[0], np.cumsum(answered + censored)[:-1]])
    surviving = np.cumprod(1 - answered / np.maximum(at_risk, 1))
    reached = np.flatnonzero(surviving <= 1 - percent / 100 + 1e-12)
    if reached.size == 0:
        return float(timeout) if failed else float(awaited.max())
    bucket = int(reached[0])
    return min((bucket_low(bucket) + bucket_high(bucket)) / 2, timeout - 1.0)
