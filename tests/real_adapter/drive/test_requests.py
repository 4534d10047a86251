"""Requests are the bytes that redis-py sends for the same commands."""

import numpy as np
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from real_adapter.drive.requests import Argument, Requests, digits, encode, encode_each, encode_rows, joined
from tests.real_adapter.drive.loads import bytes_of
from tests.real_adapter.drive.resp import parsed

NAMES = st.text(st.characters(min_codepoint=65, max_codepoint=90), min_size=1, max_size=10)  # it splits names at spaces
ARGUMENTS = st.one_of(st.text(st.characters(codec="utf-8")), st.binary(), st.integers())
COMMANDS = st.tuples(NAMES, st.lists(ARGUMENTS, max_size=6)).map(lambda parts: [parts[0], *parts[1]])
SHA = "0123456789abcdef0123456789abcdef01234567"


@given(COMMANDS)
def test_a_command_is_encoded_as_redis_py_does(command: list[Argument]) -> None:
    assert encode(command) == b"".join(redis.Connection().pack_command(*command))


@given(st.lists(COMMANDS, max_size=5))
def test_many_commands_are_each_one_request(commands: list[list[Argument]]) -> None:
    requests = encode_each(commands)
    assert len(requests) == len(commands)
    assert [bytes_of(requests, k) for k in range(len(requests))] == [encode(command) for command in commands]


@given(st.lists(st.tuples(st.integers(0, 10**12 - 1), st.binary(min_size=3, max_size=3)), min_size=1, max_size=5))
def test_rows_of_a_command_are_what_it_encodes_to_one_by_one(rows: list[tuple[int, bytes]]) -> None:
    rows = [(number, text[:2] + b"!") for number, text in rows]
    numbers = digits(np.array([number for number, _ in rows]), 12)
    requests = encode_rows(["EVALSHA", SHA, 1, "{e}:line", numbers, np.array([text for _, text in rows]), 5])
    assert [bytes_of(requests, k) for k in range(len(rows))] == [
        encode(["EVALSHA", SHA, 1, "{e}:line", f"{number:012d}", text, 5]) for number, text in rows
    ]


@given(st.integers(1, 18).flatmap(lambda width: st.tuples(st.just(width), st.lists(st.integers(0, 10**width - 1)))))
def test_digits_are_those_of_python(case: tuple[int, list[int]]) -> None:
    width, values = case
    assert digits(np.array(values, np.int64), width).tolist() == [b"%0*d" % (width, value) for value in values]


def test_requests_are_taken_in_any_order_and_joined() -> None:
    first, second = encode_each([["A"], ["B"]]), encode_each([["C", 1]])
    mixed = joined([first, second]).take(np.array([2, 0, 2]))
    assert [bytes_of(mixed, k) for k in range(len(mixed))] == [encode(["C", 1]), encode(["A"]), encode(["C", 1])]
    assert mixed.blob.size == first.blob.size + second.blob.size


def test_a_million_requests_take_their_bytes_and_no_more() -> None:
    numbers = digits(np.arange(1_000_000), 12)
    requests = encode_rows(["EVALSHA", SHA, 0, numbers])
    assert requests.blob.size == 1_000_000 * len(encode(["EVALSHA", SHA, 0, "0" * 12]))
    assert parsed(bytes_of(requests, 999_999)) == (
        [b"EVALSHA", SHA.encode(), b"0", b"000000999999"],
        requests.end[0],
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: encode_rows(["PING"]), "must be an array"),
        (lambda: encode_rows(["A", np.array([b"ab", b"c"])]), "must all be 2 long"),
        (lambda: encode_rows(["A", np.array([b"a", b"b"]), np.array([b"a"])]), "must be 2 byte strings"),
        (lambda: encode_rows(["A", np.array([1, 2])]), "must be 2 byte strings, not int64"),
        (lambda: digits(np.array([-1]), 3), "must have from 1 to 3 digits"),
        (lambda: digits(np.array([1000]), 3), "must have from 1 to 3 digits"),
        (lambda: digits(np.array([1]), 19), "width \\(19\\)"),
        (lambda: Requests(np.zeros(3, np.uint8), np.array([0, 2]), np.array([2, 4])), "request 1"),
        (lambda: Requests(np.zeros(3, np.uint8), np.array([1]), np.array([1])), "request 0"),
        (lambda: Requests(np.zeros(3, np.uint8), np.array([1]), np.array([2, 3])), "one entry per request"),
    ],
)
def test_what_makes_no_request_is_refused(make, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
