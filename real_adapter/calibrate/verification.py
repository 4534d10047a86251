"""Verification: what the simulator predicts from a profile against what a server does, on loads the fit never saw.

Predicted by the compiled kernel, with the best costs and with joint draws of them; measured in windows of every case in
turn, in random order. The median of a case's windows is compared, and how far they lie apart is its repeatability.

Predicted for the speed at which the processor ran meanwhile (`real_adapter.measure.yardstick`), where the profile knows
its own: that is no part of what is compared, as the yardsticks know nothing of the server. It differs from window to
window, so each window is brought to the median speed of its case first, by the slopes of what is predicted.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from models.redis_costs.profile import Profile
from models.results.result import Stage
from real_adapter.calibrate.accuracy import (
    CEILING,
    CPU,
    DIFFERENCE,
    P50,
    P99,
    WORST_CPU_PERCENT,
    Comparison,
    Verification,
)
from real_adapter.calibrate.calibration import Progress, Rig
from real_adapter.calibrate.prediction import predicted
from real_adapter.calibrate.trials import Trial, measured, pairs_of, trials_on
from real_adapter.fit.problem import PATH
from real_adapter.fit.speed_law import at_speed
from real_adapter.measure.window import Window
from real_adapter.measure.yardstick import Speed
from sim.errors import BadInput
from sim.estimate import Estimate

DRAWS = 8
NUDGE = 1.1
"""Times longer that a yardstick is taken to be, to see how what is predicted goes with it."""
MOST_PERCENT = {P50: 15.0, P99: 30.0, CEILING: 5.0, DIFFERENCE: 20.0}


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
        trials = list(trials_on(rig, stack))
        windows = measured(trials, progress, seed)
        discarded = rig.gauge.refusals
        for trial in trials:
            if trial.gauge is not rig.gauge:
                discarded = discarded + trial.gauge.refusals
    speeds = [_speed(kept) for kept in windows]
    kept = [k for k in range(len(trials)) if len(windows[k]) > 1 and not trials[k].anchor]
    seen: dict[int, _Seen] = {}
    stages: dict[int, list[Stage]] = {}
    found: list[Comparison] = []
    for k, trial in enumerate(trials):
        progress(0.8 + 0.2 * k / len(trials), "predicting")
        if windows[k]:
            seen[k] = _seen(trial, profile, path_us, windows[k], speeds[k])
        if k in kept:
            stages[k] = [seen[k].best, *_drawn(trial, profile, path_us, speeds[k])]
            found += _comparisons(trial, stages[k], seen[k])
    state = _state_percent(profile, trials, seen)
    found += _differences(trials, stages, seen)
    missing = tuple(trials[k].name for k in range(len(trials)) if k not in kept and not trials[k].anchor)
    return Verification(
        profile.name,
        str(rig.server),
        profile.machine,
        tuple(found),
        dict(discarded),
        missing,
        state,
        _slower(profile, [speed for speed in speeds if speed is not None]),
    )


def _drawn(trial: Trial, profile: Profile, path_us: float, speed: Speed | None) -> Iterator[Stage]:
    """Yield what joint draws of the costs of *profile* predict, each with a seed of its own."""
    for draw in range(DRAWS):
        drawn = at_speed(profile.drawn(draw / DRAWS), speed)
        yield predicted(trial.case, drawn, path_us, trial.extra, seed=draw + 2)


def _speed(windows: Sequence[Window]) -> Speed | None:
    """Return the median speed of the processor in *windows*; None if it was not seen."""
    known = [window.speed for window in windows if window.speed is not None]
    if not known:
        return None
    return Speed(statistics.median(s.core_ns for s in known), statistics.median(s.memory_ns for s in known))


def _slower(profile: Profile, speeds: Sequence[Speed]) -> tuple[float, float] | None:
    """Return how many times as long the yardsticks took as where the costs of *profile* are of; None if not known."""
    own = None if profile.machine_state is None else profile.machine_state.speed
    if own is None or not speeds:
        return None
    core, memory = (statistics.median(getattr(s, name) for s in speeds) for name in ("core_ns", "memory_ns"))
    return core / own.core_ns, memory / own.memory_ns


@dataclass(frozen=True)
class _Metric:
    """Where a metric is found in what is predicted (None: not there), and in a window."""

    of_stage: Callable[[Stage], float | None]
    of_window: Callable[[Window], float]


_METRICS = {
    CPU: _Metric(lambda stage: stage.engine_cpu_percent, lambda window: 100 * window.utilisation),
    P50: _Metric(lambda stage: _us(stage.status_p50_ms), lambda window: window.p50_us),
    P99: _Metric(lambda stage: _us(stage.status_p99_ms), lambda window: window.p99_us),
    CEILING: _Metric(lambda stage: stage.answered_rps, lambda window: window.rate_rps / window.utilisation),
}


def _us(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else 1e3 * milliseconds


@dataclass(frozen=True)
class _Seen:
    """What the windows of a trial showed by metric, brought to their median speed, and what the best costs predict."""

    measured: Mapping[str, Sequence[float]]
    best: Stage


def _seen(trial: Trial, profile: Profile, path_us: float, windows: Sequence[Window], speed: Speed | None) -> _Seen:
    """Bring *windows* to their median *speed*, by how predictions change when either yardstick takes a bit longer."""
    best, *nudged = (
        predicted(trial.case, at_speed(profile, at), path_us, trial.extra)
        for at in ([None] if speed is None else [speed, _slower_by(speed, NUDGE, 1.0), _slower_by(speed, 1.0, NUDGE)])
    )
    measured = {}
    for name, metric in _METRICS.items():
        base = metric.of_stage(best)
        if base is None:
            continue
        slopes = [math.log((metric.of_stage(stage) or base) / base) / math.log(NUDGE) for stage in nudged]
        measured[name] = [metric.of_window(window) * _correction(window.speed, speed, slopes) for window in windows]
    return _Seen(measured, best)


def _slower_by(speed: Speed, core: float, memory: float) -> Speed:
    return Speed(core * speed.core_ns, memory * speed.memory_ns)


def _correction(own: Speed | None, median: Speed | None, slopes: Sequence[float]) -> float:
    """Return the factor from a window's own speed to the median."""
    if own is None or median is None:
        return 1.0
    by_core, by_memory = slopes
    return (median.core_ns / own.core_ns) ** by_core * (median.memory_ns / own.memory_ns) ** by_memory


def _state_percent(profile: Profile, trials: Sequence[Trial], seen: Mapping[int, _Seen]) -> Estimate | None:
    """Return what the anchors cost more than when *profile* was measured, in percent; None if it measured none.

    Over what is predicted for the processor's speed, now as then.
    """
    then = {case.name: case.measured_us.best / case.fitted_us for case in profile.fit.cases}
    changes = [
        100 * (statistics.median(found.measured[CPU]) / found.best.engine_cpu_percent / then[trials[k].name] - 1)
        for k, found in seen.items()
        if trials[k].anchor and trials[k].name in then
    ]
    return Estimate.of_median(changes) if changes else None


def _comparisons(trial: Trial, stages: Sequence[Stage], seen: _Seen) -> Iterator[Comparison]:
    for name in (CEILING,) if trial.case.load.rate_rps is None else (CPU, P50, P99):
        values = [value for stage in stages if (value := _METRICS[name].of_stage(stage)) is not None]
        if len(values) < len(stages) or (trial.case.operation in ("join", "enter") and name != CPU):
            continue
        measured = seen.measured[name]
        allowed = WORST_CPU_PERCENT if name == CPU else MOST_PERCENT[name]
        if name == P99:
            allowed = max(allowed, _repeatability_percent(measured))
        yield Comparison(trial.name, name, _spread(values), Estimate.of_median(measured), allowed)


def _differences(
    trials: Sequence[Trial], stages: Mapping[int, Sequence[Stage]], seen: Mapping[int, _Seen]
) -> Iterator[Comparison]:
    """Compare what a changed script costs more than the same load without the change."""
    for plain, k in pairs_of(trials):
        if k not in stages or plain not in stages:
            continue
        trial = trials[k]
        pairs = zip(seen[plain].measured[CPU], seen[k].measured[CPU], strict=False)
        measured = Estimate.of_median(b - a for a, b in pairs)
        more = [b.engine_cpu_percent - a.engine_cpu_percent for a, b in zip(stages[plain], stages[k], strict=True)]
        name = f"{trial.name}, less the same without"
        yield Comparison(name, DIFFERENCE, _spread(more), measured, MOST_PERCENT[DIFFERENCE])


def _spread(values: Sequence[float]) -> Estimate:
    """Return the prediction of the best costs, with the range that their draws give."""
    best, *draws = values
    return Estimate(min(best, *draws), best, max(best, *draws), len(values))


def _repeatability_percent(values: Sequence[float]) -> float:
    """Return by how much one window is off the others' mean at 95 %, in percent: twice the standard deviation."""
    mean = statistics.fmean(values)
    return 200 * statistics.stdev(values) / mean if mean > 0 else math.inf
