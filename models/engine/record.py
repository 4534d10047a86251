"""What a run writes down while it runs: counts per second, latency histograms, totals. Its size is fixed beforehand."""

from enum import auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.vocabulary.numbered import Numbered
from models.vocabulary.operations import ENDPOINTS
from models.vocabulary.units import EPOCH_NS, MILLISECOND, SECOND
from sim.histogram import BUCKETS, bucket_of
from sim.jit import compiled, inlined


class Column(Numbered):
    """Columns of the per-second series; `SENT`, `ANSWERED` have one per endpoint, behind the last come the nodes'."""

    SENT = 0
    ANSWERED = len(ENDPOINTS)
    FAILED_POOL_TIMEOUT = 2 * len(ENDPOINTS)
    FAILED_CLIENT_TIMEOUT = auto()
    FAILED_REFUSED = auto()
    FAILED_CONNECTION = auto()
    FAILED_MAX_CLIENTS = auto()
    FAILED_OUT_OF_MEMORY = auto()
    JOINED = auto()
    ADMITTED = auto()
    SOLD = auto()
    LEFT = auto()
    EXPIRED = auto()
    LAPSED = auto()
    GATEWAY_BUSY_NS = auto()
    ADMITTED_BY_BUCKET = auto()
    THROTTLED = auto()
    PLACES_LOST = auto()
    PLACES_RETURNED = auto()
    ADMISSIONS_LOST = auto()
    ADMISSIONS_REPEATED = auto()
    CONNECTIONS_REFUSED = auto()
    BACKLOG_FULL = auto()
    LEVELS = auto()


FAILURES = tuple(column.name.removeprefix("FAILED_").lower() for column in Column if column.name.startswith("FAILED_"))
"""Causes of a failed request, in the order of their columns from FAILED_POOL_TIMEOUT on."""


class Level(Numbered):
    """Columns sampled at the end of every second, from `Column.LEVELS` on.

    Pods that run, that the load balancer knows, and that are wanted; EC2 nodes (0 where pods are fixed in number);
    connections that pods hold open to Redis nodes.
    """

    WAITING = auto()
    CALLED = auto()
    POOL_WAITING = auto()
    IN_FLIGHT = auto()
    PODS_RUNNING = auto()
    PODS_READY = auto()
    PODS_WANTED = auto()
    NODES = auto()
    CONNECTIONS = auto()


NODES = int(Column.LEVELS) + len(Level)
"""First column of the nodes: each has BUSY_NS, REQUESTS, COMMANDS, and sampled QUEUE and CLIENTS, which are the
connections that it has accepted."""
PER_NODE = 5
BUSY_NS, REQUESTS, COMMANDS, QUEUE, CLIENTS = range(PER_NODE)

BAND_SHIFT = 4
BANDS = BUCKETS >> BAND_SHIFT
"""Buckets of the latency bands over time: 16 buckets of the full histograms each, 8 per power of two."""
BANDED = 3
"""Endpoints with latency bands: join, status and enter."""
WAIT = len(ENDPOINTS)
"""Row of the histograms that holds the waits, from the first click to being let in, behind the endpoints'."""
MAX_BAND_ROWS = 3600

_NOT_BY_ITSELF = (Column.SENT, Column.ANSWERED, Column.GATEWAY_BUSY_NS, Column.ADMITTED_BY_BUCKET, Column.LEVELS)
SERIES_NAMES = {column: column.name.lower() for column in Column if column not in _NOT_BY_ITSELF}
"""Names of the columns that are a series of the results as they are; the others are worked out first."""


class Record(NamedTuple):
    """Arrays of a record.

    `series` int64[seconds + 1, columns] (what would come after the last second goes to the extra row); `counts` int64
    [stages + 1, endpoints + 1, BUCKETS] histograms in ns per stage, the last for what belongs to none; `total` int64
    [stages + 1, endpoints + 1] exact sums; `failed` int64[stages + 1, endpoints] requests that failed; `bands`
    uint32[rows, 3, BANDS] with `band_s` int64[1] seconds per row; `second` int64[3]: the row being written, the time
    in ns at which it ends, and its row of the bands.
    """

    series: NDArray[np.int64]
    counts: NDArray[np.int64]
    total: NDArray[np.int64]
    failed: NDArray[np.int64]
    bands: NDArray[np.uint32]
    band_s: NDArray[np.int64]
    second: NDArray[np.int64]


def new_record(end_ns: int, nodes: int, stages: int) -> Record:
    """Return an empty record of a run of at most `end_ns` with *nodes* Redis nodes and *stages* measured stages."""
    seconds = -(-end_ns // SECOND)
    band_s = -(-seconds // MAX_BAND_ROWS)
    return Record(
        np.zeros((seconds + 1, NODES + PER_NODE * nodes), np.int64),
        np.zeros((stages + 1, WAIT + 1, BUCKETS), np.int64),
        np.zeros((stages + 1, WAIT + 1), np.int64),
        np.zeros((stages + 1, len(ENDPOINTS)), np.int64),
        np.zeros((seconds // band_s + 1, BANDED, BANDS), np.uint32),
        np.array([band_s], np.int64),
        np.array([0, SECOND, 0], np.int64),
    )


@inlined
def count(record: Record, column: int, amount: int) -> None:
    """Add to a column of the current second."""
    record.series[record.second[0], column] += amount


@compiled
def turn_to(record: Record, now: int) -> None:
    """Make the second that holds `now` the current one."""
    row = min(now // SECOND, record.series.shape[0] - 1)
    record.second[0] = row
    record.second[2] = row // record.band_s[0]
    record.second[1] = (row + 1) * SECOND if row < record.series.shape[0] - 1 else np.iinfo(np.int64).max


@compiled
def row_of_bucket(rows: int, bucket_at_ms: int) -> int:
    """Return the row, of so many, of the second that a token bucket goes by: the latest stamp that it has seen."""
    return min(max(0, (bucket_at_ms * MILLISECOND - EPOCH_NS) // SECOND), rows - 1)


@compiled
def add_busy(record: Record, column: int, start: int, duration: int) -> None:
    """Spread the busy time [start, start + duration) of a server over the seconds it falls into."""
    if start >= record.second[1] - SECOND and start + duration <= record.second[1]:
        record.series[record.second[0], column] += duration
    else:
        spread_busy(record, column, start, duration, 1)


@compiled
def spread_busy(record: Record, column: int, start: int, duration: int, sign: int) -> None:
    """Add (or with -1 take back, of a server that was killed) a busy time that can fall into several seconds."""
    last = record.series.shape[0] - 1
    row = min(start // SECOND, last)
    while duration > 0:
        part = min(duration, (row + 1) * SECOND - start) if row < last else duration
        record.series[row, column] += sign * part
        start += part
        duration -= part
        row += 1


@inlined
def add_latency(record: Record, stage: int, endpoint: int, value: int) -> None:
    """Record the latency, in ns, of an answer given in the current second to a request of this stage."""
    bucket = bucket_of(value)
    record.counts[stage, endpoint, bucket] += 1
    record.total[stage, endpoint] += value
    if endpoint < BANDED:
        record.bands[record.second[2], endpoint, bucket >> BAND_SHIFT] += 1
