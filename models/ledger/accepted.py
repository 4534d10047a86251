"""What the committed ledger said: verdicts and figures, with the reason for which they were last accepted.

Prose is not held to it, the figures in prose are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.documents.json_file import read_json
from models.ledger.book import Ledger, document_of
from models.ledger.stored import FOLDER, RENEW

ACCEPTED = "ledger.json"
FORMAT = 1
NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")
SAME = 1e-9
"""Share by which a figure may be off and still be the same: what the order of sums may make."""


@dataclass(frozen=True)
class Moved:
    """Something that is not as it was accepted: of which claim or question, what of it, what it was and what it is."""

    name: str
    what: str
    was: str
    now: str

    @property
    def text(self) -> str:
        """Return it in one line."""
        return f"{self.name}: {self.what} was {self.was}, is {self.now}"


def said(ledger: Ledger) -> dict[str, Any]:
    """Return what is held to be the same, by claim and question: verdicts, flips, figures, also those in prose."""
    document = document_of(ledger)
    claims = {
        claim["id"]: {
            "verdict": claim["verdict"],
            "twin": claim["twin"],
            "seeds": NUMERAL.findall(claim["seeds"] or ""),
            "flips": [f"{flip['verdict']} if {flip['setting']} is {flip['at']}" for flip in claim["flips"]],
            "figures": NUMERAL.findall(claim["why"]),
        }
        for claim in document["claims"]
    }
    questions = {
        each["question"]: {
            "figures": NUMERAL.findall(each["answer"]),
            "table": [" | ".join(row) for row in each["table"]["rows"]],
            "flips": each["flips"],
        }
        for each in document["questions"]
    }
    return {"claims": claims, "questions": questions}


def accepted_document(ledger: Ledger, reason: str, date: str) -> dict[str, Any]:
    """Return the ledger as it is accepted, for a *reason*, on a *date*."""
    return {"format": FORMAT, "accepted": date, "reason": reason, **said(ledger)}


def read_accepted(folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return what was accepted. BadInput if it cannot be read."""
    return read_json(folder / ACCEPTED, _accepted, "accepted ledger", RENEW)


def _accepted(document: Any) -> dict[str, Any]:
    if document["format"] != FORMAT or not {"claims", "questions", "reason"} <= document.keys():
        raise ValueError("it has another format")
    return dict(document)


def moved(accepted: Mapping[str, Any], now: Mapping[str, Any], names: Collection[str] | None = None) -> list[Moved]:
    """Return what of a ledger *now*, as `said` has it, is not as accepted; of *names* alone if they are given."""
    found = []
    for kind in ("claims", "questions"):
        before, after = accepted[kind], now[kind]
        wanted = [*before, *(name for name in after if name not in before)]
        if names is not None:
            wanted = [name for name in wanted if name in names]
        for name in wanted:
            if name not in before or name not in after:
                was, is_ = ("nothing", "there") if name not in before else ("there", "gone")
                found.append(Moved(name, "it", was, is_))
                continue
            found += [Moved(name, *each) for each in _differences(before[name], after[name])]
    return found


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for what in [*before, *(each for each in after if each not in before)]:
        was, now = before.get(what), after.get(what)
        if not _same(was, now):
            yield what, _short(_without(was, now)), _short(_without(now, was))


def _without(value: Any, other: Any) -> Any:
    """Return a list without what another has as well, all of it if that leaves nothing; anything else as it is."""
    if not isinstance(value, list) or not isinstance(other, list):
        return value
    return [each for each in value if each not in other] or value


def _same(was: Any, now: Any) -> bool:
    """Whether both are the same, numbers but for rounding."""
    if isinstance(was, float | int) and isinstance(now, float | int):
        return math.isclose(was, now, rel_tol=SAME, abs_tol=1e-12)
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_same(was[key], now[key]) for key in was)
    return bool(was == now)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return str(value)
