"""A verdict with what it depends on: the headline names the assumptions, and what survives them stands beside it."""

from __future__ import annotations

from dataclasses import replace

from models.judge.robustness import Robustness
from models.judge.verdict import Verdict
from models.robustness.stored import stored_for
from models.robustness.words import depends_text, survives_text
from models.scenario import Scenario


def with_robustness(verdict: Verdict, table: Robustness) -> Verdict:
    """Return a verdict that carries a table."""
    return replace(
        verdict,
        headline=f"{verdict.headline} {depends_text(table)}",
        standing=(survives_text(table), *verdict.standing),
        robustness=table,
    )


def with_stored(verdict: Verdict, scenario: Scenario) -> Verdict:
    """Return a verdict with the table that is stored of its scenario, or with the word that it is not of now.

    As it was where nothing is stored. BadInput if what is stored cannot be read.
    """
    stored = stored_for(scenario)
    if stored.table is not None:
        return with_robustness(verdict, stored.table)
    return replace(verdict, standing=(*verdict.standing, stored.stale)) if stored.stale else verdict
