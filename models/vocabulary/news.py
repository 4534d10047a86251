"""What the data plane tells control at the instant it happens."""

from enum import IntEnum
from typing import NamedTuple


class News(IntEnum):
    """Kinds of news."""

    SOLD_OUT = 0  # an event, by number
    PROBED = 1  # a probe of a pod, by number, has come back
    EMPTY = 2  # a pod that is ending has answered its last request


class Told(NamedTuple):
    """One piece of news: of which event or pod, of which probe by its number, and whether that succeeded."""

    what: News
    whose: int
    number: int = 0
    succeeded: bool = True
