"""Comparison: the laws of tolerance and direction, and what a row says has changed."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.regression.baseline import Row, ScriptsBaseline, ScriptsCase, SimulationBaseline, SimulationCase
from models.regression.compare import Evidence, Measured, Outcome, compare, outcome_of
from models.regression.update import checked_reason, updated
from sim.errors import BadInput

VALUES = st.floats(-1e9, 1e9)
TOLERANCES = st.floats(0, 1e6)


def a_row(**changes: Any) -> Row:
    given = {
        "case": "a",
        "kpi": "wait.mean_s",
        "value": 100.0,
        "unit": "s",
        "tolerance": 3.0,
        "tolerance_is": "percent",
        "direction": "up",
        "why": "a service level",
    }
    return Row.model_validate(given | changes)


def a_baseline(*rows: Row, made_of: dict[str, str] | None = None) -> SimulationBaseline:
    case = SimulationCase(made_of=made_of or {}, scenario="onsale-small", settings=(), seed=1)
    return SimulationBaseline(
        schema_version=1, measures="simulation", reason="the first", versions={}, cases={"a": case}, rows=rows
    )


def evidence(values: dict[str, float | None], unit: str = "s", **made_of: str) -> Evidence:
    return Evidence({("f.json", "a"): Measured(values, dict.fromkeys(values, unit), made_of)}, {})


@pytest.mark.parametrize(
    ("changes", "now", "outcome"),
    [
        ({}, 100.0, Outcome.SAME),
        ({}, 103.0, Outcome.WITHIN),
        ({}, 103.01, Outcome.WORSE),
        ({}, 96.9, Outcome.IMPROVED),
        ({"direction": "down"}, 96.9, Outcome.WORSE),
        ({"direction": "down"}, 103.01, Outcome.IMPROVED),
        ({"direction": "either"}, 103.01, Outcome.MOVED),
        ({"direction": "either"}, 96.9, Outcome.MOVED),
        ({"tolerance_is": "absolute"}, 103.0, Outcome.WITHIN),
        ({"tolerance_is": "absolute"}, 103.5, Outcome.WORSE),
        ({"value": 0.0}, 1e-9, Outcome.WORSE),
        ({"value": -100.0}, -96.9, Outcome.WORSE),
        ({"value": None}, None, Outcome.SAME),
        ({"value": None}, 0.0, Outcome.MOVED),
        ({}, None, Outcome.MOVED),
    ],
)
def test_what_a_move_means(changes: dict[str, Any], now: float | None, outcome: Outcome) -> None:
    assert outcome_of(a_row(**changes), now) == outcome


@given(VALUES, TOLERANCES, st.sampled_from(["percent", "absolute"]), VALUES, st.sampled_from(["up", "down", "either"]))
def test_it_fails_exactly_beyond_its_tolerance_the_worse_way(
    value: float, tolerance: float, kind: str, now: float, direction: str
) -> None:
    row = a_row(value=value, tolerance=tolerance, tolerance_is=kind, direction=direction)
    allowed = tolerance if kind == "absolute" else abs(value) * tolerance / 100
    assume(abs(now - value) != allowed)
    beyond = abs(now - value) > allowed
    worse = direction == "either" or (now > value) == (direction == "up")
    assert outcome_of(row, now).fails == (beyond and worse)


@given(VALUES, TOLERANCES, VALUES, st.sampled_from(["up", "down", "either"]))
def test_a_wider_tolerance_never_fails_more(value: float, tolerance: float, now: float, direction: str) -> None:
    narrow = a_row(value=value, tolerance=tolerance, direction=direction)
    wide = a_row(value=value, tolerance=2 * tolerance, direction=direction)
    assert outcome_of(narrow, now).fails or not outcome_of(wide, now).fails


@given(VALUES, TOLERANCES, VALUES)
def test_up_and_down_are_mirror_images(value: float, tolerance: float, now: float) -> None:
    up = outcome_of(a_row(value=value, tolerance=tolerance, direction="up"), now)
    down = outcome_of(a_row(value=-value, tolerance=tolerance, direction="down"), -now)
    either = outcome_of(a_row(value=value, tolerance=tolerance, direction="either"), now)
    assert up == down
    assert either.fails == (up in (Outcome.WORSE, Outcome.IMPROVED))


@given(st.none() | VALUES, st.none() | VALUES)
def test_after_an_update_nothing_has_moved(before: float | None, now: float | None) -> None:
    baselines = {"f.json": a_baseline(a_row(value=before))}
    found = evidence({"wait.mean_s": now}, scenario="s")
    accepted = updated(baselines, found, compare(baselines, found), "because")
    assert accepted["f.json"].reason == "because"
    again = compare(baselines | accepted, found)
    assert {finding.outcome for finding in again.findings} == {Outcome.SAME}
    assert updated(baselines | accepted, found, again, "once more") == {}


def test_a_row_says_what_has_changed_since_it_was_accepted() -> None:
    baseline = a_baseline(a_row(), made_of={"scenario": "1", "profile": "p", "extra_calls": "none"})
    baselines = {"f.json": baseline.model_copy(update={"versions": {"numpy": "2.3"}})}
    found = evidence({"wait.mean_s": 110.0}, scenario="2", profile="p", extra_calls="status ZCOUNT +1")
    (finding,) = compare(baselines, Evidence(found.cases, {"numpy": "2.4"})).findings
    told = ("scenario", "scripts: status ZCOUNT +1", "numpy 2.3 -> 2.4")
    assert finding.changed == told
    (same,) = compare(baselines, evidence({"wait.mean_s": 100.0}, scenario="2")).findings
    assert same.changed == ()
    (other,) = compare({"f.json": baseline}, evidence({"wait.mean_s": 110.0}, **baseline.cases["a"].made_of)).findings
    assert other.changed == ("code of the engine or the models",)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (a_row(kpi="wait.men_s"), "f.json: rows: kpi wait.men_s is not known in case a; did you mean wait.mean_s?"),
        (a_row(unit="ms"), "f.json: rows: unit ms of kpi wait.mean_s is not allowed; must be s"),
    ],
)
def test_a_row_that_no_run_has_is_refused(row: Row, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        compare({"f.json": a_baseline(row)}, evidence({"wait.mean_s": 1.0}))
    assert str(refused.value).replace("'", "") == told


def test_a_call_more_or_less_fails_without_a_row_for_it() -> None:
    rows = [a_row(case="scripts", kpi=f"status.in_line.{call}", value=1.0, unit="calls", tolerance=0.0,
                  direction="either") for call in ("ZRANK(line)", "ZADD(seen)")]  # fmt: skip
    baseline = ScriptsBaseline(
        schema_version=1,
        measures="lua_calls",
        reason="the first",
        versions={},
        cases={"scripts": ScriptsCase(made_of={"status.lua": "1"})},
        rows=tuple(rows),
    )
    calls = {"status.in_line.ZRANK(line)": 1.0, "status.in_line.ZCOUNT": 1.0}
    found = Evidence({("l.json", "scripts"): Measured(calls, dict.fromkeys(calls, "calls"), {"status.lua": "2"})}, {})
    moved = {
        finding.row.kpi: (finding.row.value, finding.now, finding.changed)
        for finding in compare({"l.json": baseline}, found).findings
        if finding.outcome.fails
    }
    assert moved == {
        "status.in_line.ZADD(seen)": (1.0, 0.0, ("status.lua",)),
        "status.in_line.ZCOUNT": (0.0, 1.0, ("status.lua",)),
    }
    accepted = updated({"l.json": baseline}, found, compare({"l.json": baseline}, found), "meant")["l.json"]
    assert {row.kpi: row.value for row in accepted.rows} == calls


@pytest.mark.parametrize("reason", [None, "", "  ", "two\nlines", "x" * 301])
def test_a_reason_is_one_line_that_says_something(reason: str | None) -> None:
    with pytest.raises(BadInput, match=r"^--reason: "):
        checked_reason(reason)


def test_spaces_around_a_reason_say_nothing() -> None:
    assert checked_reason(" new profile ") == "new profile"
