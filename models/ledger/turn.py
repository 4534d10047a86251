"""Of what was tried one after the other: from where on it is good, where it last was not, and what is open.

Pure. Open is neither yes nor no: what is open before the place from which on all is good widens the span of that place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.judge.wording import listed
from models.ledger.claims import ClaimVerdict

Holds = bool | None
"""Whether something is so; None where that is open."""


def holds(verdict: ClaimVerdict) -> Holds:
    """Return a verdict on a level as yes, no or open."""
    return {"confirmed": True, "refuted": False}.get(verdict)


def all_hold(parts: Sequence[Holds]) -> Holds:
    """Return whether several things are so: no if one is not, else open if one is open."""
    return False if False in parts else None if None in parts else True


def open_text(names: Sequence[str]) -> str:
    """Return with what it is open as the end of a sentence: `, open with 2 and 3`; nothing if with none."""
    return f", open with {listed(names)}" if names else ""


@dataclass(frozen=True)
class Turn:
    """The last that is not good, those after it that are open, and the first from which on all are good.

    `last_bad` is None where none is bad, `good` where the last that was tried is not good.
    """

    last_bad: str | None
    open: tuple[str, ...]
    good: str | None

    @property
    def place(self) -> str:
        """Say where it is, as the beginning of a sentence: `between 2 and 3`, `from 3 on`."""
        return f"from {self.good} on" if self.last_bad is None else f"between {self.last_bad} and {self.good}"

    @property
    def open_text(self) -> str:
        """Say what is open on the way, as the end of a sentence."""
        return open_text(self.open)


def turn_of(states: Mapping[str, Holds]) -> Turn:
    """Return where it turns good among *states*, in their order."""
    names = list(states)
    first = max((place for place, name in enumerate(names) if states[name] is not True), default=-1) + 1
    before = names[:first]
    last_bad = max((place for place, name in enumerate(before) if states[name] is False), default=-1)
    return Turn(
        names[last_bad] if last_bad >= 0 else None,
        tuple(name for name in before[last_bad + 1 :] if states[name] is None),
        names[first] if first < len(names) else None,
    )
