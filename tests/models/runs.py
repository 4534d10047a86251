"""Whole runs for tests: of the compiled engine, which pass all laws, or of both engines, which agree."""

from hypothesis import HealthCheck, settings

from models.engine.record import Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.plan.sizes import Sizes
from models.run.agreement import compare_engines
from models.run.control import Control
from models.run.run import run_once

BY_ITSELF = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""For the agreement of a part alone: always the same runs, some seconds of them."""


def recording_of(plan: Plan) -> Recording:
    """What the compiled engine leaves behind, having passed all laws."""
    return run_once(plan.scenario, plan.profile, plan.seed, "kernel").recording


def assert_agreement(plan: Plan, control: type[Control] = Control, sizes: Sizes | None = None) -> None:
    """Under *control* both engines do the same from the first event to the last, whatever *sizes* arrays begin with."""
    agreement = compare_engines(plan, control=control, sizes=sizes)
    assert agreement, str(agreement)
    assert agreement.events < 1_000_000  # the whole run was compared


def total(recording: Recording, column: int) -> int:
    """What a column counted over the run."""
    return int(recording.record.series[:, column].sum())


def level(recording: Recording, which: Level) -> list[int]:
    """A level at the end of every second."""
    return recording.column(Column.LEVELS + which).tolist()
