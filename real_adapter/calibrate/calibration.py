"""Calibration: measure a server by the design, sharpen what is still too wide, fit, and write down how far to trust it.

Windows come in random order, so that a drift of the machine spreads over all cases. The budget limits the time; what
has not become precise enough within it is said.
"""

import math
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from real_adapter.calibrate import experiment
from real_adapter.fit.engine_fit import EngineFit, fit_engine
from real_adapter.fit.problem import Observation
from real_adapter.measure.bench import Bench, bench_on
from real_adapter.measure.cases import Case
from real_adapter.measure.window import Gauge, Window
from real_adapter.measure.work import Work
from real_adapter.measure.yardstick import Yardstick
from real_adapter.server.connect import Connection
from real_adapter.server.facts import ServerFacts
from real_adapter.server.headroom import LEASE_S
from real_adapter.server.server import LocalServer, start_server
from sim.errors import BadInput

Progress = Callable[[float, str], None]
"""Told of the fraction done, 0 to 1, and what is being done."""

CONNECTIONS = 100
ROUNDS = 2
"""Windows of every case before any is chosen; of the loads, which bend the curve, `LOAD_ROUNDS`."""
LOAD_ROUNDS = 8
SHARPENED = 12
"""Windows that are chosen before all is fitted again."""
EXTRA_ROUNDS = 4
"""Windows of each case with KEYS or with a replica, which are measured on their own in the end."""
LEAST_BUDGET_S = 60.0
TAIL_FROM = 250
"""Requests of a window that tells of its scripts' 99th percentile."""
NOISY_AFTER = 40
MOST_REFUSED = 0.8
MOST_WRITTEN_BYTES = 300e6
"""What rooms of the sizes measured take on a server, verification included: three times what was seen of those to
100,000 (53 MB), and 77 bytes for each of 600,000 members of the two sets of the room of 300,000."""
MAD_TO_SD = 1.4826
"""Of a normal distribution: its standard deviation over its median absolute deviation."""


@dataclass
class Measurements:
    """Windows by case; those that do not count are only counted, by the gauge."""

    cases: dict[str, Case] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)
    windows: dict[str, list[Window]] = field(default_factory=lambda: defaultdict(list))

    def observations(self) -> list[Observation]:
        """Return every window that counts, as the fit takes it."""
        return [
            Observation(name, case.load, self.work[name], w.cpu_us, w.p50_us, w.sleeps, w.loops, w.speed, _tail_us(w))
            for name, case in self.cases.items()
            for w in self.windows[name]
        ]

    def noise(self) -> dict[str, float]:
        """Return the relative standard deviation of a window by case, where there are enough to tell.

        From the median absolute deviation, as disturbed windows count little in the fit.
        """
        found = {}
        for name, windows in self.windows.items():
            logs = np.log([w.cpu_us for w in windows])
            if logs.size >= 3:
                found[name] = max(MAD_TO_SD * float(np.median(np.abs(logs - np.median(logs)))), 0.01)
        return found


def _tail_us(window: Window) -> float | None:
    """Return the tail of a window's scripts if there were enough of them for a 99th percentile."""
    return window.spread.tail_us if window.spread and window.requests >= TAIL_FROM else None


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was measured on which server, the fit to it, and which costs are not as precise as they should be."""

    server: ServerFacts
    fit: EngineFit
    measurements: Measurements
    gauge: Gauge
    too_wide: tuple[str, ...]
    not_measured: tuple[str, ...]
    seconds: float
    ours: bool
    """Whether the server ran here; else nothing is known of its machine."""

    @property
    def reached(self) -> bool:
        """Whether everything was measured that the server allows, and is as precise as it should be."""
        return not self.too_wide and not self.not_measured


@dataclass(frozen=True)
class Rig:
    """A server to be measured, the driver's processors, and whether it is ours, so that it can be changed at will."""

    bench: Bench
    gauge: Gauge
    server: ServerFacts
    ours: LocalServer | None


def usable_cores() -> list[int]:
    """Return the processors that this process may run on."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def split_cores() -> tuple[list[int], list[int]]:
    """Return the processors of the driver and of the server. BadInput on a machine with one."""
    usable = usable_cores()
    if len(usable) < 2:
        raise BadInput("calibrate: this machine has one processor; server and driver need one each, so use another")
    return usable[:1], usable[1:2]


@contextmanager
def own_rig() -> Iterator[Rig]:
    """Start a server of our own on a processor of its own."""
    driver, server_cores = split_cores()
    with (
        start_server(cores=server_cores) as server,
        server.client() as client,
        bench_on(client, f"redis://{server.address}", CONNECTIONS, driver) as bench,
    ):
        gauge = Gauge(client, server.pid, len(driver) + len(server_cores), Yardstick(*server_cores))
        yield Rig(bench, gauge, server.facts, server)


@contextmanager
def their_rig(connection: Connection, url: str) -> Iterator[Rig]:
    """Measure somebody's server: without KEYS and replicas, which would disturb others."""
    import redis

    client = connection.client
    if isinstance(client, redis.RedisCluster):
        raise BadInput("calibrate: this is a cluster; give the URL of one server that is not part of a cluster")
    driver = usable_cores()[:1]
    with bench_on(client, url, CONNECTIONS, driver, connection.prefix) as bench:
        bench.watch, bench.lease_s = connection.watch, LEASE_S
        yield Rig(bench, Gauge(client, None, len(driver), look_after=bench.look_after), connection.server, None)


def calibrate(
    rig: Rig, budget_s: float, progress: Progress = lambda fraction, note: None, seed: int = 1
) -> Calibration:
    """Measure for at most *budget_s* and fit.

    BadInput if the budget is below a minute, or if nearly every window is disturbed.
    """
    if not LEAST_BUDGET_S <= budget_s < math.inf:
        raise BadInput(f"budget_s: {budget_s:g} is not allowed; allowed: {LEAST_BUDGET_S:g} or more")
    began = time.monotonic()
    run = _Run(rig, began + budget_s, budget_s, progress, random.Random(seed))
    progress(0.0, "filling the waiting rooms")
    experiment.prepare(rig.bench)
    rig.gauge.settle()
    design = [*experiment.load_cases(), *experiment.probe_cases()]
    last = 0.15 * budget_s if rig.ours else 0.0
    more = LOAD_ROUNDS - ROUNDS
    run.measure_all([*design * ROUNDS, *experiment.load_cases() * more], "measuring", run.until - last)
    missing = [case.name for case in design if not run.found.windows[case.name]]
    run.sharpen([case for case in design if case.name not in missing], run.until - last)
    if rig.ours:
        run.with_replica(rig.ours, run.until - last / 2)
        run.with_keys(run.until)
        extra = [*experiment.replicated_cases(), *experiment.key_cases()]
        missing += [case.name for case in extra if not run.found.windows[case.name]]
    progress(0.98, "fitting")
    fit = fit_engine(run.found.observations())
    too_wide = tuple(
        f"{name}: known to +-{half:.1f} %, meant to be +-{experiment.NARROW_PERCENT:g} %"
        for name, half in experiment.widths_percent(fit).items()
        if half > experiment.NARROW_PERCENT
    )
    seconds = time.monotonic() - began
    return Calibration(rig.server, fit, run.found, rig.gauge, too_wide, tuple(missing), seconds, rig.ours is not None)


class _Run:
    """Measuring under way."""

    def __init__(self, rig: Rig, until: float, budget_s: float, progress: Progress, order: random.Random) -> None:
        self.rig, self.until, self.budget_s, self.progress, self.order = rig, until, budget_s, progress, order
        self.found = Measurements()

    def measure_all(self, cases: Sequence[Case], note: str, until: float) -> None:
        """Measure a window for each of *cases* in random order; what was refused, again in the end."""
        wanted = self.order.sample(list(cases), len(cases))
        while wanted and time.monotonic() < until:
            again = [case for case in wanted if time.monotonic() < until and not self.measure(case, note)]
            wanted = again

    def sharpen(self, cases: Sequence[Case], until: float) -> None:
        """Measure what helps most, until all is precise or the time is over."""
        while time.monotonic() < until:
            fit = fit_engine(self.found.observations(), draws=1)
            wide = sum(half > experiment.NARROW_PERCENT for half in experiment.widths_percent(fit).values())
            if not wide:
                return
            noise = self.found.noise()
            left = list(cases)
            for _ in range(SHARPENED):
                case = experiment.most_useful(fit, left, noise)
                if len(left) > 1:
                    left.remove(case)
                if time.monotonic() < until:
                    self.measure(case, f"sharpening {wide} cases")

    def with_replica(self, server: LocalServer, until: float) -> None:
        """Measure what a replica costs its primary. It shares the driver's processor, so the rates are low."""
        cores: Collection[int] | None = self.rig.bench.cores
        with start_server(cores=cores) as replica, replica.client() as client:
            client.replicaof(*map(str, server.address))
            while client.info("replication").get("master_link_status") != "up":
                if time.monotonic() > min(until, self.until):
                    return
                time.sleep(0.05)
            self.measure_all(experiment.replicated_cases() * EXTRA_ROUNDS, "measuring with a replica", until)

    def with_keys(self, until: float) -> None:
        """Measure KEYS over more and more keys, each number in its share of the time that is left.

        A server of its own, which holds nothing else, is asked. One that has served for a while lists keys slower, as
        what it holds is strewn over its memory: a status with 4,000 keys took 439 us of a new server, 492 beside the
        rooms of this design and 606 after four minutes of its loads (Valkey 9.1.2, 2026-11-28).
        """
        with own_rig() as fresh:
            fresh.bench.add_room(experiment.SIZES[0])
            fresh.gauge.settle()
            apart = _Run(fresh, self.until, self.budget_s, self.progress, self.order)
            apart.found = self.found
            cases = experiment.key_cases()
            for k, case in enumerate(cases):
                fresh.bench.add_keys(case.members, case.keys)
                share_s = (until - time.monotonic()) / (len(cases) - k)
                apart.measure_all(
                    [case] * EXTRA_ROUNDS, f"measuring KEYS over {case.keys:,} keys", time.monotonic() + share_s
                )
            self.rig.gauge.add(fresh.gauge)

    def measure(self, case: Case, note: str) -> bool:
        """Measure one window; tell whether it counts. BadInput if hardly any does."""
        gauge, name = self.rig.gauge, case.name
        if name not in self.found.cases:
            self.found.cases[name] = case
            self.found.work[name] = self.rig.bench.work(case)
        window = gauge.measure(name, lambda: self.rig.bench.drive(case, self.order.randrange(2**31)))
        refused = sum(gauge.refusals.values())
        if gauge.kept + refused >= NOISY_AFTER and refused > MOST_REFUSED * (gauge.kept + refused):
            raise BadInput(f"calibrate: this machine is too noisy to measure: {gauge.told()}; end what else runs on it")
        left_s = self.until - time.monotonic()
        self.progress(min(0.97, 1 - left_s / self.budget_s), f"{note}, {gauge.told()}")
        if not window.refused:
            self.found.windows[name].append(window)
        return not window.refused
