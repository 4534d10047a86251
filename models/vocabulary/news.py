"""What the data plane tells control at the instant it happens."""

from enum import auto
from typing import NamedTuple

from models.vocabulary.numbered import Numbered


class News(Numbered):
    """Kinds of news."""

    SOLD_OUT = auto()  # an event, by number
    PROBED = auto()  # a probe of a pod, by number, has come back
    EMPTY = auto()  # a pod that is ending has answered its last request


class Told(NamedTuple):
    """One piece of news: of which event or pod, of which probe by its number, and whether that succeeded."""

    what: News
    whose: int
    number: int = 0
    succeeded: bool = True
