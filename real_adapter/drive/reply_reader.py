"""Replies of a Redis server, taken byte by byte: where each ends, whether it is an error and which integer it holds.

The protocol is RESP2 ("Redis serialization protocol specification", redis.io). A reply may end anywhere in what a read
brings, and a read may bring several, so what is known of an unfinished one is kept in a `READER` record, one for each
connection. Arrays need no stack: an array of n elements stands for n replies that are still missing.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.jit import compiled, inlined

KIND, NUMBER, TEXT, LINE_END, BODY, BODY_END, COMPLETE, BROKEN = range(8)
"""What comes next: the byte that names a kind, digits, the text of a line, its "\\n", the bytes of a string, the "\\r"
after them; or nothing, as the reply is complete, or as this is not RESP."""

READER = np.dtype(
    [
        ("state", "u1"),
        ("kind", "u1"),  # the byte that begins the line, 0 behind the body of a string
        ("sign", "i1"),  # -1 or 1 if the number has one
        ("failed", "u1"),  # an error is in the reply
        ("digits", "i4"),
        ("number", "i8"),  # of this line so far; negative, as int64 goes one further there
        ("body", "i8"),  # bytes to come of a string
        ("missing", "i8"),  # parts to come of the reply
        ("integer", "i8"),  # the first one in the reply
    ]
)

NO_INTEGER = np.iinfo(np.int64).min
"""Stands for the integer of a reply that holds none (a counter at the very end of int64 would be mistaken for it)."""
ERROR_TEXT_BYTES = 240
LONGEST = 2**32 - 1
"""Elements of an array or bytes of a string; far more than Redis has."""

_PLUS, _MINUS, _COLON, _DOLLAR, _STAR, _CR, _LF, _ZERO, _NINE = b"+-:$*\r\n09"
_SHORTEST_FULL = NO_INTEGER // 10 + 1  # times ten, and 8 further, is the last int64
_LAST_DIGIT = 8


class FirstError(NamedTuple):
    """The text of the first error met: *text*, uint8[ERROR_TEXT_BYTES], and int64[1] each.

    *size* is the length of the text, *reader* the one that met it (-1: none), *open* is 1 while it goes on.
    """

    text: NDArray[np.uint8]
    size: NDArray[np.int64]
    reader: NDArray[np.int64]
    open: NDArray[np.int64]


def new_readers(count: int) -> NDArray[Any]:
    """Return READER[count], each before its first reply."""
    return np.zeros(count, READER)


def new_first_error() -> FirstError:
    """Return a place for an error, with none in it."""
    return FirstError(
        np.zeros(ERROR_TEXT_BYTES, np.uint8), np.zeros(1, np.int64), np.full(1, -1), np.zeros(1, np.int64)
    )


@compiled
def read_reply(readers: Any, which: int, received: NDArray[np.uint8], at: int, end: int, error: FirstError) -> int:
    """Take *received* from *at* up to *end*, or up to the end of one reply, and return where the next byte is.

    The state of reader *which* then says COMPLETE (the caller sets it back to KIND for the next reply), BROKEN, or
    what it waits for.
    """
    reader = readers[which]
    while at < end and reader.state < COMPLETE:
        if reader.state == BODY:
            taken = min(end - at, reader.body)
            reader.body -= taken
            at += taken
            if reader.body == 0:
                reader.state = BODY_END
        else:
            _take(reader, which, received[at], error)
            at += 1
    return at


@inlined
def _take(reader: Any, which: int, byte: int, error: FirstError) -> None:
    if reader.state == KIND:
        _begin(reader, which, byte, error)
    elif reader.state == NUMBER:
        _take_digit(reader, byte)
    elif reader.state == TEXT:
        if byte == _CR:
            reader.state = LINE_END
        elif byte == _LF:
            reader.state = BROKEN
        elif error.open[0] == 1 and error.reader[0] == which and error.size[0] < ERROR_TEXT_BYTES:
            error.text[error.size[0]] = byte
            error.size[0] += 1
    elif reader.state == BODY_END:
        reader.kind = 0
        reader.state = LINE_END if byte == _CR else BROKEN
    elif byte == _LF:
        _end_line(reader, which, error)
    else:
        reader.state = BROKEN


@inlined
def _begin(reader: Any, which: int, byte: int, error: FirstError) -> None:
    """Begin a line, and a reply if none is under way."""
    if reader.missing == 0:
        reader.missing = 1
        reader.failed = 0
        reader.integer = NO_INTEGER
    reader.kind = byte
    reader.sign = 0
    reader.digits = 0
    reader.number = 0
    if byte in (_PLUS, _MINUS):
        reader.state = TEXT
    elif byte in (_COLON, _DOLLAR, _STAR):
        reader.state = NUMBER
    else:
        reader.state = BROKEN
    if byte == _MINUS and error.reader[0] < 0:
        error.reader[0] = which
        error.open[0] = 1


@inlined
def _take_digit(reader: Any, byte: int) -> None:
    """Take a byte of a number: a sign in front, digits as far as int64 goes, or the end of the line."""
    digit = int(byte) - _ZERO
    too_large = reader.number < _SHORTEST_FULL or (reader.number == _SHORTEST_FULL and digit > _LAST_DIGIT)
    if byte == _CR and reader.digits > 0:
        reader.state = LINE_END
    elif byte in (_PLUS, _MINUS) and reader.digits == 0 and reader.sign == 0:
        reader.sign = -1 if byte == _MINUS else 1
    elif byte < _ZERO or byte > _NINE or too_large:
        reader.state = BROKEN
    else:
        reader.number = reader.number * 10 - digit
        reader.digits += 1


@inlined
def _end_line(reader: Any, which: int, error: FirstError) -> None:
    """Take the end of a line: of a whole part, or of what says how long a string or an array is."""
    number = reader.number if reader.sign < 0 else -reader.number
    out_of_range = reader.sign >= 0 and reader.number == NO_INTEGER
    if reader.kind in (_DOLLAR, _STAR):
        out_of_range = number < -1 or number > LONGEST
    reader.state = BROKEN if out_of_range else KIND
    if out_of_range:
        return
    if reader.kind == _DOLLAR and number >= 0:
        reader.body = number
        reader.state = BODY if number > 0 else BODY_END
        return
    if reader.kind == _STAR and number >= 0:
        reader.missing += number
    elif reader.kind == _COLON and reader.integer == NO_INTEGER:
        reader.integer = number
    elif reader.kind == _MINUS:
        reader.failed = 1
        if error.reader[0] == which:
            error.open[0] = 0
    reader.missing -= 1
    if reader.missing == 0:
        reader.state = COMPLETE
