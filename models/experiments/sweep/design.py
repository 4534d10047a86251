"""Where to look: the points of a sweep, as a grid of given values or as a Latin hypercube over ranges."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.documents.text import shown
from models.documents.yaml_text import read_value
from models.scenario.messages import is_integer
from sim.errors import BadInput

Point = Mapping[str, Any]
"""Values by dotted path of the parameter."""

GRID, HYPERCUBE = "grid", "latin_hypercube"
MOST_POINTS = 10_000
"""More would take days, and no table or figure would show them."""

_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\.\.({_NUMBER})\s*")


@dataclass(frozen=True)
class Axis:
    """A parameter and the values it takes, in the order given."""

    path: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Range:
    """A parameter and the interval it is drawn from, both ends included if it is an integer."""

    path: str
    low: float
    high: float
    integer: bool


@dataclass(frozen=True)
class Design:
    """The points of a sweep and the axes they lie on: Axis for a GRID, Range for a HYPERCUBE.

    `coinciding` counts points of a hypercube that rounding made equal to another one; they are left out.
    """

    kind: str
    axes: tuple[Axis, ...] | tuple[Range, ...]
    points: tuple[Point, ...]
    coinciding: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The varied parameters."""
        return tuple(axis.path for axis in self.axes)


def design_of(vary: Sequence[str], hypercube: int | None, seed: int) -> Design:
    """Return the design that the texts *vary* ask for.

    PATH=V1,V2,... each for a grid, whose values are YAML; PATH=LOW..HIGH each for a Latin hypercube of *hypercube*
    points. BadInput, naming the parameter, for anything else.
    """
    parts = [_split(text) for text in vary]
    if not parts:
        raise BadInput("--vary: none given; must be at least one PATH=V1,V2,... (or PATH=LOW..HIGH)")
    path, times = Counter(path for path, _ in parts).most_common(1)[0]
    if times > 1:
        raise BadInput(f"--vary: {path} is given twice; name all its values in one")
    if hypercube is None:
        axes = tuple(_axis(path, text) for path, text in parts)
        return Design(GRID, axes, grid(axes))
    ranges = tuple(_range(path, text) for path, text in parts)
    if not 2 <= hypercube <= MOST_POINTS:
        raise BadInput(f"--latin-hypercube: {hypercube} is not allowed; must be an integer from 2 to {MOST_POINTS:,}")
    points = latin_hypercube(ranges, hypercube, seed)
    return Design(HYPERCUBE, ranges, points, hypercube - len(points))


def grid(axes: Sequence[Axis]) -> tuple[Point, ...]:
    """Return every combination of the axes' values; the last axis changes fastest. BadInput for too many."""
    cells = math.prod(len(axis.values) for axis in axes)
    if cells > MOST_POINTS:
        raise BadInput(f"--vary: {cells:,} cells are too many; at most {MOST_POINTS:,}")
    paths = [axis.path for axis in axes]
    combinations = itertools.product(*(axis.values for axis in axes))
    return tuple(dict(zip(paths, values, strict=True)) for values in combinations)


def latin_hypercube(ranges: Sequence[Range], n: int, seed: int) -> tuple[Point, ...]:
    """Return *n* points, one in each of the *n* equal parts of every range (McKay, Beckman and Conover 1979).

    Integers are rounded, each as likely as any other; of points that this makes equal, one is returned.
    """
    from scipy.stats import qmc  # takes a second to import, and a grid needs none of it

    shares = qmc.LatinHypercube(len(ranges), rng=seed).random(n)
    points = [{r.path: _at(r, float(share)) for r, share in zip(ranges, row, strict=True)} for row in shares]
    return tuple({tuple(point.values()): point for point in points}.values())


def _at(r: Range, share: float) -> int | float:
    """Return the value at *share* (0 to 1) of a range."""
    if r.integer:
        return min(int(r.high), math.floor(r.low + share * (r.high - r.low + 1)))
    return min(r.high, r.low + share * (r.high - r.low))


def _split(text: str) -> tuple[str, str]:
    path, equals, values = text.partition("=")
    path = path.strip()
    if not equals or not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", path) or path == "extends":
        raise BadInput(f"--vary: {shown(text)} is not allowed; must be PATH=V1,V2,... such as redis.shards=3,5,7")
    return path, values


def _axis(path: str, text: str) -> Axis:
    if _RANGE.fullmatch(text):
        raise BadInput(f"--vary: {path}={shown(text.strip())} is a range; ranges need --latin-hypercube N")
    values = read_value(f"[{text}]", path)
    if not values:
        raise BadInput(f"--vary: {path} has no values; must be at least one, such as {path}=V1,V2")
    for k, value in enumerate(values):
        if any(_same(value, other) for other in values[:k]):
            raise BadInput(f"--vary: {path} has {shown(value)} twice; values must be distinct")
    return Axis(path, tuple(values))


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _range(path: str, text: str) -> Range:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise BadInput(f"--vary: {path}={shown(text)} is no range; --latin-hypercube needs {path}=LOW..HIGH")
    low, high = float(found[1]), float(found[2])
    if not low < high or math.isinf(high - low):
        raise BadInput(f"--vary: {path}={shown(text.strip())} is not allowed; LOW must be below HIGH")
    integer = is_integer(path)
    if integer and not (low.is_integer() and high.is_integer()):
        raise BadInput(f"--vary: {path}={shown(text.strip())} is not allowed; LOW and HIGH must be integers")
    return Range(path, low, high, integer)
