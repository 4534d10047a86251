"""Calls that changed scripts make more, or fewer, as a table that both engines read."""

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.redis_costs.commands import Command
from models.scenario import ExtraCall
from models.vocabulary.operations import Op

OPERATION, COMMAND, ON, ELEMENTS, CALLS = range(5)
"""Columns of a table of extra calls."""


class On(IntEnum):
    """The sorted set that a call walks."""

    NONE = 0
    LINE = 1
    CALLED = 2
    SEEN = 3


def extra_table(entries: Iterable[ExtraCall]) -> NDArray[np.int64]:
    """Return extra calls for compiled code, int64[X, 5]."""
    rows = [
        (Op[entry.operation.upper()], Command[entry.command], On[entry.on.upper()], entry.elements, entry.calls)
        for entry in entries
    ]
    return np.array(rows, np.int64).reshape(-1, 5)
