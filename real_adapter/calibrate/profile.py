"""From a calibration to a profile: the costs, their draws, what was measured, and in what state of the machine."""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.redis_costs.commands import Command
from models.redis_costs.parts import (
    Beyond,
    Case,
    CommandCost,
    Draws,
    EngineCosts,
    Fit,
    Interval,
    MachineSpeed,
    MachineState,
    Measured,
    Memory,
    Precision,
    Quantity,
    Range,
    ScriptCost,
    Server,
)
from models.redis_costs.profile import Profile
from real_adapter.calibrate import experiment
from real_adapter.calibrate.calibration import CONNECTIONS, Calibration
from real_adapter.fit.engine_fit import EngineFit
from real_adapter.fit.problem import PATH, SLOWED
from real_adapter.measure.window import Window
from real_adapter.measure.work import KEYS_NEAR, MIX, OWN_SCRIPT, SCRIPT, WALKS_FROM
from real_adapter.measure.yardstick import Speed
from sim.estimate import Estimate

DIGITS = 4
"""Significant digits of what is written: beyond them there is only noise."""
CALM_PERCENT = 10
PAYLOAD_BYTES = 330
"""Of the largest request that is measured, a script with five keys; replies are shorter."""
CAVEAT = (
    "Of this machine, over the loopback interface, at the speed that its processor had in the calmest tenth of the "
    "windows. Neighbours on a shared machine slow it down by half and more; its yardsticks say by how much."
)
CAVEAT_FAR = (
    "Of a server that others may have used meanwhile, on a machine whose steal could not be seen; KEYS and replication "
    "were not measured."
)
ASSUMED = (
    "a command that was measured with one element and without a walk has all its cost in call_us",
    "the engine thread serves requests in the order in which they became readable",
    "a replica is fed per writing request, whatever the size of the write",
    "every script leaves as much garbage as the status",
    "runs that list keys take turns: one that collects no garbage, one that collects that of two",
    "KEYS is that of a server that has just been filled; one that had served for four minutes listed 38 % slower",
)


def profile_of(
    calibration: Calibration,
    name: str,
    memory: Memory | None = None,
    beyond: Mapping[Quantity, Beyond] | None = None,
    node_type: str | None = None,
) -> Profile:
    """Return the profile *name* of a calibration.

    *memory* and what was seen *beyond* are measured apart. *node_type* None: no node of ElastiCache, or not known.
    """
    fit = calibration.fit
    speed = _calm(calibration) if calibration.ours else None
    if speed is not None:
        fit = fit.at(speed)
    paths = [path for path in fit.names if path.startswith(("engine.", "scripts.", "commands.")) or path == SCRIPT]
    best = {path: _rounded(fit.value(path)) for path in paths}
    rows = fit.draws[:, [fit.names.index(path) for path in paths]]
    cases = tuple(_cases(calibration))
    errors = [abs(case.residual_percent) for case in cases]
    server = calibration.server
    return Profile(
        schema_version=2,
        name=name,
        title=f"{server} on {_processor()}, measured" if calibration.ours else f"{server}, measured over a network",
        kind="measured",
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=_machine(calibration),
        node_types=() if node_type is None else (node_type,),
        machine_state=_state(calibration, fit) if calibration.ours else None,
        server=Server(name=server.name, version=server.version, settings=dict(server.settings)),
        precision=Precision(
            reached=calibration.reached,
            not_reached=(*calibration.too_wide, *(f"{case}: not measured" for case in calibration.not_measured)),
        ),
        source=f"breakwater calibrate: {sum(c.windows or 0 for c in cases)} windows, {CONNECTIONS} connections, "
        f"{calibration.seconds:.0f} s; engine CPU from the server's own counters",
        caveat=CAVEAT if calibration.ours else CAVEAT_FAR,
        engine=_engine(best | {"engine.listing_swing": _swing(calibration)}),
        script_overhead_us=best[SCRIPT],
        scripts={
            operation: ScriptCost(overhead_us=best[path]) for operation, path in OWN_SCRIPT.items() if path in best
        },
        walks_from_members=WALKS_FROM,
        keys_near=KEYS_NEAR,
        commands={command.name: _command(command, best) for command in Command},
        memory=memory,
        fit=Fit(
            parameters={path: _interval(fit, path) for path in (*paths, PATH)},
            cases=cases,
            mean_error_percent=round(float(np.mean(errors)), 1),
            worst_error_percent=round(max(errors), 1),
            leave_one_out_percent=None,
            not_identifiable=("costs that nearly always occur together, apart: their draws move together",),
            assumed=ASSUMED,
        ),
        measured_over=_measured_over(calibration, cases),
        beyond=dict(beyond or {}),
        draws=Draws(
            parameters=tuple(paths), values=tuple(tuple(_rounded(value) for value in row) for row in rows.tolist())
        ),
    )


def _measured_over(calibration: Calibration, cases: Sequence[Case]) -> dict[Quantity, Range]:
    """Return what windows were measured over; a closed loop tells of every rate up to what it reached."""
    seen = [case for case in calibration.measurements.cases.values() if calibration.measurements.windows[case.name]]
    served = {case.name for case in seen if case.operation in (*MIX, "mix")}
    rates = [case.rate_rps or 1e6 / case.measured_us.best for case in cases if case.name in served or not served]
    found: dict[Quantity, Range] = {
        "members": Range(low=WALKS_FROM, high=max([WALKS_FROM, *(case.members for case in seen)])),
        "rate_rps": Range(low=_rounded(min(rates)), high=_rounded(max(rates))),
        "connections": Range(low=CONNECTIONS, high=CONNECTIONS),
        "payload_bytes": Range(low=0, high=PAYLOAD_BYTES),
    }
    if listed := [case.keys for case in seen if case.keys]:
        found["keys"] = Range(low=min(listed), high=max(listed))
    return found


def _cases(calibration: Calibration) -> Sequence[Case]:
    fit = calibration.fit
    found = []
    for k, name in enumerate(fit.cases):
        windows, case = calibration.measurements.windows[name], calibration.measurements.cases[name]
        measured = Estimate.of_median(w.cpu_us for w in windows)
        sleeps = [w.sleeps for w in windows if w.sleeps is not None]
        closed = case.load.rate_rps is None
        found.append(
            Case(
                name=name[:200],
                what=f"{case.operation}, {case.members:,} in line, {case.replicas} replicas",
                rate_rps=case.load.rate_rps,
                together=case.load.users if closed else case.load.together,
                windows=len(windows),
                measured_us=_measured(measured),
                fitted_us=_rounded(float(fit.cpu_us[k])),
                residual_percent=round(100 * (float(fit.cpu_us[k]) / measured.best - 1), 1),
                measured_sleeps=min(1.0, round(float(np.median(sleeps)), 3)) if sleeps else None,
                predicted_sleeps=round(float(fit.sleeps[k]), 3),
            )
        )
    return found


def _measured(estimate: Estimate) -> Measured:
    low, high = estimate.low, estimate.high
    return Measured(
        low=None if low is None else _rounded(max(0.0, low)),
        best=_rounded(estimate.best),
        high=None if high is None else _rounded(high),
    )


def _calm(calibration: Calibration) -> Speed | None:
    """Return the speed that the costs are told for: that of the calmest tenth of the windows; None if not seen."""
    known = [[w.speed.core_ns, w.speed.memory_ns] for w in _windows(calibration) if w.speed is not None]
    return Speed(*np.percentile(known, CALM_PERCENT, axis=0).tolist()) if known else None


def _windows(calibration: Calibration) -> list[Window]:
    return [w for kept in calibration.measurements.windows.values() for w in kept]


def _state(calibration: Calibration, fit: EngineFit) -> MachineState:
    windows = _windows(calibration)
    steal = [w.steal_percent for w in windows]
    return MachineState(
        steal_median_percent=round(float(np.median(steal)), 2),
        steal_worst_percent=round(max(steal), 2),
        windows_kept=len(windows),
        windows_discarded=dict(calibration.gauge.refusals),
        speed=None
        if fit.speed is None
        else MachineSpeed(
            core_ns=_rounded(fit.speed.core_ns),
            memory_ns=_rounded(fit.speed.memory_ns),
            **{name.removeprefix("speed."): _rounded(fit.value(name)) for name in SLOWED},
        ),
    )


def _engine(best: dict[str, float]) -> EngineCosts:
    found = {path.removeprefix("engine."): value for path, value in best.items() if path.startswith("engine.")}
    # what a wake-up costs is the work on caches that have gone cold: nothing is left to be paid at once
    return EngineCosts(**{"wake_warm_us": 0.0, "wake_cold_us": 0.0, "wake_tau_ms": 1.0, "replica_feed_us": 0.0} | found)


def _swing(calibration: Calibration) -> float:
    """Return by which share scripts that list keys differ from their mean; 0 if none was measured."""
    # beyond the caches too few runs fit into a window to tell one kind from the other
    near = [case for case in experiment.key_cases() if case.keys <= KEYS_NEAR]
    windows = [w for case in near for w in calibration.measurements.windows.get(case.name, [])]
    swings = [w.spread.swing for w in windows if w.spread is not None]
    return _rounded(float(np.median(swings))) if swings else 0.0


def _command(command: Command, best: dict[str, float]) -> CommandCost:
    terms = {term: best.get(f"commands.{command.name}.{term}", 0.0) for term in CommandCost.model_fields}
    return CommandCost(**terms)


def _interval(fit: EngineFit, path: str) -> Interval:
    low, high = fit.interval(path)
    return Interval(low=_rounded(low), best=_rounded(fit.value(path)), high=_rounded(high))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def machine_text() -> str:
    """Return this machine in words, as one of our own servers is measured on it."""
    return f"{_here()}; server and driver on a processor each"


def _machine(calibration: Calibration) -> str:
    return machine_text() if calibration.ours else f"somebody's server, on an unknown machine, driven from {_here()}"


def _here() -> str:
    return f"{_processor()}, {platform.system()} {platform.machine()}"


def _processor() -> str:
    """Return the processor as the system calls it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"
