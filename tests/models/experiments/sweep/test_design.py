"""Grids and Latin hypercubes: what every one of them must be, and the line for what none can be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experiments.sweep.design import GRID, HYPERCUBE, MOST_POINTS, Axis, Range, design_of, grid, latin_hypercube
from sim.errors import BadInput

AXES = st.lists(st.lists(st.integers(-5, 5), min_size=1, max_size=4, unique=True), min_size=1, max_size=4)


@given(AXES)
def test_a_grid_has_every_combination_once(values: list[list[int]]) -> None:
    axes = [Axis(f"p{k}", tuple(each)) for k, each in enumerate(values)]
    points = grid(axes)
    assert len(points) == math.prod(len(each) for each in values)
    assert len({tuple(point.items()) for point in points}) == len(points)
    for axis in axes:
        assert {point[axis.path] for point in points} == set(axis.values)
    assert all(list(point) == [axis.path for axis in axes] for point in points)


@st.composite
def ranges(draw: st.DrawFn) -> list[Range]:
    lows = draw(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4))
    return [Range(f"p{k}", low, low + draw(st.floats(1e-3, 1e6)), False) for k, low in enumerate(lows)]


@given(ranges(), st.integers(2, 40), st.integers(0, 2**32))
def test_a_hypercube_has_a_point_in_each_part_of_every_range(over: list[Range], n: int, seed: int) -> None:
    points = latin_hypercube(over, n, seed)
    assert len(points) == n
    for r in over:
        shares = [(point[r.path] - r.low) / (r.high - r.low) for point in points]
        assert all(r.low <= point[r.path] <= r.high for point in points)
        # the part's edge may fall to either side when a share is worked out backwards
        parts = sorted(share * n for share in shares)
        assert all(k - 1e-6 <= part <= k + 1 + 1e-6 for k, part in enumerate(parts))
    assert points == latin_hypercube(over, n, seed)


@given(st.integers(-50, 50), st.integers(1, 60), st.integers(2, 60), st.integers(0, 1000))
def test_integers_stay_in_their_range_and_are_spread_evenly(low: int, width: int, n: int, seed: int) -> None:
    whole, other = Range("whole", low, low + width, True), Range("other", 0.0, 1.0, False)
    points = latin_hypercube([whole, other], n, seed)
    values = [point["whole"] for point in points]
    assert all(type(value) is int and low <= value <= low + width for value in values)
    # n strata over width + 1 integers: none can have more than its share, rounded up, and one at each edge
    assert max(map(values.count, values)) <= math.ceil(n / (width + 1)) + 1


def test_both_ends_of_an_integer_range_are_reached() -> None:
    points = latin_hypercube([Range("whole", 1, 3, True), Range("other", 0.0, 1.0, False)], 30, 1)
    assert [sum(point["whole"] == value for point in points) for value in (1, 2, 3)] == [10, 10, 10]


def test_points_that_rounding_makes_equal_are_left_out_and_counted() -> None:
    design = design_of(["redis.shards=1..3"], 10, 1)
    assert sorted(point["redis.shards"] for point in design.points) == [1, 2, 3]
    assert design.coinciding == 7


def test_another_seed_gives_another_hypercube() -> None:
    vary = ["clients.poll_interval_s=1..9", "admission.rate_rps=10..90"]
    assert design_of(vary, 5, 1).points != design_of(vary, 5, 2).points
    assert design_of(vary, 5, 1).kind == HYPERCUBE


@pytest.mark.parametrize(
    ("path", "integer"),
    [
        ("redis.shards", True),
        ("clients.count", True),
        ("clients.poll_interval_s", False),
        ("clients.load.think_s", False),
        ("clients.load.stages.0.users", True),
        ("clients.load.stages.0.rate_rps", False),
        ("redis.profile", False),
        ("no.such.setting", False),
    ],
)
def test_the_scenarios_models_say_what_is_an_integer(path: str, integer: bool) -> None:
    (axis,) = design_of([f"{path}=1..2"], 2, 1).axes
    assert isinstance(axis, Range)
    assert axis.integer is integer


def test_values_are_yaml() -> None:
    texts = ["a.b=3, 5", "c=index,keys", "d=true,false,1", "e={1: 0.5, 3: 0.5},{1: 1.0}", "f=null,[x, y]"]
    design = design_of(texts, None, 1)
    assert design.kind == GRID
    assert [axis.values for axis in design.axes if isinstance(axis, Axis)] == [
        (3, 5),
        ("index", "keys"),
        (True, False, 1),
        ({1: 0.5, 3: 0.5}, {1: 1.0}),
        (None, ["x", "y"]),
    ]
    assert len(design.points) == 2 * 2 * 3 * 2 * 2


@pytest.mark.parametrize(
    ("vary", "hypercube", "message"),
    [
        ([], None, "--vary: none given"),
        (["redis.shards"], None, "'redis.shards' is not allowed"),
        (["=3"], None, "must be PATH=V1"),
        (["redis..shards=3"], None, "must be PATH=V1"),
        (["extends=a"], None, "must be PATH=V1"),
        (["redis.shards="], None, "redis.shards has no values"),
        (["redis.shards=3,,5"], None, "redis.shards: line 1: not valid YAML"),
        (["redis.shards=3],[5"], None, "redis.shards: line 1: not valid YAML"),
        (["redis.shards=3,5,3"], None, "redis.shards has 3 twice"),
        (["redis.shards=3,3.0"], None, "redis.shards has 3.0 twice"),
        (["redis.shards=3", "redis.shards=5"], None, "redis.shards is given twice"),
        (["redis.shards=1..5"], None, "redis.shards='1..5' is a range; ranges need --latin-hypercube"),
        (["redis.shards=1.." + "9" * 400], 5, "999... is not allowed"),
        (["redis.shards=1,2"], 5, "redis.shards='1,2' is no range"),
        (["redis.shards=5..1"], 5, "LOW must be below HIGH"),
        (["redis.shards=1.5..4"], 5, "LOW and HIGH must be integers"),
        (["clients.poll_interval_s=1..1e999"], 5, "LOW must be below HIGH"),
        (["clients.poll_interval_s=1..2"], 1, "--latin-hypercube: 1 is not allowed"),
        (["clients.poll_interval_s=1..2"], MOST_POINTS + 1, "from 2 to 10,000"),
        ([f"{p}=" + ",".join(map(str, range(101))) for p in "ab"], None, "10,201 cells are too many"),
    ],
)
def test_what_no_sweep_can_be_is_refused_in_a_line(vary: list[str], hypercube: int | None, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        design_of(vary, hypercube, 1)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
