"""What a server says of its own work, and what the machine says of the time it took away.

The engine thread's CPU time is the server's (INFO, `used_cpu_*_main_thread`: getrusage of that thread), so are the
calls and the time inside them (`commandstats`) and the passes of the event loop (`eventloop_*`, where it counts them).
For a server of our own the system adds how often the thread slept and how long it was ready but not running.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic_ns
from typing import Any, NamedTuple, Self, cast

import redis

SECTIONS = ("cpu", "stats", "commandstats", "debug")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Counters:
    """Counts since the server started or forgot them; differences of two (`-`) are what happened between them.

    `at_ns` CLOCK_MONOTONIC; `engine_us` CPU time of the engine thread; `calls` and `inside_us` by lower-case command,
    `inside_us` without parsing and replying; `loops` passes of the event loop. Of a server of our own: `sleeps` of the
    engine thread and `delayed_us`, when it was ready and not running. `stolen_s` of all processors, by the hypervisor.
    What is not known is None.
    """

    at_ns: int
    engine_us: float
    calls: Mapping[str, int]
    inside_us: Mapping[str, float]
    loops: int | None
    sleeps: int | None
    delayed_us: float | None
    stolen_s: float | None

    def __sub__(self, earlier: Self) -> "Counters":
        return Counters(
            self.at_ns - earlier.at_ns,
            self.engine_us - earlier.engine_us,
            {name: n - earlier.calls.get(name, 0) for name, n in self.calls.items() if n != earlier.calls.get(name, 0)},
            {name: us - earlier.inside_us.get(name, 0.0) for name, us in self.inside_us.items()},
            _difference(self.loops, earlier.loops),
            _difference(self.sleeps, earlier.sleeps),
            _difference(self.delayed_us, earlier.delayed_us),
            _difference(self.stolen_s, earlier.stolen_s),
        )


def read_counters(client: "redis.Redis", pid: int | None) -> Counters:
    """Ask a server for its counters; *pid* is its process if it runs here, else None.

    The asking costs the engine thread some of what it counts: see `cost_of_asking_us`.
    """
    info = cast(Mapping[str, Any], client.info(*SECTIONS))
    thread = None if pid is None else Path(f"/proc/{pid}/task/{pid}")
    stats = {name[len("cmdstat_") :]: value for name, value in info.items() if name.startswith("cmdstat_")}
    return Counters(
        monotonic_ns(),
        1e6 * (info["used_cpu_user_main_thread"] + info["used_cpu_sys_main_thread"]),
        {name: int(value["calls"]) for name, value in stats.items()},
        {name: float(value["usec"]) for name, value in stats.items()},
        info.get("eventloop_cycles"),
        None if thread is None else _switches(thread),
        None if thread is None else int((thread / "schedstat").read_text().split()[1]) / 1e3,
        stolen_s(),
    )


class Spread(NamedTuple):
    """How far scripts differ within the server: `tail_us`, their 99th percentile above the median, and `swing`.

    That is the share by which the 10th percentile is below the middle between it and the 90th.
    """

    tail_us: float
    swing: float


PERCENTILES = "10 50 90 99"
"""What `script_spread` asks for; the setting latency-tracking-info-percentiles."""


def script_spread(client: "redis.Redis") -> Spread | None:
    """Return how far scripts differed since statistics were reset, as the server itself sees them (INFO latencystats).

    None if none has run, or the server tells no such percentiles.
    """
    info = cast(Mapping[str, Any], client.info("latencystats"))
    found = info.get("latency_percentiles_usec_evalsha", {})
    if not {f"p{p}" for p in PERCENTILES.split()} <= found.keys():
        return None
    low, median, high, tail = (float(found[f"p{p}"]) for p in PERCENTILES.split())
    return Spread(tail - median, (high - low) / (high + low) if high > 0 else 0.0)


def cost_of_asking_us(client: "redis.Redis", pid: int | None, times: int = 20) -> float:
    """Return the engine's CPU time for one `read_counters`, us: the median of *times* with nothing else in between."""
    counters = [read_counters(client, pid) for _ in range(times + 1)]
    gaps = sorted(later.engine_us - earlier.engine_us for earlier, later in pairwise(counters))
    return gaps[times // 2]


def stolen_s() -> float | None:
    """Return the processor seconds that the hypervisor has given to others so far; None where that is not counted."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    return int(fields[8]) / TICKS_PER_S


def _switches(thread: Path) -> int:
    for line in (thread / "status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
    raise OSError(f"{thread}/status has no voluntary_ctxt_switches")


def _difference(later: Any, earlier: Any) -> Any:
    return None if later is None or earlier is None else later - earlier
