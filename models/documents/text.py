"""Values in a line for people: printable, short, and with what was perhaps meant."""

import difflib
import json
from collections.abc import Sequence
from typing import Any


def printable(text: str) -> str:
    """Return `text` on one line, without control characters, at most 160 characters long."""
    safe = "".join(c if c.isprintable() else "?" for c in text)
    return safe if len(safe) <= 160 else safe[:157] + "..."


def shown(value: Any) -> str:
    """Return `value` as a short, printable piece of one line."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict | list | tuple):
        kind = "a mapping" if isinstance(value, dict) else "a list"
        return f"{kind} of {len(value)}" if value else f"an empty {kind[2:]}"
    if isinstance(value, int) and abs(value) >= 10**20:
        return f"an integer of {value.bit_length()} bits"
    text = ascii(value) if isinstance(value, str) else ascii(str(value)).strip("'\"")
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(word: str, known: Sequence[str]) -> str:
    """Return "; did you mean X" if one of `known` resembles `word`, else nothing."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
