"""Baselines: what KPIs were when somebody last accepted them, in JSON files that are committed.

A file has *cases*, what can be measured again, and *rows*: a KPI of a case, its value, and how far it may move.
`reason` says why the values are these; `made_of` of a case what it was measured on, so that a row that moves can say
what has changed since. Nothing here measures: `models.regression.compare` is handed what was.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from models.documents.strict import Strict, from_json
from models.documents.text import printable, shown
from sim.errors import BadInput

SHIPPED = Path(__file__).parent.parent / "baselines"
VERSION = 1
MAX_BYTES = 2_000_000
LONGEST_REASON = 300
SCRIPTS = "scripts"
"""The one case of `lua_calls`."""

Line = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Text that a table, XML and Markdown can show."""
PERCENT: Final = "percent"
ABSOLUTE: Final = "absolute"


class Case(Strict):
    """What is measured; `made_of` says on what it was last, by the words of `models.regression.compare.CHANGES`."""

    made_of: dict[str, str] = Field(description="empty: not measured yet")


class SimulationCase(Case):
    """A run of a scenario, as `breakwater run SCENARIO --set SETTING --seed SEED` would do it."""

    scenario: Line
    settings: tuple[Line, ...]
    seed: int = Field(ge=0, lt=2**63)


class ProfileCase(Case):
    """The costs in a profile."""

    profile: Line


class ScriptsCase(Case):
    """The calls of the Lua scripts."""


class Row(Strict):
    """A KPI of a case: `value` is what it was, None if it did not happen; `direction` which way is worse."""

    case: Line
    kpi: Line
    value: float | None
    unit: Line
    tolerance: float = Field(ge=0, description="how far it may move")
    tolerance_is: Literal["percent", "absolute"] = Field(description="percent of the value, or in its unit")
    direction: Literal["up", "down", "either"]
    why: Line = Field(description="why it is watched, and why with this tolerance")

    @property
    def allowed(self) -> float:
        """Return how far it may move, in its unit."""
        return self.tolerance if self.tolerance_is == ABSOLUTE else abs(self.value or 0.0) * self.tolerance / 100


class Baseline(Strict):
    """A file. What `measures` says decides what its cases are."""

    schema_version: Literal[1]
    measures: str
    reason: Line = Field(description="why the values are what they are: that of the last update")
    versions: dict[str, str]
    cases: Mapping[str, Case]
    rows: tuple[Row, ...] = Field(max_length=10_000)

    @model_validator(mode="after")
    def _rows_are_of_cases(self) -> Self:
        seen = set()
        for k, row in enumerate(self.rows):
            if row.case not in self.cases:
                raise ValueError(f"rows.{k}.case: {shown(row.case)} is none of the cases; must be one of "
                                 f"{', '.join(self.cases) or 'them, and there are none'}")  # fmt: skip
            if (row.case, row.kpi) in seen:
                raise ValueError(f"rows.{k}.kpi: {shown(row.kpi)} of case {shown(row.case)} stands there twice")
            seen.add((row.case, row.kpi))
        return self


class SimulationBaseline(Baseline):
    """KPIs of simulated runs."""

    measures: Literal["simulation"]
    cases: dict[Line, SimulationCase]


class ProfileBaseline(Baseline):
    """Costs of profiles."""

    measures: Literal["profile_costs"]
    cases: dict[Line, ProfileCase]


class ScriptsBaseline(Baseline):
    """Redis commands that the scripts call."""

    measures: Literal["lua_calls"]
    cases: dict[Line, ScriptsCase]

    @model_validator(mode="after")
    def _one_case(self) -> Self:
        if list(self.cases) != [SCRIPTS]:
            raise ValueError(f"cases: must be {SCRIPTS!r} alone where lua_calls are measured")
        return self


KINDS: dict[str, type[Baseline]] = {
    "lua_calls": ScriptsBaseline,
    "profile_costs": ProfileBaseline,
    "simulation": SimulationBaseline,
}
"""What can be measured, causes before effects."""


def read_baselines(folder: Path) -> dict[str, Baseline]:
    """Return the baselines in *folder* by the names of their files, causes first; none if there is no such folder.

    BadInput names the file and the field that cannot be used.
    """
    found = {path.name: parse_baseline(_read(path), path.name) for path in sorted(folder.glob("*.json"))}
    order = list(KINDS)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1].measures)))


def parse_baseline(document: bytes, origin: str) -> Baseline:
    """Return the baseline in a JSON *document*; a `BadInput` about it begins with *origin*."""
    origin = printable(origin)
    try:
        data = json.loads(document)
    except ValueError as error:
        raise BadInput(f"{origin}: is damaged, not JSON: {printable(str(error))}") from None
    if not isinstance(data, dict):
        raise BadInput(f"{origin}: must be a JSON object, not {shown(data)}")
    version, measures = data.get("schema_version"), data.get("measures")
    if version != VERSION:
        raise BadInput(f"{origin}: schema_version: {shown(version)} cannot be read; must be {VERSION}")
    if not isinstance(measures, str) or measures not in KINDS:
        raise BadInput(f"{origin}: measures: {shown(measures)} is not allowed; must be one of {', '.join(KINDS)}")
    return from_json(KINDS[measures], document, origin)


def baseline_json(baseline: Baseline) -> str:
    """Return *baseline* as the text of its file, each case and each row on one line: a diff shows what moved."""
    return "\n".join(_lines(baseline.model_dump(mode="json"))) + "\n"


def _lines(document: dict[str, Any]) -> Iterator[str]:
    cases, rows = document.pop("cases"), document.pop("rows")
    yield "{"
    for name, value in document.items():
        yield f"  {_text(name)}: {_text(value)},"
    yield '  "cases": {'
    yield ",\n".join(f"    {_text(name)}: {_text(case)}" for name, case in cases.items())
    yield "  },"
    yield '  "rows": ['
    if rows:
        yield ",\n".join(f"    {_text(row)}" for row in rows)
    yield "  ]"
    yield "}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            document = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{printable(path.name)}: cannot be read: {error.strerror}") from None
    if len(document) > MAX_BYTES:
        raise BadInput(f"{printable(path.name)}: is too large; at most {MAX_BYTES:,} bytes")
    return document
