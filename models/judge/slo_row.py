"""One service level of a run: its figure beside what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

from models.judge.wording import with_unit


@dataclass(frozen=True, slots=True)
class SloRow:
    """One service level: `value` (None: there was nothing to measure) against `limit`, both in `unit`.

    `low` and `high` bound the value over replications; None with a single one. `at_least`: the true value is not below
    it (see `Kpi`).
    """

    name: str
    limit: float
    value: float | None
    met: bool
    unit: str
    low: float | None = None
    high: float | None = None
    at_least: bool = False

    @property
    def text(self) -> str:
        """The value in words: `94.1 %`, `at least 30 s`."""
        shown = with_unit(self.value, self.unit)
        return f"at least {shown}" if self.at_least and self.value is not None else shown

    @property
    def certain(self) -> bool | None:
        """Whether the whole interval lies on one side of the limit; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.high <= self.limit or self.low > self.limit

    def as_json(self) -> dict[str, float | str | bool | None]:
        """The four fields of the command's contract, name, limit, value and met; `at_least` beside them if it is so."""
        shown: dict[str, float | str | bool | None] = {
            "name": self.name,
            "limit": self.limit,
            "value": self.value,
            "met": self.met,
        }
        return shown | ({"at_least": True} if self.at_least else {})
