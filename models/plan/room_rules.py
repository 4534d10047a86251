"""The rules of an event's waiting room as integers, exact in Redis as here."""

from dataclasses import dataclass

MICRO = 1_000_000
"""One admission, or one call, in the integer unit of the buckets."""


@dataclass(frozen=True)
class RoomRules:
    """The settings of one event's waiting room; rates are millionths per ms, that is thousandths per second."""

    rate_micro_per_ms: int
    burst_micro: int
    call_window: int
    call_ttl_ms: int
    heartbeat_ttl_ms: int
