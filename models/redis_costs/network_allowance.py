"""What a Redis node's network lets through: its burst bandwidth while it has credits, then its baseline.

An instance earns credits at its baseline bandwidth and spends them on every byte; while it has none, it sends at the
baseline. That is a token bucket, and the burst bandwidth is a second one of a second's depth. The bytes of a pass leave
together, once both buckets have had them all: a queue in front of the network, while the engine thread works on.
Source: Amazon EC2 user guide, instance network bandwidth ("network I/O credit mechanism to burst beyond their baseline
bandwidth"; how deep the bucket is, is not published). Nothing is held up that stays within both.

A bucket of depth D bytes that fills at r bytes a second is kept as the instant at which it will be full again: it holds
D - (full_at - now) r. So B bytes at once move that instant by B / r, and leave when it is D / r ahead, or at once.
With a load of L > r bytes a second from time 0, the bucket is empty at D / (L - r), and what is sent at a later t
leaves (t L - D) / r - t later.
"""

import math
from typing import NamedTuple

from sim.jit import compiled


class NetworkAllowance(NamedTuple):
    """What a node may send: `baseline_ns` a byte once there are no credits, `burst_ns` a byte with them (0: no limit is
    known); `credit` and `line` are the depths of the two buckets, in ns of their own rates. A primary sends
    `primary_bytes` for each request, its copies for the replicas included, a replica `replica_bytes`."""

    baseline_ns: float
    burst_ns: float
    credit: int
    line: int
    primary_bytes: float
    replica_bytes: float


@compiled
def full_again_at(full_at: int, now: int, size: float, byte_ns: float) -> int:
    """Return when a bucket is full again that was to be so at *full_at*, and from which *size* bytes are taken now."""
    return max(full_at, now) + math.floor(size * byte_ns + 0.5)


@compiled
def leaves_at(allowance: NetworkAllowance, credit_full_at: int, line_full_at: int, now: int) -> int:
    """Return when bytes leave that have been taken from both buckets now."""
    return max(now, credit_full_at - allowance.credit, line_full_at - allowance.line)
