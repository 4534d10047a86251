"""Where it turns good: against the definition, over every way that a few values can be good, bad or open."""

from itertools import product

import pytest

from models.ledger.turn import all_hold, turn_of

WAYS = [way for length in range(1, 6) for way in product((True, False, None), repeat=length)]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_from_there_on_all_are_good_and_nothing_before_is_certain(way: tuple[bool | None, ...]) -> None:
    states = {str(place): state for place, state in enumerate(way)}
    turn = turn_of(states)
    end = len(way) if turn.good is None else int(turn.good)
    assert all(state is True for state in way[end:])
    assert end == 0 or way[end - 1] is not True, "it is the first such place"
    last_bad = -1 if turn.last_bad is None else int(turn.last_bad)
    assert False not in way[last_bad + 1 : end]
    assert last_bad < 0 or way[last_bad] is False
    assert [int(name) for name in turn.open] == [k for k in range(last_bad + 1, end) if way[k] is None]


def test_what_is_open_is_neither_yes_nor_no() -> None:
    assert all_hold((True, True)) is True
    assert all_hold((True, None)) is None
    assert all_hold((None, False)) is False
