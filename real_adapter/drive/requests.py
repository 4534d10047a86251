"""Requests as the bytes a client sends, many at once: arrays of bulk strings, as in the Redis protocol (RESP2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Argument = str | bytes | int
"""Of a command: text is sent as UTF-8, an integer in decimal."""

MOST_DIGITS = 18


@dataclass(frozen=True, eq=False)
class Requests:
    """Requests in the order they are sent in: number i is *blob* (uint8) from *begin*[i] to *end*[i] (int64[n]).

    Requests may share bytes, so that a million of the same take little memory.
    """

    blob: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]

    def __post_init__(self) -> None:
        given = (("blob", np.uint8), ("begin", np.int64), ("end", np.int64))
        for name, kind in given:
            # writeable, as compiled code for arrays that are not would be compiled for them alone
            object.__setattr__(self, name, np.require(getattr(self, name), kind, ["C", "W"]))
        if self.begin.shape != self.end.shape or self.begin.ndim != 1 or self.blob.ndim != 1:
            raise ValueError(f"begin and end must have one entry per request, got {self.begin.shape}, {self.end.shape}")
        inside = (self.begin >= 0) & (self.begin < self.end) & (self.end <= self.blob.size)
        if not inside.all():
            wrong = int(np.flatnonzero(~inside)[0])
            raise ValueError(f"request {wrong} must be bytes of the blob, not {self.begin[wrong]} to {self.end[wrong]}")

    def __len__(self) -> int:
        return self.begin.size

    def take(self, order: NDArray[np.int64]) -> "Requests":
        """Return the requests of these numbers, in this order; numbers may repeat."""
        return Requests(self.blob, self.begin[order], self.end[order])


def encode(arguments: Sequence[Argument]) -> bytes:
    """Return one command as a client sends it."""
    return b"*%d\r\n" % len(arguments) + b"".join(_bulk(argument) for argument in arguments)


def encode_each(commands: Iterable[Sequence[Argument]]) -> Requests:
    """Return one request for each command."""
    parts = [encode(command) for command in commands]
    end = np.cumsum([len(part) for part in parts], dtype=np.int64)
    blob = np.frombuffer(bytearray().join(parts), np.uint8)
    return Requests(blob, np.concatenate(([0], end[:-1])) if len(parts) else end, end)


def encode_rows(arguments: Sequence[Argument | NDArray[np.bytes_]]) -> Requests:
    """Return n requests of one command, some of whose arguments change from one to the next.

    Those are given as arrays of n byte strings of one width (dtype `S`; see `digits`); the others stay.
    """
    columns = [argument for argument in arguments if isinstance(argument, np.ndarray)]
    if not columns:
        raise ValueError("one argument at least must be an array; for a request that repeats, use encode_each and take")
    parts: list[bytes | NDArray[np.uint8]] = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            parts += [b"$%d\r\n" % argument.itemsize, _characters(argument, columns[0].size), b"\r\n"]
        else:
            parts.append(_bulk(argument))
    widths = [part.shape[1] if isinstance(part, np.ndarray) else len(part) for part in parts]
    rows = np.empty((columns[0].size, sum(widths)), np.uint8)
    at = 0
    for part, width in zip(parts, widths, strict=True):
        rows[:, at : at + width] = part if isinstance(part, np.ndarray) else np.frombuffer(part, np.uint8)
        at += width
    begin = np.arange(len(rows), dtype=np.int64) * at
    return Requests(rows.reshape(-1), begin, begin + at)


def digits(values: NDArray[np.int64], width: int) -> NDArray[np.bytes_]:
    """Return integers in decimal with leading zeros, all of one *width* (1 to 18), as an array for `encode_rows`."""
    if not 1 <= width <= MOST_DIGITS:
        raise ValueError(f"width ({width}) must be from 1 to {MOST_DIGITS}")
    given = np.asarray(values, np.int64)
    if given.size and not (given.min() >= 0 and given.max() < 10**width):
        raise ValueError(f"values ({given.min()} to {given.max()}) must have from 1 to {width} digits and no sign")
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    characters = (given[:, np.newaxis] // powers % 10 + ord("0")).astype(np.uint8)
    return characters.view(f"S{width}").reshape(-1)


def joined(parts: Sequence[Requests]) -> Requests:
    """Return all requests of several, one after the other; `take` then mixes them."""
    shift = np.cumsum([0, *(part.blob.size for part in parts[:-1])])
    return Requests(
        np.concatenate([part.blob for part in parts]),
        np.concatenate([part.begin + by for part, by in zip(parts, shift, strict=True)]),
        np.concatenate([part.end + by for part, by in zip(parts, shift, strict=True)]),
    )


def _bulk(argument: Argument) -> bytes:
    data = argument if isinstance(argument, bytes) else str(argument).encode()
    return b"$%d\r\n%b\r\n" % (len(data), data)


def _characters(column: NDArray[np.bytes_], count: int) -> NDArray[np.uint8]:
    """Return the bytes of a column, uint8[count, width]."""
    if column.dtype.kind != "S" or column.shape != (count,):
        raise ValueError(f"an argument that changes must be {count} byte strings, not {column.dtype}{column.shape}")
    characters = np.ascontiguousarray(column).view(np.uint8).reshape(count, column.itemsize)
    if not characters[:, -1].all():
        raise ValueError(f"byte strings of an argument that changes must all be {column.itemsize} long")
    return characters
