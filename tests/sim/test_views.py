"""Views: in compiled code they are the tuple they were made from, and write through to its arrays."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from sim.views import View

RECORD = np.dtype([("big", "i8"), ("ratio", "f8"), ("small", "i2"), ("flag", "i1"), ("pad", "i1", 5)])


class Inner(NamedTuple):
    """The innermost state."""

    count: np.ndarray
    half: float


class Middle(NamedTuple):
    """A state that holds one."""

    inner: Inner
    record: np.ndarray
    limit: int


class Outer(NamedTuple):
    """Every kind of field."""

    cube: np.ndarray
    ratio: float
    yes: bool
    no: bool
    middle: Middle
    again: Inner
    grid: np.ndarray
    words: np.ndarray
    negative: int


def outer() -> Outer:
    return Outer(
        cube=np.arange(24, dtype=np.int32).reshape(2, 3, 4),
        ratio=-0.1,
        yes=True,
        no=False,
        middle=Middle(Inner(np.arange(3), 1e300), np.zeros(5, RECORD), 2**62 + 1),
        again=Inner(np.arange(7, 10), 0.5),
        grid=np.linspace(0, 1, 10).reshape(5, 2),
        words=np.full(4, 2**64 - 1, np.uint64),
        negative=-3,
    )


@njit
def numbers(w):
    return w.ratio, w.yes, w.no, w.middle.limit, w.middle.inner.half, w.again.half, w.negative


@njit
def elements(w, i, j, k):
    return w.cube[i, j, k], w.middle.inner.count[i], w.again.count[i], w.grid[j, i], w.words[k]


@njit
def shapes(w):
    return w.cube.shape, w.grid.shape, w.words.size, w.middle.record.size


@njit
def sums(w):
    return w.cube.sum(), w.grid[1:, 0].sum(), w.cube[1, :, 2].sum()


@njit
def write(w, at):
    w.cube[1, 2, 3] = -1
    inner = w.middle.inner
    inner.count[at] += 40
    w.middle.record[at].big = 2**40
    record = w.middle.record[at + 1]
    record.ratio, record.small, record.flag = 0.25, -2, 1


@njit
def passed_on(middle):
    return middle.inner.count[0] + middle.limit


@njit
def pass_on(w):
    return passed_on(w.middle)


@pytest.mark.parametrize("width", [np.int8, np.uint8, np.int16, np.int32, np.uint64])
def test_an_index_of_any_width_finds_the_same_and_writes_there(width):
    state = outer()
    view = View(state)
    assert elements(view, width(1), width(2), width(3)) == (state.cube[1, 2, 3], 1, 8, state.grid[2, 1], 2**64 - 1)
    write(view, width(2))
    assert state.middle.inner.count.tolist() == [0, 1, 42]
    assert state.middle.record["big"].tolist() == [0, 0, 2**40, 0, 0]


def test_every_kind_of_field_reads_as_in_the_tuple():
    state = outer()
    view = View(state)
    assert numbers(view) == (-0.1, True, False, 2**62 + 1, 1e300, 0.5, -3)
    for i, j, k in np.ndindex(2, 3, 4):
        expected = (state.cube[i, j, k], i, 7 + i, state.grid[j, i], 2**64 - 1)
        assert elements(view, i, j, k) == expected
    assert shapes(view) == ((2, 3, 4), (5, 2), 4, 5)
    assert sums(view) == pytest.approx((276, state.grid[1:, 0].sum(), state.cube[1, :, 2].sum()))
    assert pass_on(view) == 2**62 + 1


def test_what_is_written_stands_in_the_arrays():
    state = outer()
    write(View(state), 2)
    assert state.cube[1, 2, 3] == -1
    assert state.cube.sum() == 276 - 23 - 1
    assert state.middle.inner.count.tolist() == [0, 1, 42]
    assert state.again.count.tolist() == [7, 8, 9]
    assert state.middle.record["big"].tolist() == [0, 0, 2**40, 0, 0]
    assert state.middle.record[3].tolist()[1:4] == (0.25, -2, 1)


def test_one_compilation_serves_every_size_but_no_other_kind():
    shapes(View(outer()))
    before = len(shapes.signatures)
    assert shapes(View(outer()._replace(words=np.zeros(9, np.uint64))))[2] == 9
    assert len(shapes.signatures) == before
    assert shapes(View(outer()._replace(words=np.zeros(9, np.int8))))[2] == 9
    assert len(shapes.signatures) == before + 1


def test_tuples_of_one_kind_are_of_one_type_wherever_they_stand():
    fields = View(outer()).numba_type.fields
    assert fields["again"][0] == fields["middle"][0].fields["inner"][0]


def test_a_view_keeps_its_arrays_alive():
    class Only(NamedTuple):
        count: np.ndarray

    view = View(Only(np.full(1 << 16, 5)))
    waste = [np.full(1 << 16, 6) for _ in range(4)]
    assert view.state.count.sum() == 5 << 16
    assert len(waste) == 4


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("text", "words is a str"),
        ([1, 2], "words is a list"),
        (None, "words is a NoneType"),
        ((1, 2), "words is a tuple"),
        (np.arange(8)[::2], "words is not a C-contiguous array"),
        (np.zeros((3, 2)).T, "words is not a C-contiguous array"),
    ],
)
def test_anything_else_is_refused(value, told):
    with pytest.raises(TypeError, match=told):
        View(outer()._replace(words=value))


def test_an_unknown_field_does_not_compile():
    @njit
    def wrong(w):
        return w.surprise

    with pytest.raises(Exception, match="surprise"):
        wrong(View(outer()))


PROGRAM = """
from typing import NamedTuple
import numpy as np
from numba import njit
from sim.views import View

class Part(NamedTuple):
    count: np.ndarray
    share: float

class Whole(NamedTuple):
    part: Part
    grid: np.ndarray

@njit(cache=True)
def total(w):
    return w.part.count.sum() * w.part.share + w.grid[1, 0]

print(total(View(Whole(Part(np.arange(5), 0.5), np.eye(3)))), *total.stats.cache_hits.values())
"""


def test_what_one_process_compiles_the_next_one_loads(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    source = Path(__file__).parents[2]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(source)}
    said = [
        subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said == ["5.0\n", "5.0 1\n"]
