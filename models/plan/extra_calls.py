"""Calls that changed scripts make more, or fewer, as a table that both engines read."""

from collections.abc import Iterable
from enum import auto

import numpy as np
from numpy.typing import NDArray

from models.redis_costs.commands import Command
from models.scenario import ExtraCall
from models.vocabulary.numbered import Numbered
from models.vocabulary.operations import Op

OPERATION, COMMAND, ON, ELEMENTS, CALLS = range(5)
"""Columns of a table of extra calls."""


class On(Numbered):
    """The sorted set that a call walks."""

    NONE = auto()
    LINE = auto()
    CALLED = auto()
    SEEN = auto()


def extra_table(entries: Iterable[ExtraCall]) -> NDArray[np.int64]:
    """Return extra calls for compiled code, int64[X, 5]."""
    rows = [
        (Op[entry.operation.upper()], Command[entry.command], On[entry.on.upper()], entry.elements, entry.calls)
        for entry in entries
    ]
    return np.array(rows, np.int64).reshape(-1, 5)
