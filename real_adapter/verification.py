"""Verification: what the simulator predicts from a profile against what a server does, on loads the fit never saw.

Predicted by the compiled kernel, with the best costs and with joint draws of them; measured in windows of every case in
turn, in random order. The median of a case's windows is compared, and how far they lie apart is its repeatability.
"""

import math
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from models.lua_scripts import Script, load_script, script_of
from models.profile import Profile
from models.results.result import Stage
from real_adapter.accuracy import CEILING, CPU, DIFFERENCE, P50, P99, WORST_CPU_PERCENT, Comparison, Verification
from real_adapter.bench import Bench, bench_on
from real_adapter.calibration import CONNECTIONS, Progress, Rig, own_rig, split_cores
from real_adapter.cases import Case, Load, poisson
from real_adapter.cluster import start_cluster
from real_adapter.conformance_trial import tag_on
from real_adapter.engine_fit import PATH
from real_adapter.prediction import Extra, predicted
from real_adapter.redis_room import RedisRoom
from real_adapter.tracing import called, extra_calls, watch
from real_adapter.window import Gauge, Window
from real_adapter.work import RULES
from sim.errors import BadInput
from sim.estimate import Estimate

WINDOWS = 15
PAIRS = 40
"""Windows of a changed script and of the same load without it, in turn: a difference repeats worse than either."""
DRAWS = 8
ANCHORS = (
    *(poisson("status", 100_000, rate) for rate in (1_000, 5_000, 20_000)),
    poisson("mix", 100_000, 10_000),
)
"""Loads that calibrations measure too: what they cost more now is a change of the machine's state, and no error."""
MOST_TRIES = 5
"""Windows that are refused are repeated, up to so many times as many as are wanted."""
SHARDS, HOT = 3, 0
ZCOUNTS = 10
MOST_PERCENT = {P50: 15.0, P99: 30.0, CEILING: 5.0, DIFFERENCE: 20.0}


@dataclass(frozen=True)
class _Trial:
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


def verify(rig: Rig, profile: Profile, progress: Progress = lambda fraction, note: None, seed: int = 1) -> Verification:
    """Compare *profile* with the server of *rig*, and if that is ours with a cluster too.

    BadInput if the profile does not say how long the way to the server was, as those of other machines do not.
    """
    if PATH not in profile.fit.parameters:
        raise BadInput(
            f"profile {profile.name}: was not measured here (it has no {PATH}); calibrate this machine first"
        )
    path_us = profile.fit.parameters[PATH].best
    with ExitStack() as stack:
        trials = list(_trials(rig, stack))
        windows = _measured(trials, progress, seed)
        discarded = rig.gauge.refusals
        for trial in trials:
            if trial.gauge is not rig.gauge:
                discarded = discarded + trial.gauge.refusals
    state = _state_percent(profile, trials, windows)
    kept = [k for k in range(len(trials)) if len(windows[k]) > 1 and not trials[k].anchor]
    found: list[Comparison] = []
    stages: dict[int, list[Stage]] = {}
    for done, k in enumerate(kept):
        progress(0.8 + 0.2 * done / len(kept), "predicting")
        draws = [profile, *(profile.drawn(draw / DRAWS) for draw in range(DRAWS))]
        stages[k] = [
            predicted(trials[k].case, each, path_us, trials[k].extra, number + 1) for number, each in enumerate(draws)
        ]
        found += _comparisons(trials[k], stages[k], windows[k])
    found += _differences(trials, stages, windows)
    missing = tuple(trials[k].name for k in range(len(trials)) if k not in kept and not trials[k].anchor)
    return Verification(profile.name, str(rig.server), profile.machine, tuple(found), dict(discarded), missing, state)


def _state_percent(profile: Profile, trials: Sequence[_Trial], windows: Sequence[Sequence[Window]]) -> Estimate | None:
    """Return what the anchors cost more than when *profile* was measured, in percent; None if it measured none."""
    then = {case.name: case.measured_us.best for case in profile.fit.cases}
    changes = [
        100 * (statistics.median(window.cpu_us for window in windows[k]) / then[trial.name] - 1)
        for k, trial in enumerate(trials)
        if trial.anchor and trial.name in then and windows[k]
    ]
    return Estimate.of_median(changes) if changes else None


def _trials(rig: Rig, stack: ExitStack) -> Iterator[_Trial]:
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
    yield from (_Trial(case, bench, rig.gauge) for case in cases)
    yield from (_Trial(case, bench, rig.gauge, anchor=True) for case in ANCHORS)
    script = changed_status()
    extra = traced_extra(bench, script)
    yield _Trial(poisson("status", 100_000, 7_000.0), bench, rig.gauge, script, extra)
    if rig.ours:
        yield stack.enter_context(_on_keys())
        yield stack.enter_context(_on_cluster())


@contextmanager
def _on_keys() -> Iterator[_Trial]:
    """Return the first version of the status, on a server with one more key for everybody who waits."""
    with own_rig() as rig:
        rig.bench.add_room(4_000)
        rig.bench.add_keys(4_000, 4_000)
        rig.gauge.settle()
        yield _Trial(poisson("status_keys", 4_000, 800.0), rig.bench, rig.gauge)


@contextmanager
def _on_cluster() -> Iterator[_Trial]:
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
            gauge = Gauge(client, primary.pid, len(driver) + len(hot))
            gauge.settle()
            where = f", the hot one of {SHARDS} shards"
            yield _Trial(poisson("status", 100_000, 9_000.0), bench, gauge, where=where)


def _measured(trials: Sequence[_Trial], progress: Progress, seed: int) -> list[list[Window]]:
    """Measure every case so often, in rounds of random order, a pair's together; what was refused, again in the end."""
    rng = random.Random(seed)
    windows: list[list[Window]] = [[] for _ in trials]
    pairs = _pairs(trials)
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


def _comparisons(trial: _Trial, stages: Sequence[Stage], windows: Sequence[Window]) -> Iterator[Comparison]:
    if trial.case.load.rate_rps is None:
        ceiling = Estimate.of_median(w.rate_rps / w.utilisation for w in windows)
        yield Comparison(trial.name, CEILING, _spread([s.answered_rps for s in stages]), ceiling, MOST_PERCENT[CEILING])
        return
    cpu = Estimate.of_median(100 * w.utilisation for w in windows)
    yield Comparison(trial.name, CPU, _spread([s.engine_cpu_percent for s in stages]), cpu, WORST_CPU_PERCENT)
    for metric, values, read in (
        (P50, [s.status_p50_ms for s in stages], attrgetter("p50_us")),
        (P99, [s.status_p99_ms for s in stages], attrgetter("p99_us")),
    ):
        if trial.case.operation in ("join", "enter") or any(value is None for value in values):
            continue
        measured = Estimate.of_median(read(w) for w in windows)
        allowed = max(MOST_PERCENT[metric], _repeatability_percent([read(w) for w in windows]) if metric == P99 else 0)
        yield Comparison(trial.name, metric, _spread([1e3 * (value or 0.0) for value in values]), measured, allowed)


def _differences(
    trials: Sequence[_Trial], stages: Mapping[int, Sequence[Stage]], windows: Sequence[Sequence[Window]]
) -> Iterator[Comparison]:
    """Compare what a changed script costs more than the same load without the change."""
    for plain, k in _pairs(trials):
        if k not in stages or plain not in stages:
            continue
        trial = trials[k]
        pairs = zip(windows[plain], windows[k], strict=False)
        measured = Estimate.of_median(100 * (b.utilisation - a.utilisation) for a, b in pairs)
        more = [b.engine_cpu_percent - a.engine_cpu_percent for a, b in zip(stages[plain], stages[k], strict=True)]
        name = f"{trial.name}, less the same without"
        yield Comparison(name, DIFFERENCE, _spread(more), measured, MOST_PERCENT[DIFFERENCE])


def _pairs(trials: Sequence[_Trial]) -> list[tuple[int, int]]:
    """Return the numbers of each case and of the same one with a changed script."""
    changed = [k for k, trial in enumerate(trials) if trial.extra]
    return [(next(j for j, other in enumerate(trials) if other.case == trials[k].case), k) for k in changed]


def _spread(values: Sequence[float]) -> Estimate:
    """Return the prediction of the best costs, with the range that their draws give."""
    best, *draws = values
    return Estimate(min(best, *draws), best, max(best, *draws), len(values))


def _repeatability_percent(values: Sequence[float]) -> float:
    """Return by how much one window is off the others' mean at 95 %, in percent: twice the standard deviation."""
    mean = statistics.fmean(values)
    return 200 * statistics.stdev(values) / mean if mean > 0 else math.inf
