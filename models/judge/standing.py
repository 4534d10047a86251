"""What of a verdict can be trusted, in a sentence that stands beside its headline and is never folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.judge.ranges import node_notes
from models.judge.wording import number
from models.redis_costs.profile import KINDS

if TYPE_CHECKING:
    from models.results.result import RunResult


def standing_of(result: RunResult) -> tuple[str, ...]:
    """Return what to know beside the headline of a run, most important first."""
    manifest = result.manifest
    trusted = trust(manifest["profile_kind"], manifest["profile_machine"], float(result.facts["ceiling_rps"]))
    return (*node_notes(result), trusted)


def trust(kind: str, machine: str, ceiling_rps: float | None = None) -> str:
    """Return what to trust and what not, by what the costs of Redis rest on: the *kind* of profile, and its *machine*.

    *ceiling_rps*, status requests a second that an engine thread can answer, is named if it is known.
    """
    ceiling = "what one node can answer"
    if ceiling_rps is not None:
        ceiling = f"the {number(ceiling_rps)} polls a second of a node"
    match kind:
        case "fitted_to_projection":
            why = "its costs are fitted to published figures, and nothing was measured"
            return f"Trust which design is better and what binds first; do not trust {ceiling}: {why}."
        case "derived":
            why = "its costs are derived from another machine's, an order of magnitude"
            return f"Trust which design is better; do not trust {ceiling}, nor percentages of CPU: {why}."
        case "measured":
            where = machine.partition(",")[0].rstrip(".")
            return f"Trust Redis CPU on the machine that was measured ({where}); on any other, which design is better."
        case "rescaled":
            why = "its costs are rescaled to production telemetry, within the loads that it shows"
            return f"Trust Redis CPU at loads like those, and beyond them which design is better: {why}."
    raise ValueError(f"kind: {kind!r} is not one of {', '.join(KINDS)}")
