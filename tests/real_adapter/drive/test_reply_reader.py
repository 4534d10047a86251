"""The compiled reader agrees with a plain parser on every stream, however it is cut into reads."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_adapter.drive.reply_reader import (
    BROKEN,
    COMPLETE,
    ERROR_TEXT_BYTES,
    KIND,
    NO_INTEGER,
    FirstError,
    new_first_error,
    new_readers,
    read_reply,
)
from tests.real_adapter.drive.resp import ErrorReply, Value, all_parsed, encoded, flat

LINE = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=12)
SCALARS = st.one_of(
    st.integers(-(2**63) + 1, 2**63 - 1),  # the very last stands for none
    st.integers(-20, 20),
    st.binary(max_size=12),
    st.none(),
    LINE,
    LINE.map(ErrorReply),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
CUTS = st.lists(st.integers(0, 400), max_size=20)


def read(data: bytes, cuts: list[int], which: int = 0) -> tuple[list[tuple[int, bool]], bool, FirstError]:
    """What the reader makes of a stream cut at these bytes: integer and failure of each reply, whether it broke."""
    readers, error = new_readers(which + 1), new_first_error()
    found = []
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for begin, end in pairwise(edges):
        received = np.frombuffer(bytearray(data[begin:end]), np.uint8)
        at = 0
        while at < received.size and readers[which]["state"] != BROKEN:
            at = read_reply(readers, which, received, at, received.size, error)
            if readers[which]["state"] == COMPLETE:
                found.append((int(readers[which]["integer"]), bool(readers[which]["failed"])))
                readers[which]["state"] = KIND
    return found, bool(readers[which]["state"] == BROKEN), error


def expected(values: list[Value]) -> list[tuple[int, bool]]:
    parts = [list(flat(value)) for value in values]
    return [
        (
            next((part for part in each if type(part) is int), NO_INTEGER),
            any(isinstance(part, ErrorReply) for part in each),
        )
        for each in parts
    ]


@given(st.lists(VALUES, max_size=6), CUTS)
def test_replies_are_found_wherever_the_stream_is_cut(values: list[Value], cuts: list[int]) -> None:
    data = b"".join(map(encoded, values))
    assert all_parsed(data) == (values, False)
    found, broken, _ = read(data, cuts)
    assert found == expected(values)
    assert not broken


@given(st.lists(VALUES, max_size=3), CUTS, st.binary(min_size=1, max_size=8), st.integers(0, 400))
def test_a_stream_that_is_not_the_protocol_is_refused_and_never_misread(
    values: list[Value], cuts: list[int], noise: bytes, at: int
) -> None:
    data = b"".join(map(encoded, values))
    data = data[:at] + noise + data[at:]
    complete, is_broken = all_parsed(data)
    found, broken, _ = read(data, cuts)
    assert found == [pair if pair[0] != -(2**63) else (NO_INTEGER, pair[1]) for pair in expected(complete)]
    # the reader may notice within a line what the parser sees only at its end
    assert broken >= is_broken
    if broken and not is_broken:
        assert all_parsed(data + b"\r\n" * 2)[1]


@given(st.lists(VALUES, max_size=4), CUTS)
def test_the_first_error_is_kept_word_for_word(values: list[Value], cuts: list[int]) -> None:
    texts = [str(part) for value in values for part in flat(value) if isinstance(part, ErrorReply)]
    _, _, error = read(b"".join(map(encoded, values)), cuts, which=2)
    assert error.reader[0] == (2 if texts else -1)
    assert error.text[: error.size[0]].tobytes() == (texts[0].encode()[:ERROR_TEXT_BYTES] if texts else b"")


def test_an_endless_error_takes_no_more_room() -> None:
    _, _, error = read(b"-" + b"x" * 100_000 + b"\r\n", [])
    assert error.size[0] == ERROR_TEXT_BYTES


@pytest.mark.parametrize(
    "data",
    [
        b":9223372036854775808\r\n",
        b":-9223372036854775809\r\n",
        b":99999999999999999999\r\n",
        b":\r\n",
        b":--1\r\n",
        b":1\n",
        b"+a\n",
        b"$-2\r\n",
        b"$4294967296\r\n",
        b"$1\r\nab\r\n",
        b"*-2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
def test_what_no_server_sends_is_refused(data: bytes) -> None:
    assert read(data, list(range(len(data))))[1]


def test_two_connections_do_not_mix() -> None:
    readers, error = new_readers(2), new_first_error()
    for byte in b"*2\r\n:1\r\n:2\r\n":
        for which in (0, 1):
            read_reply(readers, which, np.array([byte], np.uint8), 0, 1, error)
    assert readers["state"].tolist() == [COMPLETE, COMPLETE]
