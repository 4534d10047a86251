"""The sorted lists with ranks against Python's bisect on a plain list."""

import bisect

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import ranked

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 40), st.integers(0, 3000)),
        st.tuples(st.just("append"), st.just(0), st.integers(1, 400)),
        st.tuples(st.just("remove"), st.just(0), st.integers(0, 10_000)),
        st.tuples(st.just("take"), st.just(0), st.integers(1, 300)),
    ),
    max_size=60,
)


def same(lists: ranked.Ranked, which: int, plain: list[tuple[float, int]]) -> None:
    assert lists.members[which] == len(plain)
    for place in {0, len(plain) // 3, len(plain) // 2, len(plain) - 1}:
        if 0 <= place < len(plain):
            assert ranked.rank(lists, which, *plain[place]) == place


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 2))
def test_ranks_and_order_are_those_of_a_sorted_list(steps: list[tuple[str, int, int]], which: int) -> None:
    lists = ranked.new_ranked(3, 600, 200)
    plain: list[tuple[float, int]] = []
    newest = 0
    for name, score, number in steps:
        if name == "insert" and (float(score), number) not in plain:
            bisect.insort(plain, (float(score), number))
            assert ranked.insert(lists, which, float(score), number) == plain.index((float(score), number))
        elif name == "append":
            for _ in range(number):
                newest += 1
                plain.append((1000.0 + newest, newest))
                assert ranked.insert(lists, which, 1000.0 + newest, newest) == len(plain) - 1
        elif name == "remove" and plain:
            gone = plain.pop(number % len(plain))
            ranked.remove(lists, which, *gone)
        elif name == "take":
            for _ in range(min(number, len(plain))):
                assert ranked.take_first(lists, which) == plain.pop(0)[1]
        same(lists, which, plain)


def test_growing_keeps_the_lists() -> None:
    lists = ranked.new_ranked(2, 8, 8)
    for i in range(700):
        ranked.insert(lists, 1, float(i), i)
    lists = ranked.grown_ranked(lists, 64, 64)
    for i in range(700, 3000):
        ranked.insert(lists, 1, float(-i), i)
    expected = list(range(2999, 699, -1)) + list(range(700))
    assert [int(ranked.take_first(lists, 1)) for _ in range(3000)] == expected
    assert lists.state[ranked.FREE] == 64


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 600), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 3000)), max_size=600))
def test_a_refilled_list_holds_what_it_was_given_and_gives_all_its_chunks_back(before: int, members: set) -> None:
    lists = ranked.new_ranked(2, 64, 64)
    ranked.insert(lists, 0, 1.0, 7)
    for i in range(before):
        ranked.insert(lists, 1, float(-i), i)
    plain = sorted((float(score), member) for score, member in members)
    score, member = np.array(plain).reshape(-1, 2).T.copy()
    ranked.refill(lists, 1, score, member.astype(np.int64))
    same(lists, 1, plain)
    assert lists.chunks[1] == -(-len(plain) // ranked.CHUNK)
    assert [int(ranked.take_first(lists, 1)) for _ in plain] == [who for _, who in plain]
    assert lists.state[ranked.FREE] == 64 - 1
    assert ranked.take_first(lists, 0) == 7
