"""What a worker process tells: each message is about the job with that key."""

from __future__ import annotations

from typing import Any, NamedTuple


class Progressed(NamedTuple):
    """How far it is, as `models.run.run.Progress` has it; an empty key while the engine is loaded."""

    key: str
    fraction: float
    requests: int
    wall_s: float
    note: str


class Done(NamedTuple):
    """The job's value."""

    key: str
    value: Any


class Refused(NamedTuple):
    """The job cannot be done as it was asked: one line for whoever asked."""

    key: str
    message: str


class Failed(NamedTuple):
    """The job ended in a defect, or its process did."""

    key: str
    message: str
