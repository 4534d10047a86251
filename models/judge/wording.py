"""Numbers as people read them: the one place that decides digits, separators and clock times."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOTHING = "\N{EN DASH}"
"""Shown where there is no value."""


def number(value: float | None) -> str:
    """Three significant digits below 100, whole numbers with separators above; a dash for None or NaN."""
    if value is None or math.isnan(value):
        return NOTHING
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 0.001:
        return f"{value:.3g}"
    return f"{value:.1e}"


def with_unit(value: float | None, unit: str) -> str:
    """*value* with its unit: `94.1 %`, `61,020 rps`, `$588.00/month`. From 60 s on in minutes: `2 min 8 s`."""
    if value is None or math.isnan(value):
        return NOTHING
    if unit == "s":
        return clock(value)
    if unit == "usd" or unit.startswith("usd/"):
        return f"${value:,.2f}{unit.removeprefix('usd')}"
    symbol = {"percent": "%", "rps": "RPS", "cps": "commands/s"}.get(unit, unit)
    return f"{number(value)} {symbol}".rstrip()


def clock(seconds: float | None) -> str:
    """Seconds as `0.42 s`, `27 s`, `2 min 8 s` or `1 h 5 min`; a dash for None."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    if seconds < 59.95:
        return f"{number(seconds)} s"
    whole = round(seconds)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def latency(milliseconds: float | None) -> str:
    """Milliseconds as `36.6 ms`, from a second up as `18.5 s`: short enough for a column; a dash for None."""
    if milliseconds is None or milliseconds < 1000:
        return with_unit(milliseconds, "ms")
    return clock(milliseconds / 1000)


def plural(count: float, one: str, many: str | None = None) -> str:
    """`1 shard`, `4 shards`: *count* and the word that fits it."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """Return *items* as a sentence has them: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
