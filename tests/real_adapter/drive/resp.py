"""The Redis protocol in plain Python, value by value: what compiled code must agree with."""

import re
from collections.abc import Iterable

Value = int | str | bytes | None | Exception | list["Value"]

_NUMBER = re.compile(rb"[+-]?[0-9]+")
_LONGEST = 2**32 - 1


class Incomplete(Exception):
    """More bytes are needed."""


class ErrorReply(Exception):
    """A value that is an error."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ErrorReply) and self.args == other.args


def encoded(value: Value) -> bytes:
    """Return a value as a server sends it; None is a null string, text a simple string."""
    if isinstance(value, list):
        return b"*%d\r\n" % len(value) + b"".join(map(encoded, value))
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    return (b"-%b\r\n" % str(value).encode()) if isinstance(value, Exception) else b"+%b\r\n" % value.encode()


def parsed(data: bytes, at: int = 0) -> tuple[Value, int]:
    """Return the value that begins at *at* and where the next one does. ValueError if it breaks the protocol."""
    kind = data[at : at + 1]
    if kind not in (b"", b"+", b"-", b":", b"$", b"*"):
        raise ValueError(f"kind {kind!r}")
    line, end = _line(data, at + 1)
    if kind == b"+":
        return line.decode("utf-8", "replace"), end
    if kind == b"-":
        return ErrorReply(line.decode("utf-8", "replace")), end
    if not _NUMBER.fullmatch(line):
        raise ValueError(f"number {line!r}")
    number = int(line)
    if not (-(2**63) <= number < 2**63 if kind == b":" else -1 <= number <= _LONGEST):
        raise ValueError(f"number {number}")
    if kind == b":":
        return number, end
    if number < 0:
        return None, end
    return _string(data, end, number) if kind == b"$" else _array(data, end, number)


def all_parsed(data: bytes) -> tuple[list[Value], bool]:
    """Return the values that are complete in *data*, and whether the protocol is broken behind them."""
    values: list[Value] = []
    at = 0
    try:
        while True:
            value, at = parsed(data, at)
            values.append(value)
    except Incomplete:
        return values, False
    except ValueError:
        return values, True


def flat(value: Value) -> Iterable[Value]:
    """Return a value, or what is in an array at any depth, in order."""
    if isinstance(value, list):
        for part in value:
            yield from flat(part)
    else:
        yield value


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    found = re.compile(rb"[\r\n]").search(data, at)
    if found is None or (found.end() == len(data) and found[0] == b"\r"):
        raise Incomplete
    if data[found.start() : found.end() + 1] != b"\r\n":
        raise ValueError("a line that ends otherwise")
    return data[at : found.start()], found.end() + 1


def _string(data: bytes, at: int, length: int) -> tuple[bytes, int]:
    end = at + length
    if not b"\r\n".startswith(data[end : end + 2]):
        raise ValueError("a string that ends otherwise")
    if len(data) < end + 2:
        raise Incomplete
    return data[at:end], end + 2


def _array(data: bytes, at: int, length: int) -> tuple[list[Value], int]:
    values: list[Value] = []
    for _ in range(length):
        value, at = parsed(data, at)
        values.append(value)
    return values, at
