"""Enumerations count themselves, and what is drawn or stored by a member's number keeps it."""

from enum import auto

from models.engine.record import NODES, Column, Level
from models.vocabulary.numbered import Numbered
from models.vocabulary.operations import ENDPOINTS, Op
from models.vocabulary.streams import Stream


class Rows(Numbered):
    """Two rows of three columns each, and what follows."""

    FIRST = 0
    SECOND = FIRST + 3
    THIRD = SECOND + 3
    FOURTH = auto()


def test_members_go_on_from_the_one_before() -> None:
    assert [int(row) for row in Rows] == [0, 3, 6, 7]


def test_an_endpoint_has_the_number_of_its_operation() -> None:
    assert ENDPOINTS == ("join", "status", "enter", "leave", "reserve")
    assert [Op[name.upper()] for name in ENDPOINTS] == [0, 1, 2, 3, 4]


def test_no_two_columns_of_the_series_meet() -> None:
    """SENT and ANSWERED have one for each endpoint, the levels follow the counts, the nodes the levels."""
    widths = {Column.SENT: len(ENDPOINTS), Column.ANSWERED: len(ENDPOINTS), Column.LEVELS: len(Level)}
    taken = [column + k for column in Column for k in range(widths.get(column, 1))]
    assert taken == list(range(NODES))


def test_streams_keep_the_numbers_that_runs_were_drawn_with() -> None:
    assert (Stream.ARRIVAL, Stream.POLL, Stream.BACKEND, Stream.PING, Stream.TAGS) == (0, 7, 15, 22, 28)
