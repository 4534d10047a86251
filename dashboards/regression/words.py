"""A finding in words, the same for every face."""

from __future__ import annotations

import re

from models.judge.wording import NOTHING, number, plural, with_unit
from models.regression.baseline import PERCENT
from models.regression.compare import CALLS, Finding, Outcome, Regression

TITLES = ("KPI", "baseline", "now", "change", "allowed", "what changed")
OUTCOMES = {
    Outcome.WORSE: "worse",
    Outcome.MOVED: "moved",
    Outcome.IMPROVED: "better: update the baseline",
    Outcome.WITHIN: "within tolerance",
    Outcome.SAME: "the same",
}
_SIGN = {"up": "+", "down": "-", "either": "±"}
_STAGE = re.compile(r"stage_([\d.e+]+)_(rps|users)\.(\w+)")
_COUNTED = (CALLS, "admissions", "nodes", "places", "pods", "reads", "requests", "seats", "tau", "writes")
"""Units that the name of the KPI says already."""
_MEASURES = {"engine_cpu_percent": "engine CPU"}


def headline(found: Regression) -> str:
    """One sentence: does it hold, and how many KPIs moved."""
    failing = sum(finding.outcome.fails for finding in found.findings)
    of_all = f"of {plural(len(found.findings), 'KPI')} moved further than allowed"
    told = [f"{failing} {of_all}" if failing else f"None {of_all}"]
    counts = {outcome: len(found.with_outcome(outcome)) for outcome in (Outcome.IMPROVED, Outcome.WITHIN)}
    told += [f"{number(counts[Outcome.IMPROVED])} for the better"] if counts[Outcome.IMPROVED] else []
    told += [f"{number(counts[Outcome.WITHIN])} within tolerance"] if counts[Outcome.WITHIN] else []
    return ", ".join(told)


def label(finding: Finding) -> str:
    """What moved, such as `status.lua, in_line: calls of ZCOUNT` or `status: engine CPU at 20,000 RPS`."""
    case, kpi = finding.row.case, finding.row.kpi
    if finding.row.unit == CALLS:
        script, _, call = kpi.partition(".")
        way, _, call = call.partition(".")
        return f"{script}.lua, {way}: calls of {call}"
    stage = _STAGE.fullmatch(kpi)
    if stage:
        load = f"{float(stage[1]):,.10g} {'RPS' if stage[2] == 'rps' else 'users'}"
        return f"{case}: {_MEASURES.get(stage[3], stage[3])} at {load}"
    return f"{case}: {kpi}"


def cells(finding: Finding) -> tuple[str, str, str, str, str, str]:
    """The finding under TITLES."""
    row = finding.row
    return (
        label(finding),
        _value(row.value, row.unit),
        _value(finding.now, row.unit),
        _change(finding),
        _allowed(finding),
        ", ".join(finding.changed),
    )


def sentence(finding: Finding) -> str:
    """The finding in a line, for those who see no table."""
    what, before, now, change, allowed, changed = cells(finding)
    since = f"; changed since: {changed}" if changed else ""
    return f"{what}: {before} -> {now} ({change}; allowed {allowed}): {OUTCOMES[finding.outcome]}{since}"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "none"
    return number(value) if unit in _COUNTED else with_unit(value, unit)


def _change(finding: Finding) -> str:
    row, now = finding.row, finding.now
    if row.value is None or now is None:
        return NOTHING
    if row.tolerance_is == PERCENT and finding.change_percent is not None:
        return f"{finding.change_percent:+.2f} %"
    moved = now - row.value
    sign = "+" if moved > 0 else "-" if moved < 0 else ""
    return f"{sign}{_amount(abs(moved), row.unit)}"


def _allowed(finding: Finding) -> str:
    row = finding.row
    if row.tolerance == 0:
        return "none"
    amount = f"{row.tolerance:g} %" if row.tolerance_is == PERCENT else _amount(row.tolerance, row.unit)
    return f"{_SIGN[row.direction]}{amount}"


def _amount(value: float, unit: str) -> str:
    """An amount by which something moves: that of a percentage in points."""
    if unit == "percent":
        return f"{number(value)} points"
    return _value(value, unit)
