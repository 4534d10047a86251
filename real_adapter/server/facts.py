"""What a server says of itself: what it is, how old, and the settings that change what its work costs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import redis

from sim.errors import BadInput

OLDEST = (7, 0)
"""The first Redis that has EVALSHA_RO, scripts that declare their flags (#!lua), and CLUSTER ADDSLOTSRANGE."""
SETTINGS = (
    "io-threads",
    "io-threads-do-reads",
    "events-per-io-thread",
    "hz",
    "dynamic-hz",
    "active-expire-effort",
    "activedefrag",
    "maxmemory",
    "maxmemory-policy",
    "appendonly",
    "appendfsync",
    "save",
    "latency-tracking",
    "slowlog-log-slower-than",
    "zset-max-listpack-entries",
    "client-output-buffer-limit",
    "repl-backlog-size",
)
"""Settings that cost the engine thread time, or decide when it does its work."""
_LOOKALIKES = re.compile(r"(dragonfly|garnet|keydb|kvrocks)_version")


@dataclass(frozen=True)
class ServerFacts:
    """A server's *name* (redis or valkey), its *version* and its part in things.

    `settings` are those of `SETTINGS` that it knows; none if it does not tell them, as managed servers do not.
    """

    name: str
    version: str
    cluster: bool
    primary: bool
    settings: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def read_facts(client: "redis.Redis") -> ServerFacts:
    """Return what the one server behind *client* is. BadInput if it is not Redis or Valkey, or too old."""
    info = client.info()
    name, version = _software(info)
    if version_numbers(version) < OLDEST:
        raise BadInput(f"server: {name} {version} is too old; allowed: Redis {oldest_text()} or newer, or Valkey")
    return ServerFacts(
        name,
        version,
        cluster=info.get("redis_mode") == "cluster" or info.get("cluster_enabled") == 1,
        primary=info.get("role") == "master",
        settings=_settings(client),
    )


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a *version*, to be compared."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def oldest_text() -> str:
    """Return the oldest version that will do."""
    return ".".join(map(str, OLDEST))


def _software(info: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and version. Valkey also tells the version of Redis that it is compatible with."""
    lookalike = next(filter(None, map(_LOOKALIKES.fullmatch, info)), None)
    name = lookalike[1] if lookalike else str(info.get("server_name", "redis"))
    version = info.get(f"{name}_version")
    if name not in ("redis", "valkey") or version is None:
        raise BadInput(f"server: this is {name if version else 'no Redis'}; allowed: Redis or Valkey")
    return name, str(version)


def _settings(client: "redis.Redis") -> dict[str, str]:
    try:
        told = cast(dict[str, str], client.config_get(*SETTINGS))
    except redis.exceptions.ResponseError:
        return {}
    return {name: told[name] for name in SETTINGS if name in told}
