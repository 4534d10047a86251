"""New baselines out of old ones: the same rows, with the values that were measured now and the reason for them."""

import re
from collections.abc import Mapping

from models.documents.text import shown
from models.regression.baseline import LONGEST_REASON, Baseline, Row, ScriptsBaseline
from models.regression.compare import Evidence, Outcome, Regression
from sim.errors import BadInput


def checked_reason(reason: str | None, option: str = "--reason", needed_by: str = "--update needs") -> str:
    """Return *reason* without spaces around it. BadInput, about *option*, unless it is one line that says something."""
    text = (reason or "").strip()
    if not text or len(text) > LONGEST_REASON or re.search(r"[\x00-\x1f\x7f]", text):
        given = "is missing" if reason is None else f"{shown(reason)} is not allowed"
        raise BadInput(
            f"{option}: {given}; {needed_by} one line of 1 to {LONGEST_REASON} characters that says why the "
            "predictions may change"
        )
    return text


def updated(
    baselines: Mapping[str, Baseline], evidence: Evidence, regression: Regression, reason: str
) -> dict[str, Baseline]:
    """Return those of *baselines* that have to change, with the values of *evidence*.

    *regression* is what comparing the two gave. Tolerances, directions and what is watched stay. A baseline whose
    values are all the same, of the same scenarios and profiles, is not among them: its reason is still the right one.
    """
    found = {}
    for name, baseline in baselines.items():
        rows = tuple(_row(finding.row, finding.now) for finding in regression.findings if finding.file == name)
        if isinstance(baseline, ScriptsBaseline):
            rows = tuple(row for row in rows if row.value)
        cases = {
            case: old.model_copy(update={"made_of": dict(evidence.cases[name, case].made_of)})
            for case, old in baseline.cases.items()
        }
        same = all(finding.outcome == Outcome.SAME for finding in regression.findings if finding.file == name)
        if same and all(_same_input(baseline.cases[case].made_of, cases[case].made_of) for case in cases):
            continue
        values = {"rows": rows, "cases": cases, "versions": dict(evidence.versions), "reason": reason}
        found[name] = baseline.model_copy(update=values)
    return found


def _row(row: Row, now: float | None) -> Row:
    return row.model_copy(update={"value": now})


def _same_input(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Tell whether a case is about the same scenario and profile; code that gives the same values may differ."""
    return all(before.get(what) == now.get(what) for what in ("scenario", "profile"))
