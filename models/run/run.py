"""One run of one engine: the plan, the clock, the control processes, and the laws at its end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import simpy

from models.engine.plane import Plane
from models.engine.recording import Recording
from models.plan.clients import CLOSED_LOOP, ONSALE, OPEN_LOOP
from models.plan.making import make_plan
from models.plan.plan import Plan
from models.redis_costs.profile import Profile
from models.run import laws
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.reference import Reference
from models.scenario import Scenario
from models.vocabulary.units import SECOND
from sim import clock
from sim.clock import Core, Stop
from sim.errors import BadInput

Progress = Callable[[float, int, float, str], None]
"""Told of the fraction done (0 to 1), requests so far, seconds spent, and a note, empty if there is nothing to say."""
ENGINES = ("kernel", "simpy")
REPORT_EVERY_S = 0.1


class Engine(Plane, Core, Protocol):
    """Either engine, before and after its run."""

    def requests(self) -> int:
        """Return how many requests have reached the load balancer so far."""

    def recording(self) -> Recording:
        """Return what the run leaves behind."""


@dataclass(frozen=True, eq=False)
class Finished:
    """A run that is over: why it stopped, what it left behind, and how long it took in seconds of real time."""

    plan: Plan
    recording: Recording
    stop: Stop
    wall_s: float


def run_once(
    scenario: Scenario, profile: Profile, seed: int, engine: str, progress: Progress | None = None
) -> Finished:
    """Run a scenario on one of the ENGINES.

    Raises BadInput for an unknown engine or an unusable trace, `laws.LawBroken` if the run contradicts itself.
    """
    began = time.perf_counter()
    plan = make_plan(scenario, profile, seed)
    plane = _engine(engine, plan)
    core = None if progress is None else _Reported(plane, plan, progress, began)
    control, stop = run_under(Control, plan, plane, core)
    wall_s = time.perf_counter() - began
    recording = replace(plane.recording(), nodes=control.nodes())
    forget(plane)
    laws.check(plan, recording)
    return Finished(plan, recording, stop, wall_s)


def forget(engine: Engine) -> None:
    """Let go of all that an engine holds, when it is not used any more.

    It stands in a circle: control refers to it and to the clock, which refers to control. So Python would keep its
    arrays until it looks for garbage, which it does the less often the more objects there are.
    """
    vars(engine).clear()


def run_under(control: type[Control], plan: Plan, plane: Engine, core: Core | None = None) -> tuple[Control, Stop]:
    """Run an engine to its end, by *core* if that is what advances it; return its control and where it stopped."""
    env = simpy.Environment()
    controls = control(env, plane, plan)
    stop = clock.run(env, plane if core is None else core, plan.params.run.end, controls.watched)
    controls.sample(max(stop.time - 1, 0) // SECOND)  # control does not get to see the end of the last second
    return controls, stop


def _engine(name: str, plan: Plan) -> Engine:
    if name == "kernel":
        return KernelPlane(plan)
    if name == "simpy":
        return Reference(plan)
    raise BadInput(f"engine: {name!r} is not known; must be one of {', '.join(ENGINES)}")


class _Reported:
    """A core that tells how far it is, a few times a second."""

    def __init__(self, engine: Engine, plan: Plan, progress: Progress, began: float) -> None:
        self.engine, self.plan, self.progress, self.began = engine, plan, progress, began
        self.told = began

    def advance(self, until: int) -> Stop:
        """As the engine does."""
        stop = self.engine.advance(until)
        now = time.perf_counter()
        if now - self.told >= REPORT_EVERY_S:
            self.told = now
            done = expected_share(self.plan, stop.time)
            self.progress(done, self.engine.requests(), now - self.began, "")
        return stop


def expected_share(plan: Plan, now: int) -> float:
    """Return which share of all requests will have been sent by `now` ns, roughly: for a progress bar.

    The line of an on-sale shrinks evenly at the admission rate and its polls with it; a generated load has its stages.
    """
    p = plan.params
    if p.clients.load == ONSALE:
        admission, opens_at_s = plan.scenario.admission, plan.scenario.event.opens_at_s
        lasts = min(p.clients.sessions / admission.rate_rps, p.run.end / SECOND - opens_at_s)
        left = min(1.0, max(0.0, 1 - (now / SECOND - opens_at_s) / lasts))
        return min(0.99, 1 - left**2)
    if p.clients.load == OPEN_LOOP:
        ends = np.concatenate([[0], np.minimum(p.clients.stage_end, p.run.end)])
        sent = np.concatenate([[0.0], np.cumsum(p.clients.stage_rate * np.diff(ends))])
        return float(np.interp(now, ends, sent) / max(sent[-1], 1.0))
    if p.clients.load == CLOSED_LOOP:
        return now / p.run.end
    raise ValueError(f"load: there is none with the code {p.clients.load}")
