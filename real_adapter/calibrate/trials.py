"""What a verification compares: loads that the fit never saw, on which server each is measured, and their windows."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from models.waiting_room.scripts import Script, load_script, script_of
from real_adapter.calibrate.calibration import CONNECTIONS, Progress, Rig, own_rig, split_cores
from real_adapter.calibrate.prediction import Extra
from real_adapter.conformance.trial import tag_on
from real_adapter.measure.bench import Bench, bench_on
from real_adapter.measure.cases import Case, Load, poisson
from real_adapter.measure.tracing import called, extra_calls, watch
from real_adapter.measure.window import Gauge, Window
from real_adapter.measure.work import RULES
from real_adapter.measure.yardstick import Yardstick
from real_adapter.room.redis_room import RedisRoom
from real_adapter.server.cluster import start_cluster

WINDOWS = 15
PAIRS = 40
"""Windows of a changed script and of the same load without it, in turn: a difference repeats worse than either."""
ANCHORS = (
    *(poisson("status", 100_000, rate) for rate in (1_000, 5_000, 20_000)),
    poisson("mix", 100_000, 10_000),
)
"""Loads that calibrations measure too: what they cost more now is a change of the machine's state, and no error."""
MOST_TRIES = 5
"""Windows that are refused are repeated, up to so many times as many as are wanted."""
SHARDS, HOT = 3, 0
ZCOUNTS = 10


@dataclass(frozen=True)
class Trial:
    """A case to be compared: where it is measured, and what its script calls more than the specification's."""

    case: Case
    bench: Bench
    gauge: Gauge
    script: Script | None = None
    extra: tuple[Extra, ...] = ()
    where: str = ""
    anchor: bool = False

    @property
    def name(self) -> str:
        """Return what tells it from all others."""
        changed = f" with {ZCOUNTS} ZCOUNTs more" if self.extra else ""
        return self.case.name.replace(self.case.operation, self.case.operation + changed, 1) + self.where


def changed_status() -> Script:
    """Return the status script with ten ZCOUNTs added, as a developer might."""
    original = load_script("status")
    mark = "return tell_place("
    added = f"for _ = 1, {ZCOUNTS} do redis.call('ZCOUNT', KEYS[1], '-inf', '+inf') end\n"
    return script_of("status", original.source.replace(mark, added + mark))


def traced_extra(bench: Bench, script: Script) -> tuple[Extra, ...]:
    """Return what *script* calls more than the status does, as the server of *bench* sees it run on a small room."""
    counts = []
    for scripts in ({**bench.scripts, "status": script}, bench.scripts):
        room = RedisRoom(bench.client, bench.tag, RULES, f"{bench.prefix}trace:", scripts=scripts)
        room.join(1, 1, 1.0)
        room.status(1, 2)  # loads the script
        run = partial(room.status, 1, 3)
        counts.append(called(watch(bench.client, run, 1), room.keys))
        room.delete([1])
    changed, original = counts
    return extra_calls("status", changed, original, 1)


def trials_on(rig: Rig, stack: ExitStack) -> Iterator[Trial]:
    """Return what is compared, none of it among the cases of calibration, and the anchors, which all are."""
    bench = rig.bench
    for members in (30_000, 100_000, 200_000):
        bench.add_room(members)
    rig.gauge.settle()

    cases = [poisson("status", 100_000, rate) for rate in (300.0, 3_000.0, 7_000.0, 15_000.0, 25_000.0)]
    cases += [poisson("mix", 100_000, rate) for rate in (6_000.0, 18_000.0)]
    cases += [poisson("join", 100_000, 8_000.0), poisson("enter", 100_000, 12_000.0)]
    cases += [poisson("status", members, 8_000.0) for members in (30_000, 200_000)]
    cases += [Case(operation, 200_000, Load(0.3, users=50)) for operation in ("status", "mix")]
    yield from (Trial(case, bench, rig.gauge) for case in cases)
    yield from (Trial(case, bench, rig.gauge, anchor=True) for case in ANCHORS)
    script = changed_status()
    extra = traced_extra(bench, script)
    yield Trial(poisson("status", 100_000, 7_000.0), bench, rig.gauge, script, extra)
    if rig.ours:
        yield stack.enter_context(_on_keys())
        yield stack.enter_context(_on_cluster())


@contextmanager
def _on_keys() -> Iterator[Trial]:
    """Return the first version of the status, on a server with one more key for everybody who waits."""
    with own_rig() as rig:
        rig.bench.add_room(4_000)
        rig.bench.add_keys(4_000, 4_000)
        rig.gauge.settle()
        yield Trial(poisson("status_keys", 4_000, 800.0), rig.bench, rig.gauge)


@contextmanager
def _on_cluster() -> Iterator[Trial]:
    """Return a status on a cluster whose one event is hot: its primary has a processor, the others the driver's."""
    driver, hot = split_cores()
    cores = [hot if shard == HOT else driver for shard in range(SHARDS)]
    with start_cluster(SHARDS, 0, cores=cores) as cluster:
        primary = cluster.primaries[HOT]
        with (
            primary.client() as client,
            bench_on(client, f"redis://{primary.address}", CONNECTIONS, driver, tag=tag_on(HOT, SHARDS)) as bench,
        ):
            bench.add_room(100_000)
            gauge = Gauge(client, primary.pid, len(driver) + len(hot), Yardstick(*hot))
            gauge.settle()
            where = f", the hot one of {SHARDS} shards"
            yield Trial(poisson("status", 100_000, 9_000.0), bench, gauge, where=where)


def measured(trials: Sequence[Trial], progress: Progress, seed: int) -> list[list[Window]]:
    """Measure every case so often, in rounds of random order, a pair's together; what was refused, again in the end."""
    rng = random.Random(seed)
    windows: list[list[Window]] = [[] for _ in trials]
    pairs = pairs_of(trials)
    paired = {k for pair in pairs for k in pair}
    groups = [*((k,) for k in range(len(trials)) if k not in paired), *pairs]
    wanted = [k for _ in range(WINDOWS) for group in rng.sample(groups, len(groups)) for k in group]
    wanted += [k for _ in range(PAIRS - WINDOWS) for pair in pairs for k in pair]
    tries = 0
    total = len(wanted)
    while wanted and tries < MOST_TRIES * total:
        k, *wanted = wanted
        trial = trials[k]
        tries += 1
        progress(0.8 * (1 - len(wanted) / total), "measuring")
        drive = partial(trial.bench.drive, trial.case, rng.randrange(2**31), trial.script)
        window = trial.gauge.measure(trial.name, drive)
        if window.refused:
            wanted.append(k)
        else:
            windows[k].append(window)
    return windows


def pairs_of(trials: Sequence[Trial]) -> list[tuple[int, int]]:
    """Return the numbers of each case and of the same one with a changed script."""
    changed = [k for k, trial in enumerate(trials) if trial.extra]
    return [(next(j for j, other in enumerate(trials) if other.case == trials[k].case), k) for k in changed]
