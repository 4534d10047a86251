"""A fitted profile in a terminal: what was fitted, how well it holds, what is not precise enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from dashboards.terminal import bullets, grid
from models.judge.wording import number

if TYPE_CHECKING:
    from models.redis_costs.profile import Profile

SHOWN_MISSES = 8


def fitted_view(profile: Profile) -> Group:
    """Everything `breakwater calibrate` prints of the profile it has written."""
    rows = grid(("load", "left"), ("measured us", "right"), ("fitted us", "right"), ("error", "right"))
    for case in profile.fit.cases:
        if case.rate_rps is not None:
            error = f"{case.residual_percent:+.1f} %"
            rows.add_row(case.name, number(case.measured_us.best), number(case.fitted_us), error)
    parts = [Text(profile.title, style="bold"), Text(), rows] if rows.row_count else [Text(profile.title, style="bold")]
    return Group(*parts, Text(), bullets(profile_notes(profile)))


def profile_notes(profile: Profile) -> Iterator[str]:
    """How well a profile holds and what it lacks, a line each; its caveat last."""
    fit, state = profile.fit, profile.machine_state
    if fit.mean_error_percent is not None and fit.worst_error_percent is not None:
        worst = fit.worst_error_percent
        yield f"CPU per request is fitted to {fit.mean_error_percent:.1f} % on average, {worst:.1f} % at worst."
    if profile.kind == "rescaled":
        yield from (f"Assumed: {line}." for line in fit.assumed)
    if state is not None:
        discarded = sum(state.windows_discarded.values())
        yield f"{state.windows_kept} windows kept, {discarded} discarded; steal {state.steal_median_percent:.1f} %."
        if state.speed is not None:
            yield (
                f"Costs are those while its processor takes {number(state.speed.core_ns)} ns for a step of arithmetic "
                f"and {number(state.speed.memory_ns)} ns for a load from memory."
            )
    if profile.memory is not None:
        yield (
            f"{number(profile.memory.per_client_bytes)} bytes per person in line, to "
            f"{profile.memory.error_percent:.1f} % at worst, measured with {number(profile.memory.clients)}."
        )
    misses = profile.precision.not_reached
    yield from misses[:SHOWN_MISSES]
    if len(misses) > SHOWN_MISSES:
        yield f"{len(misses) - SHOWN_MISSES} more are not as precise as they should be; the profile lists them."
    yield profile.caveat
