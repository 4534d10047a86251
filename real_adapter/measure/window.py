"""One window of measurement: the server's counters before and after a load, and whether the window counts.

A window does not count if the hypervisor took time away, if something else ran on the engine's processor, if the
driver fell behind its schedule or if a request was not answered: each of these changes how requests meet in the event
loop, and so the very thing that is measured. The reasons are counted.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import redis
from numpy.typing import NDArray

from real_adapter.drive.driver import Driven
from real_adapter.measure.counters import PERCENTILES, Counters, Spread, cost_of_asking_us, read_counters, script_spread
from real_adapter.measure.yardstick import Speed, Yardstick

MOST_STEAL_PERCENT = 3.0
"""Windows with less repeat to 3.6 % on a 2-core virtual machine (facts, section 10)."""
MOST_DELAYED_PERCENT = 4.0
"""Of the window, during which the engine thread was ready and not running, beyond `WAKES_US` for each time it woke."""
WAKES_US = 3.0
"""How long a thread waits to be put on an idle processor; of a quiet one it was 1 to 2 us."""
IDLE_S = 1.0
PAUSES_S = (0.02, 0.3, 1.0)
"""Before a window: longer the more the windows before it were refused. Pauses of a second avoid steal."""


@dataclass(frozen=True)
class Window:
    """What one window showed. Per request: `cpu_us`, `sleeps` (None where not counted), `inside_us` (commandstats).

    `utilisation` of the engine thread, without what the server does anyhow. Latencies from the scheduled time, us.
    `spread` of scripts within a server of our own.
    `speed` of the engine's processor meanwhile, None if it is not ours. `refused` says why the window does not count,
    or is empty.
    """

    case: str
    requests: int
    seconds: float
    cpu_us: float
    utilisation: float
    sleeps: float | None
    loops: float | None
    inside_us: float
    p50_us: float
    p99_us: float
    rate_rps: float
    steal_percent: float
    speed: Speed | None
    refused: str
    spread: Spread | None = None


@dataclass
class Gauge:
    """Measures windows on one server: `pid` of its process and `yardstick` of its processor if it runs here.

    `cores` of the machine that is gated. The statistics of a server that runs here are reset before every window, and
    it is asked for other percentiles of latency than it comes with; somebody else's are left as they are.
    """

    client: "redis.Redis"
    pid: int | None
    cores: int
    yardstick: Yardstick | None = None
    look_after: Callable[[], None] = lambda: None
    """Called before every window."""
    asking_us: float = 0.0
    background: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    _run_of_refusals: int = 0

    def told(self) -> str:
        """Return in words how many windows were kept and why others were not."""
        total = self.kept + sum(self.refusals.values())
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.refusals.most_common())
        return f"{self.kept} of {total} windows kept" + (f" (not: {reasons})" if reasons else "")

    def add(self, other: "Gauge") -> None:
        """Count the windows of *other*, on a server that was measured in between, among those of this one."""
        self.kept += other.kept
        self.refusals.update(other.refusals)

    def settle(self) -> None:
        """Measure what asking costs and what the server does with nothing to do, as a share of the engine thread."""
        if self.pid is not None:
            self.client.config_set("latency-tracking-info-percentiles", PERCENTILES)
        self.asking_us = cost_of_asking_us(self.client, self.pid)
        shares = []
        for _ in range(3):
            before = read_counters(self.client, self.pid)
            time.sleep(IDLE_S)
            idle = read_counters(self.client, self.pid) - before
            shares.append(max(idle.engine_us - self.asking_us, 0.0) / (idle.at_ns / 1e3))
        self.background = sorted(shares)[1]

    def measure(self, case: str, drive: Callable[[], Driven]) -> Window:
        """Run a load between two readings."""
        self.look_after()
        time.sleep(PAUSES_S[min(self._run_of_refusals, len(PAUSES_S) - 1)])
        if self.pid is not None:
            self.client.config_resetstat()
        before = read_counters(self.client, self.pid)
        driven, speed, sampling_us = self.yardstick.along(drive) if self.yardstick else (drive(), None, 0.0)
        happened = read_counters(self.client, self.pid) - before
        spread = None if self.pid is None else script_spread(self.client)
        window = replace(self._window(case, driven, happened, speed, sampling_us), spread=spread)
        if window.refused:
            self.refusals[window.refused] += 1
            self._run_of_refusals += 1
        else:
            self.kept += 1
            self._run_of_refusals = 0
        return window

    def _window(self, case: str, driven: Driven, happened: Counters, speed: Speed | None, sampling_us: float) -> Window:
        answered = driven.replied_ns >= 0
        requests = int(answered.sum())
        us = happened.at_ns / 1e3
        engine_us = happened.engine_us - self.asking_us - self.background * us
        latency_us = (driven.replied_ns - driven.due_ns)[answered] / 1e3
        steal = 100 * (happened.stolen_s or 0.0) / (us / 1e6 * self.cores)
        inside_us = sum(happened.inside_us.get(name, 0.0) for name in ("evalsha", "evalsha_ro", "ping"))
        each = max(requests, 1)
        return Window(
            case=case,
            requests=requests,
            seconds=us / 1e6,
            cpu_us=engine_us / each,
            utilisation=engine_us / us,
            sleeps=None if happened.sleeps is None else happened.sleeps / each,
            loops=None if happened.loops is None else happened.loops / each,
            inside_us=inside_us / each,
            p50_us=float(np.percentile(latency_us, 50)) if requests else float("nan"),
            p99_us=float(np.percentile(latency_us, 99)) if requests else float("nan"),
            rate_rps=requests / (us / 1e6),
            steal_percent=steal,
            speed=speed,
            refused=self._why_refused(driven, happened, steal, requests, sampling_us)
            or ("the processor's speed was not seen" if self.yardstick and not speed else "")
            or ("" if _shows_something(engine_us, latency_us, happened.loops) else "too little happened to be seen"),
        )

    def _why_refused(self, driven: Driven, happened: Counters, steal: float, requests: int, sampling_us: float) -> str:
        if requests < driven.due_ns.size:
            return "unanswered requests"
        if steal > MOST_STEAL_PERCENT:
            return "hypervisor steal"
        delayed_us = (happened.delayed_us or 0.0) - WAKES_US * (happened.sleeps or 0) - sampling_us
        if 100 * delayed_us > MOST_DELAYED_PERCENT * happened.at_ns / 1e3:
            return "another program on the engine's processor"
        return "driver fell behind" if driven.fell_behind else ""


def _shows_something(engine_us: float, latency_us: NDArray[np.float64], loops: float | None) -> bool:
    """Tell whether a window has what the fit takes logarithms of: CPU, replies that took time, passes of the loop.

    A window of few requests may have none: what the server does by itself is taken off its CPU.
    """
    replied = latency_us.size > 0 and float(np.median(latency_us)) > 0
    return engine_us > 0 and replied and (loops is None or loops > 0)
