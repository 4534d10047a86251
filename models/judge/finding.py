"""One observation about a run, and what it means for the verdict."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding means for the verdict.

    BROKEN: it is why a service level is broken or a capacity exceeded, so the run does not hold. REMARK: worth knowing
    of a design, also of one that holds. GOOD: looked at, and as it should be. NEUTRAL: a fact.
    """

    BROKEN = "broken"
    REMARK = "remark"
    GOOD = "good"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation under its `topic`, and what it means for the verdict."""

    topic: str
    text: str
    severity: Severity = Severity.NEUTRAL

    def as_json(self) -> dict[str, str]:
        """As `run --json` shows it: topic, severity and text."""
        return {"topic": self.topic, "severity": self.severity.value, "text": self.text}


def bad(broken: Collection[str], *levels: str) -> Severity:
    """Return what something bad means that shows in these service levels: BROKEN if one of them is broken."""
    return Severity.BROKEN if any(level in broken for level in levels) else Severity.REMARK
