"""The sections `waiting_room` and `admission`: the line, what scripts call, and how many are let in."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Section, Sequence
from models.vocabulary.script_limits import EXPIRED_PER_CALL

#: A hash tag is what stands between { and } in a key.
EventTag = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]


class ExtraCall(Section):
    """Calls of a command that a changed script makes more, or fewer, in every run (`waiting_room/script_cost.py`)."""

    operation: Literal["join", "status", "enter", "leave", "expire"] = Field(
        description="whose script; a status that only reads, for replicas, is another one and does not change"
    )
    command: Literal[
        "HMGET",
        "HSET",
        "HINCRBY",
        "TIME",
        "ZADD",
        "ZREM",
        "ZRANK",
        "ZSCORE",
        "ZCARD",
        "ZPOPMIN",
        "ZRANGEBYSCORE",
        "SET",
        "XLEN",
        "XADD",
        "EXPIRE",
        "GET",
        "HGET",
        "EXISTS",
        "INCR",
        "ZCOUNT",
        "ZRANGE",
    ] = Field(description="the Redis command; not KEYS, which waiting_room.core: keys stands for")
    on: Literal["none", "line", "called", "seen"] = Field(
        "none", description="the sorted set it walks, which decides about its cost (assumption)"
    )
    elements: int = Field(1, ge=1, le=1000, description="fields or members that each call handles (assumption)")
    calls: int = Field(
        ge=-1000, le=1000, description="calls more in each run, or fewer: negative, at most those it makes; not 0"
    )


class WaitingRoom(Section):
    """The line."""

    core: Literal["index", "keys"] = Field(
        "index", description="status by ZRANK (index) or by KEYS as before the fix (the talk: index)"
    )
    events: int = Field(1, ge=1, le=1000, description="events sold at the same time (the talk: one concert)")
    event_tags: Sequence[EventTag] | None = Field(
        None,
        max_length=1000,
        description="hash tag of each event (keys are wr:{tag}:...); null = onsale-1, ... (assumption)",
    )
    event_tags_drawn: bool = Field(
        False,
        description="draw a tag for each event instead, others with every seed, so that luck decides on which shards "
        "they fall (assumption)",
    )
    ticket_order: Literal["pod_clock", "redis_time", "counter"] = Field(
        "pod_clock", description="what orders the line (the talk: the pod's clock in nanoseconds)"
    )
    replica_reads: bool = Field(
        True,
        description="status reads go to the nearest node of the shard; a sign of life is written every third of its "
        "TTL. False, or without replicas, with core: keys or a redis_failover: each writes one, on the primary "
        "(the talk: RouteByLatency)",
    )
    heartbeat_ttl_s: float = Field(
        60, ge=1, le=86_400, description="a place not polled for this many seconds is removed (assumption)"
    )
    expire_every_s: float = Field(
        1, ge=0.01, le=3600, description="seconds between passes that remove such places (assumption)"
    )
    expire_limit: int = Field(
        500,
        ge=1,
        le=EXPIRED_PER_CALL,
        description="places one pass removes at most, per event (assumption; the script cannot unpack 8,000)",
    )
    extra_calls: Sequence[ExtraCall] = Field(
        (), max_length=100, description="calls that changed scripts make more or fewer (assumption: none)"
    )


class Admission(Section):
    """Who may enter when. Rate, burst and window are totals, split over the events by `event.admission_shares`."""

    rate_rps: float = Field(1000, gt=0, le=10_000_000, description="admissions per second (the talk)")
    burst: int = Field(
        5000,
        ge=1,
        le=100_000_000,
        description="most admissions at once: size of the token bucket; rate x poll interval keeps the permits of "
        "those who were called until they poll (assumption)",
    )
    call_window: int = Field(
        10_000,
        ge=1,
        le=100_000_000,
        description="called places not yet taken up; 2 x rate x poll interval keeps the rate (assumption)",
    )
    call_ttl_s: float = Field(
        30, ge=0.1, le=86_400, description="seconds after which a call not taken up lapses (assumption)"
    )
    pass_ttl_s: float = Field(600, ge=1, le=86_400, description="seconds an entry pass is valid (assumption)")
