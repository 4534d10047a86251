"""The per-second series of a run, as a table with the columns that every face knows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.engine.record import (
    BAND_SHIFT,
    BANDED,
    BANDS,
    BUSY_NS,
    CLIENTS,
    COMMANDS,
    NODES,
    PER_NODE,
    QUEUE,
    REQUESTS,
    SERIES_NAMES,
    Column,
    Level,
)
from models.engine.recording import Recording
from models.plan.node_names import node_names
from models.plan.plan import Plan
from models.vocabulary.operations import ENDPOINTS
from models.vocabulary.units import MILLISECOND, SECOND
from sim.histogram import bucket_high, bucket_low

if TYPE_CHECKING:
    import pandas as pd

_NODE_PARTS = (("requests", REQUESTS), ("commands", COMMANDS), ("queue", QUEUE), ("connections", CLIENTS))
"""Columns of a node beside its busy share, by the end of their names."""
PERCENTILES = (50, 95, 99)


def series_of(plan: Plan, recording: Recording) -> pd.DataFrame:
    """Return one row per second of the run (index: the second) with counts, levels at its end and latency bands.

    `gateway_cpu_cores` is CPU used, `shard_K_busy` the share of the second in which the engine thread of shard K's
    primary worked; a replica that is read from has columns of its own, `shard_K_replica_R_...`. Latencies are NaN
    where nobody was answered; they are read off buckets 6 to 12 % wide. `refused_...` are the requests that an edge
    refused, if there is one.
    """
    import pandas as pd  # half a second and 40 MB, which replications do not need

    data: dict[str, NDArray[np.generic]] = {}
    for k, name in enumerate(ENDPOINTS):
        data[f"sent_{name}"] = recording.column(Column.SENT + k)
    for k, name in enumerate(ENDPOINTS):
        data[f"answered_{name}"] = recording.column(Column.ANSWERED + k)
    if plan.scenario.edge is not None:
        for k, name in enumerate(ENDPOINTS):
            data[f"refused_{name}"] = recording.edge.by_second[: recording.seconds, k]
    for number, name in sorted(SERIES_NAMES.items()):
        data[name] = recording.column(number)
    data["granted"] = recording.column(Column.ADMITTED_BY_BUCKET)
    for level in Level:
        data[level.name.lower()] = recording.column(Column.LEVELS + level)
    per_core = plan.scenario.gateway.cpu_cores / plan.params.service.cores
    data["gateway_cpu_cores"] = recording.column(Column.GATEWAY_BUSY_NS) / SECOND * per_core
    for node, name in enumerate(node_names(plan)):
        data[f"{name}_busy"] = busy_share(recording, node)
        for part, column in _NODE_PARTS:
            data[f"{name}_{part}"] = recording.column(NODES + PER_NODE * node + column)
    data |= _latency_bands(recording)
    return pd.DataFrame(data, index=pd.RangeIndex(recording.seconds, name="second"))


def busy_share(recording: Recording, node: int) -> NDArray[np.float64]:
    """Return the share of every second in which a node's engine thread was busy, 0 to 1."""
    return recording.column(NODES + PER_NODE * node + BUSY_NS) / SECOND


def gateway_share(plan: Plan, recording: Recording) -> NDArray[np.float64]:
    """Return the share of the CPU limit that all pods together used in every second, 0 to 1."""
    return recording.column(Column.GATEWAY_BUSY_NS) / (
        SECOND * pods_running(plan, recording) * plan.params.service.cores
    )


def pods_running(plan: Plan, recording: Recording) -> NDArray[np.int64]:
    """Return how many pods ran in every second, at its begin or its end, and at least one: what work is a share of."""
    at_end = recording.column(Column.LEVELS + Level.PODS_RUNNING)
    if plan.scenario.autoscaling is None:
        return np.full(at_end.size, plan.params.service.warm_pods, np.int64)
    at_begin = np.concatenate([[plan.params.service.warm_pods], at_end[:-1]])
    return np.maximum(np.maximum(at_begin, at_end), 1)


def _latency_bands(recording: Recording) -> dict[str, NDArray[np.generic]]:
    """Percentiles of every second, or over the few seconds that share a row of the bands in a long run."""
    bands, per_row = recording.record.bands, int(recording.record.band_s[0])
    rows = -(-recording.seconds // per_row)
    found: dict[str, NDArray[np.generic]] = {}
    for endpoint in range(BANDED):
        by_row = _band_percentiles(bands[:rows, endpoint].astype(np.int64))
        for percent, column in zip(PERCENTILES, by_row.T, strict=True):
            name = f"latency_{ENDPOINTS[endpoint]}_p{percent}_ms"
            found[name] = np.repeat(column / MILLISECOND, per_row)[: recording.seconds]
    return found


def _band_percentiles(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return float64[rows, 3] in ns, spreading the values of a band evenly over its width."""
    below = np.cumsum(counts, axis=1)
    answered = below[:, -1]
    result = np.full((counts.shape[0], len(PERCENTILES)), np.nan)
    rows = np.flatnonzero(answered)
    low, high = _band_edges()
    for k, percent in enumerate(PERCENTILES):
        rank = percent / 100 * answered[rows]
        band = (below[rows] >= rank[:, None]).argmax(axis=1)
        inside = counts[rows, band]
        share = 1 - (below[rows, band] - rank) / inside
        result[rows, k] = low[band] + share * (high[band] - low[band])
    return result


@cache
def _band_edges() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and the highest value of every band, ns."""
    low = [bucket_low(band << BAND_SHIFT) for band in range(BANDS)]
    high = [bucket_high((band + 1 << BAND_SHIFT) - 1) for band in range(BANDS)]
    return np.array(low, np.float64), np.array(high, np.float64)
