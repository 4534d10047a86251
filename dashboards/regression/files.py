"""The verdict of `breakwater regress` for programs: JSON, JUnit XML, and Markdown for a pull request's summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from dashboards.regression.terminal import ACCEPT
from dashboards.regression.words import OUTCOMES, TITLES, cells, headline, label, sentence
from models.regression.baseline import Baseline
from models.regression.compare import Finding, Outcome, Regression

SUITE = "breakwater regress"


def regression_document(found: Regression, written: Mapping[str, Baseline] | None) -> dict[str, Any]:
    """What `regress --json` prints; `updated` names the files written, null unless --update was asked for."""
    counts = {outcome.value: len(found.with_outcome(outcome)) for outcome in Outcome}
    return {
        "holds": found.holds,
        "counts": counts,
        "rows": [_row(finding) for finding in found.findings],
        "notes": list(found.notes),
        "reasons": dict(found.reasons),
        "updated": None if written is None else sorted(written),
    }


def regression_junit(found: Regression, wall_s: float) -> str:
    """JUnit XML: a suite with a test case for every KPI, a failure in those that moved further than allowed."""
    failures = sum(finding.outcome.fails for finding in found.findings)
    counts = {"tests": str(len(found.findings)), "failures": str(failures), "errors": "0", "time": f"{wall_s:.3f}"}
    suites = ET.Element("testsuites", {"name": SUITE, **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": SUITE, **counts, "skipped": "0"})
    for finding in found.findings:
        where = f"{Path(finding.file).stem}.{finding.row.case}"
        case = ET.SubElement(suite, "testcase", {"classname": where, "name": label(finding), "time": "0"})
        if finding.outcome.fails:
            failure = ET.SubElement(case, "failure", {"message": sentence(finding), "type": finding.outcome.name})
            failure.text = f"{sentence(finding)}\nwatched because: {finding.row.why}\n{ACCEPT}"
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def regression_markdown(found: Regression) -> str:
    """The verdict as Markdown: what moved, and how to accept it."""
    sign = ":white_check_mark:" if found.holds else ":x:"
    lines = ["## Predicted Redis CPU and KPIs against their baselines", "", f"{sign} {headline(found)}."]
    groups = ((Outcome.WORSE, Outcome.MOVED), (Outcome.IMPROVED,), (Outcome.WITHIN,))
    moved = [finding for group in groups for finding in found.with_outcome(*group)]
    if moved:
        lines += ["", f"| | {' | '.join(TITLES)} |", f"|---|---|{'---:|' * 4}---|"]
        lines += [_line((OUTCOMES[finding.outcome], *cells(finding))) for finding in moved]
    lines += ["", *(f"- {_safe(note)}" for note in found.notes)] if found.notes else []
    if not found.holds:
        lines += ["", f"{_safe(ACCEPT)}."]
    return "\n".join(lines) + "\n\n"


def _row(finding: Finding) -> dict[str, Any]:
    row = finding.row
    return {
        "file": finding.file,
        "case": row.case,
        "kpi": row.kpi,
        "label": label(finding),
        "unit": row.unit,
        "baseline": row.value,
        "now": finding.now,
        "change_percent": finding.change_percent,
        "tolerance": row.tolerance,
        "tolerance_is": row.tolerance_is,
        "direction": row.direction,
        "outcome": finding.outcome.value,
        "fails": finding.outcome.fails,
        "changed": list(finding.changed),
        "why": row.why,
    }


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(_safe(text) for text in texts)} |"


def _safe(text: str) -> str:
    """Text that stays text in a cell of a table."""
    for sign in "\\`*_<>|":
        text = text.replace(sign, f"\\{sign}")
    return text
