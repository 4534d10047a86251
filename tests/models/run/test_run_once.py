"""What else a process does while a run is under way, and what is left of a run when it is over."""

import gc
import sys
import threading

import pytest

from models.engine.world import World
from models.experiments.warm_up import prepare
from models.redis_costs.profile import load_profile
from models.run.compiled import KernelPlane
from models.run.run import run_once
from models.scenario import load_scenario
from models.vocabulary.units import SECOND
from sim.views import View
from tests.models.recordings import planned


@pytest.mark.parametrize("name", ["onsale-small", "autoscale-from-3"])
def test_a_run_that_is_over_has_given_its_arrays_back_before_python_looks_for_garbage(name: str) -> None:
    scenario = load_scenario(name, ("clients.count=50", "event.seats=5", "run.duration_s=20"))
    profile = load_profile(scenario.redis.profile)
    prepare("kernel")  # who compiles holds what it was called with
    gc.collect()
    gc.disable()
    try:
        before = states()
        finished = run_once(scenario, profile, 1, "kernel")
        left = states() - before
    finally:
        gc.enable()
    assert finished.recording.sent > 0
    assert left == set()


def states() -> set[int]:
    """The states of engines that there are."""
    return {id(each) for each in gc.get_objects() if type(each) in (World, View)}


def test_other_threads_run_while_the_compiled_engine_does() -> None:
    """Python is told to switch threads once an hour, so only an engine that lets go of its lock lets another one in."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        # the system may let a thread wait for the length of a run, but hardly twenty times
        assert any(_another_ran_during(KernelPlane(planned())) for _ in range(20))
    finally:
        sys.setswitchinterval(usual)


def _another_ran_during(plane: KernelPlane) -> bool:
    go, ran = threading.Event(), threading.Event()

    def other() -> None:
        go.wait()
        ran.set()

    thread = threading.Thread(target=other)
    thread.start()
    go.set()
    plane.advance(100 * SECOND)
    seen = ran.is_set()
    thread.join()
    return seen
