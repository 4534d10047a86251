"""What a server in production was seen to do: each minute's engine CPU and calls, joined by time.

The readers are `real_adapter.telemetry.cloudwatch` and `real_adapter.telemetry.prometheus`. Here is what they share:
what they return, how times are read, and what is refused. No text of a file is ever repeated, as nobody knows what a
wrong one holds.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.documents.text import printable
from sim.errors import BadInput

Vector = NDArray[np.float64]
Series = Mapping[float, float]
"""Values by time, s of the epoch."""

LEAST_MINUTES = 5
MOST_BYTES = 64_000_000
"""CloudWatch gives at most 100,800 values at once (GetMetricData), some 60 bytes each."""
MOST_PER_S = 1e9
"""A thousand times what one engine thread does."""
EARLIEST_S, LATEST_S = 946_684_800.0, 4_102_444_800.0
"""The years 2000 to 2099: another number is no time."""
TIMES = "a time as 2025-10-01T12:00:00Z, 2025-10-01 12:00 (UTC), with an offset, or s or ms of the epoch"
ALL_COMMANDS = "all commands"
"""The name of the calls of all commands together, where nothing more is known."""


@dataclass(frozen=True, eq=False)
class Telemetry:
    """Minutes of one server. `time_s` float64[n], increasing, s of the epoch; `cpu` float64[n], of one engine thread.

    `per_s` float64[n] by what was called: a command ("ZADD"), one of ElastiCache's families of them, or
    `ALL_COMMANDS`; calls per second, those from scripts included. `dropped` counts rows left out, by reason.
    """

    source: str
    time_s: Vector
    cpu: Vector
    per_s: Mapping[str, Vector]
    dropped: Mapping[str, int]


def joined(source: str, cpu: Series, per_s: Mapping[str, Series], dropped: Mapping[str, int]) -> Telemetry:
    """Return the rows in which no series has a gap. BadInput if too few are left, or a value cannot be."""
    times = sorted(set(cpu).union(*per_s.values()))
    whole = [time for time in times if all(time in series for series in (cpu, *per_s.values()))]
    if not whole:
        raise BadInput(f"{source}: no minute that CPU and commands have in common; allowed: series of the same hours")
    if len(whole) < LEAST_MINUTES:
        raise BadInput(f"{source}: {len(whole)} minutes without gaps; allowed: {LEAST_MINUTES} or more")
    for time in whole:
        if not 0 <= cpu[time] <= 1:
            raise BadInput(
                f"{source}: engine CPU is {100 * cpu[time]:.6g} % at {shown_time(time)}; allowed: 0 to 100 %"
            )
        for name, series in per_s.items():
            if not 0 <= series[time] <= MOST_PER_S:
                what = f"{series[time]:.6g} calls per second at {shown_time(time)}"
                raise BadInput(f"{source}: {name}: {what}; allowed: 0 to {MOST_PER_S:.0e}")
    return Telemetry(
        source,
        np.array(whole),
        np.array([cpu[time] for time in whole]),
        {name: np.array([series[time] for time in whole]) for name, series in per_s.items()},
        {**dropped, "gap": len(times) - len(whole)},
    )


def read_text(path: Path, kind: str) -> str:
    """Return the text of a file of the *kind* named; BadInput if it cannot be read."""
    where = f"{kind} file {printable(str(path))}"
    try:
        with path.open("rb") as stream:
            document = stream.read(MOST_BYTES + 1)
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{where}: is not text; allowed: UTF-8") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise BadInput(f"{where}: cannot be read: {getattr(error, 'strerror', None) or 'not a path'}") from None
    if len(document) > MOST_BYTES:
        raise BadInput(f"{where}: is too large; allowed: {MOST_BYTES:,} bytes")
    if not text.strip():
        raise BadInput(f"{where}: is empty")
    return text


def documents(text: str, source: str) -> Iterator[Any]:
    """Yield the JSON documents of *text*, one after the other: what several calls wrote to one file."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        try:
            document, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError, ValueError) as error:
            line = text.count("\n", 0, getattr(error, "pos", position)) + 1
            raise BadInput(f"{source}: line {line}: is not JSON") from None
        yield document


def time_of(value: Any) -> float | None:
    """Return a time in s of the epoch; None if it is none of `TIMES`."""
    seconds = number_of(value)
    if seconds is not None and seconds > LATEST_S:
        seconds /= 1000
    if seconds is None and isinstance(value, str):
        try:
            told = datetime.fromisoformat(value.strip().replace("/", "-").removesuffix(" UTC"))
            seconds = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return seconds if seconds is not None and EARLIEST_S <= seconds < LATEST_S else None


def number_of(value: Any) -> float | None:
    """Return a finite number, given as such or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def is_gap(value: Any) -> bool:
    """Tell whether *value* is how exports write that there is none."""
    return value is None or str(value).strip().lower() in ("", "-", "nan", "null", "none")


def add(series: dict[float, float], time: float, value: float, name: str) -> None:
    """Put a value in. BadInput, which begins with *name*, if there is another one of that time."""
    if series.setdefault(time, value) != value:
        raise BadInput(f"{name}: two values at {shown_time(time)}; allowed: one, of one server")


def shown_time(time: float) -> str:
    """Return a time as text, UTC."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"
