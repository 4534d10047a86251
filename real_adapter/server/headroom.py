"""How much somebody else's server can still hold: looked at before anything is written, and again all the while.

A server that is full evicts keys or refuses writes, whoever they are of (Redis documentation, "Key eviction"). So no
more is written than a stated part of what is free, and nothing more once the server has evicted a key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from sim.errors import BadInput

Client = redis.Redis | redis.RedisCluster

MOST_SHARE = 0.25
"""Of the free memory of the fullest server: what may be written to it."""
LEAST_LEFT = 0.5
"""Of the free memory that was found: if less is left, others fill the server, and it is left alone."""
LEASE_S = 25 * 3600
"""Keys that we write expire by themselves after so long (longer than any calibration), as nobody may be left to remove
them."""
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Headroom:
    """What was free on the fullest of the servers behind *client*, in bytes, and how many keys they had evicted."""

    client: Client
    place: str
    free_bytes: float
    evicted: int

    def check(self) -> None:
        """BadInput once a key has been evicted, or others have filled half of what was free."""
        told = _told(self.client)
        if _evicted(told) > self.evicted:
            raise BadInput(
                f"redis at {self.place}: has begun to evict keys, which may be anybody's; nothing more is written to it"
            )
        free = min(_free_bytes(each, self.place) for each in told)
        if free < LEAST_LEFT * self.free_bytes:
            raise BadInput(
                f"redis at {self.place}: {_mb(free)} MB of memory are free, of {_mb(self.free_bytes)} at the start; "
                "nothing more is written to it"
            )


def headroom_for(client: Client, place: str, needed_bytes: float) -> Headroom:
    """Return what is free on the servers behind *client*, of which *needed_bytes* are to be written at most.

    BadInput if that is more than MOST_SHARE of it, or if a server does not tell.
    """
    told = _told(client)
    fullest = min(told, key=lambda each: _free_bytes(each, place))
    free = _free_bytes(fullest, place)
    if needed_bytes > MOST_SHARE * free:
        policy = str(fullest.get("maxmemory_policy", "noeviction"))
        then = "writes of others would fail" if policy == "noeviction" else f"{policy} would remove keys of others"
        raise BadInput(
            f"redis at {place}: {_mb(free)} MB of memory are free, and up to {_mb(needed_bytes)} MB would be written; "
            f"allowed: {100 * MOST_SHARE:.0f} % of what is free, as {then} on a full server"
        )
    return Headroom(client, place, free, _evicted(told))


def _told(client: Client) -> Sequence[Mapping[str, Any]]:
    """Return INFO of every server that is written to."""
    if not isinstance(client, redis.RedisCluster):
        return [client.info()]
    told: Any = client.info(target_nodes=redis.RedisCluster.PRIMARIES)
    return [told] if "run_id" in told else list(told.values())


def _free_bytes(info: Mapping[str, Any], place: str) -> float:
    """Return what is left below maxmemory; where there is no such limit, of the machine's memory."""
    try:
        if int(info.get("maxmemory", 0)) > 0:
            return max(0.0, float(info["maxmemory"]) - float(info["used_memory"]))
        return max(0.0, float(info["total_system_memory"]) - float(info["used_memory_rss"]))
    except (KeyError, ValueError, TypeError):
        raise BadInput(
            f"redis at {place}: does not tell how much memory is free; allowed: a server whose INFO has maxmemory and "
            "used_memory, or total_system_memory and used_memory_rss"
        ) from None


def _evicted(told: Sequence[Mapping[str, Any]]) -> int:
    return sum(int(each.get("evicted_keys", 0)) for each in told)


def _mb(size: float) -> str:
    return f"{size / _MEGABYTE:,.0f}"
