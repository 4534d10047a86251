"""What has moved: measured values against a baseline, row by row, and whether that fails the gate.

Results of one seed are the same to the bit, so a tolerance is no allowance for noise. It says from where on a reviewer
should have to look. A KPI that moves further the worse way fails. One that moves further the better way is told, so
that the baseline can follow, but does not fail; where the direction is `either` every such move fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from models.documents.text import nearest, shown
from models.regression.baseline import ABSOLUTE, Baseline, Row, ScriptsBaseline
from sim.errors import BadInput

CaseKey = tuple[str, str]
"""A case: the name of its file and its own."""
EXTRA_CALLS = "extra_calls"
CHANGES = {EXTRA_CALLS: "scripts"}
"""Words for what a case is made of; others, such as the scenario or the name of a script, stand for themselves."""
CODE = "code of the engine or the models"
"""What has changed where nothing did that is written down: no hash of the code is, as it would with every commit."""
NO_EXTRA_CALLS = "none"
CALLS = "calls"
"""The unit of calls of a command in one run of a script."""


class Outcome(StrEnum):
    """What became of a KPI."""

    SAME = "same"
    WITHIN = "within tolerance"
    IMPROVED = "improved"
    WORSE = "worse"
    MOVED = "moved"
    """Further than it may, where neither way is better, or it came to happen or not to happen."""

    @property
    def fails(self) -> bool:
        """Whether it fails the gate."""
        return self in (Outcome.WORSE, Outcome.MOVED)


@dataclass(frozen=True)
class Measured:
    """What a case measured now: KPIs by name (None: did not happen), their units, and what it was made of."""

    values: Mapping[str, float | None]
    units: Mapping[str, str]
    made_of: Mapping[str, str]


@dataclass(frozen=True)
class Evidence:
    """All that was measured for a set of baselines; `notes` say what it cannot tell."""

    cases: Mapping[CaseKey, Measured]
    versions: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One row of a baseline and what has become of it; `changed` names what is not as it was when it was accepted."""

    file: str
    row: Row
    now: float | None
    outcome: Outcome
    changed: tuple[str, ...] = ()

    @property
    def change_percent(self) -> float | None:
        """Return by how much it moved, in percent of what it was; None where that says nothing."""
        if not self.row.value or self.now is None:
            return None
        return 100 * (self.now - self.row.value) / abs(self.row.value)


@dataclass(frozen=True)
class Regression:
    """The verdict: a finding for every row, in the order of the files."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why the values of each file were last accepted."""

    @property
    def holds(self) -> bool:
        """Whether nothing fails."""
        return not any(finding.outcome.fails for finding in self.findings)

    def with_outcome(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        """Return the findings that came out as one of *outcomes*."""
        return tuple(finding for finding in self.findings if finding.outcome in outcomes)


def compare(baselines: Mapping[str, Baseline], evidence: Evidence) -> Regression:
    """Return what became of every row. BadInput for a row whose KPI its case does not have, or in another unit."""
    findings: list[Finding] = []
    for name, baseline in baselines.items():
        versions = _versions(baseline.versions, evidence.versions)
        causes = {}
        for case in baseline.cases:
            now, before = evidence.cases[name, case].made_of, baseline.cases[case].made_of
            causes[case] = (*_changed(before, now), *versions) or (CODE,) if before else ()
        for row in _all_rows(name, baseline, evidence):
            value = _value_of(name, row, baseline, evidence)
            outcome = outcome_of(row, value)
            findings.append(Finding(name, row, value, outcome, causes[row.case] if outcome != Outcome.SAME else ()))
    reasons = {name: baseline.reason for name, baseline in baselines.items()}
    return Regression(tuple(findings), evidence.notes, reasons)


def outcome_of(row: Row, now: float | None) -> Outcome:
    """Return what it means that the KPI of *row* is *now*."""
    if row.value is None or now is None:
        return Outcome.SAME if row.value == now else Outcome.MOVED
    moved = now - row.value
    if moved == 0:
        return Outcome.SAME
    if abs(moved) <= row.allowed:
        return Outcome.WITHIN
    if row.direction == "either":
        return Outcome.MOVED
    return Outcome.WORSE if (moved > 0) == (row.direction == "up") else Outcome.IMPROVED


def new_call(case: str, kpi: str) -> Row:
    """Return the row of a call that no baseline has: it was made no time so far."""
    return Row(
        case=case,
        kpi=kpi,
        value=0.0,
        unit=CALLS,
        tolerance=0.0,
        tolerance_is=ABSOLUTE,
        direction="either",
        why="every call of a script costs the engine thread, on every request",
    )


def _all_rows(name: str, baseline: Baseline, evidence: Evidence) -> Sequence[Row]:
    """Return the rows of a baseline, and one for each call of a script that it does not have."""
    rows = list(baseline.rows)
    if isinstance(baseline, ScriptsBaseline):
        known = {(row.case, row.kpi) for row in rows}
        for case in baseline.cases:
            rows += [new_call(case, kpi) for kpi in evidence.cases[name, case].values if (case, kpi) not in known]
    return rows


def _value_of(name: str, row: Row, baseline: Baseline, evidence: Evidence) -> float | None:
    measured = evidence.cases[name, row.case]
    if row.kpi not in measured.values:
        if isinstance(baseline, ScriptsBaseline):
            return 0.0  # a call that is not made any more
        hint = nearest(row.kpi, list(measured.values))
        raise BadInput(f"{name}: rows: kpi {shown(row.kpi)} is not known in case {shown(row.case)}{hint}")
    if row.unit != measured.units[row.kpi]:
        allowed = shown(measured.units[row.kpi])
        raise BadInput(
            f"{name}: rows: unit {shown(row.unit)} of kpi {shown(row.kpi)} is not allowed; must be {allowed}"
        )
    return measured.values[row.kpi]


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return in words what a case is not made of as it was."""
    words = []
    for what in {**now, **before}:
        if now.get(what) != before.get(what):
            value = f": {now.get(what, NO_EXTRA_CALLS)}" if what == EXTRA_CALLS else ""
            words.append(CHANGES.get(what, what) + value)
    return tuple(words)


def _versions(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{what} {before.get(what, 'none')} -> {version}"
        for what, version in now.items()
        if before.get(what) != version
    )
