"""Knees: found where they were put, and nowhere else."""

import itertools
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from models.experiments.sweep.design import Design, Point, design_of
from models.experiments.sweep.knee import CHANCE, knees, levels_of
from tests.sweeps import sweep_of

SHARDS = "redis.shards"
POLL = "clients.poll_interval_s"


def made(design: Design, cpu: Callable[[Point], float], half: float | None = None) -> list[tuple[object, ...]]:
    """The knees of engine CPU, limit 90 %, when it is what *cpu* says at each point."""
    found = knees(sweep_of(design, {"redis.engine_cpu_peak_60s_percent": cpu}, half=half))
    return [(k.path, k.holds_at, k.breaks_at, k.lines, len(k.others), k.support) for k in found]


def test_a_knee_lies_between_neighbours_in_order_of_size() -> None:
    design = design_of([f"{SHARDS}=5,2,3,8"], None, 1)
    assert made(design, lambda point: 240 / point[SHARDS]) == [(SHARDS, 3, 2, 1, 1, 1)]


def test_words_keep_the_order_given() -> None:
    order = design_of(["waiting_room.ticket_order=redis_time,counter,pod_clock"], None, 1)
    found = made(order, lambda point: 95 if point["waiting_room.ticket_order"] == "pod_clock" else 50)
    assert found == [("waiting_room.ticket_order", "counter", "pod_clock", 1, 1, 1)]


def test_nothing_breaks_or_everything_does_without_a_knee() -> None:
    design = design_of([f"{SHARDS}=2,3,5"], None, 1)
    assert made(design, lambda _: 89.9) == made(design, lambda _: 95) == []
    assert made(design, lambda _: 90.0) == []  # a level is met up to and including its limit


def test_a_level_that_comes_and_goes_has_a_knee_at_each_change() -> None:
    cpu = {2: 95, 3: 50, 5: 95, 8: 50}
    design = design_of([f"{SHARDS}=2,3,5,8"], None, 1)
    found = made(design, lambda point: cpu[point[SHARDS]])
    assert [(holds, breaks) for _, holds, breaks, *_ in found] == [(3, 2), (3, 5), (8, 5)]


def test_lines_with_the_same_knee_share_it() -> None:
    design = design_of([f"{SHARDS}=2,3,5", f"{POLL}=1,2,5"], None, 1)
    found = made(design, lambda point: 300 / point[SHARDS] / (2 if point[POLL] == 5 else 1))
    assert (SHARDS, 5, 3, 3, 2, 1) in found
    assert (SHARDS, 3, 2, 3, 1, 1) not in found
    assert (POLL, 5, 2, 3, 2, 1) in found


@settings(max_examples=40)
@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=3, max_size=3))
def test_in_any_pattern_there_are_as_many_knees_as_changes(pattern: list[list[bool]]) -> None:
    design = design_of([f"{SHARDS}=1,2,3", f"{POLL}=1,2,3"], None, 1)
    found = made(design, lambda point: 50 if pattern[point[SHARDS] - 1][point[POLL] - 1] else 95)
    by_path = {path: sum(lines for p, *_, lines, _ in found if p == path) for path in (SHARDS, POLL)}
    columns = list(zip(*pattern, strict=True))
    assert by_path[POLL] == sum(a != b for row in pattern for a, b in itertools.pairwise(row))
    assert by_path[SHARDS] == sum(a != b for column in columns for a, b in itertools.pairwise(column))


def test_an_interval_across_the_limit_makes_a_knee_uncertain() -> None:
    design = design_of([f"{SHARDS}=2,3"], None, 1)
    cpu = {"redis.engine_cpu_peak_60s_percent": lambda point: 180 / point[SHARDS] + 1}
    assert [knee.certain for knee in knees(sweep_of(design, cpu))] == [None]
    assert [knee.certain for knee in knees(sweep_of(design, cpu, half=0.5))] == [True]
    assert [knee.certain for knee in knees(sweep_of(design, cpu, half=2))] == [False]


def test_a_hypercube_tells_the_parameter_that_decides_and_where() -> None:
    design = design_of([f"{POLL}=1..9", "admission.rate_rps=10..90"], 40, 3)
    found = made(design, lambda point: 270 / point[POLL])
    values = sorted(point[POLL] for point in design.points)
    low, high = max(v for v in values if v < 3), min(v for v in values if v >= 3)
    assert found == [(POLL, high, low, 1, 0, sum(v >= 3 for v in values))]


def test_points_of_equal_value_are_not_torn_apart() -> None:
    design = design_of([f"{SHARDS}=1..4", f"{POLL}=1..9"], 40, 1)
    found = made(design, lambda point: 95 if point[SHARDS] == 2 and point[POLL] > 5 else 50)
    assert all(path != SHARDS or (holds, breaks) in {(1, 2), (3, 2)} for path, holds, breaks, *_ in found)


def test_chance_is_seldom_taken_for_a_knee() -> None:
    wrong = 0
    for seed in range(40):
        design = design_of([f"{POLL}=1..9", "admission.rate_rps=10..90"], 12, seed)
        order = list(design.points)
        # what breaks depends on the place in the design alone, which the seed has shuffled
        wrong += bool(made(design, lambda point, order=order: 95 if order.index(point) % 2 else 50))  # type: ignore[misc]
    # at most CHANCE of 40 are 2, three standard deviations are 4.1
    assert wrong <= CHANCE * 40 + 4.1


def test_levels_that_only_some_cells_have_are_left_out() -> None:
    loads = "{mode: onsale},{mode: open_loop, stages: [{rate_rps: 50, duration_s: 20}]}"
    mixed = sweep_of(design_of([f"clients.load={loads}"], None, 1), {})
    assert levels_of(mixed) == ["status_p99_ms", "error_percent", "engine_cpu_percent"]
