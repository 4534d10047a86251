"""Baselines as files: those shipped, what they survive, and how each way of being wrong is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.redis_costs.profile import profile_names
from models.regression.baseline import (
    SHIPPED,
    ProfileBaseline,
    SimulationBaseline,
    baseline_json,
    parse_baseline,
    read_baselines,
)
from sim.errors import BadInput

RATES = (1_000, 10_000, 20_000, 30_000)


def document(**changes: Any) -> dict[str, Any]:
    """A small baseline of a simulation, changed at its top."""
    row = {
        "case": "small",
        "kpi": "wait.mean_s",
        "value": 17.5,
        "unit": "s",
        "tolerance": 3,
        "tolerance_is": "percent",
        "direction": "up",
        "why": "a service level",
    }
    case = {"made_of": {}, "scenario": "onsale-small", "settings": ["gateway.pods=3"], "seed": 1}
    given = {
        "schema_version": 1,
        "measures": "simulation",
        "reason": "the first",
        "versions": {"numpy": "2.4"},
        "cases": {"small": case},
        "rows": [row],
    }
    return given | changes


def with_row(**changes: Any) -> dict[str, Any]:
    given = document()
    return given | {"rows": [given["rows"][0] | changes]}


def parsed(given: dict[str, Any]) -> Any:
    return parse_baseline(json.dumps(given).encode(), "small.json")


def test_what_is_shipped_can_be_read_and_stands_as_it_would_be_written() -> None:
    for name, baseline in read_baselines(SHIPPED).items():
        text = (SHIPPED / name).read_text(encoding="utf-8")
        assert baseline_json(baseline) == text
        assert all(baseline.cases[case].made_of for case in baseline.cases), f"{name} has not been measured"


def test_engine_cpu_is_watched_at_every_rate_for_every_endpoint_whichever_way_it_moves() -> None:
    rows = read_baselines(SHIPPED)["engine-cpu.json"].rows
    watched = {(row.case, row.kpi) for row in rows if row.direction == "either"}
    wanted = {
        (endpoint, f"stage_{rate}_rps.engine_cpu_percent")
        for endpoint in ("status", "join", "enter", "mix")
        for rate in RATES
    }
    assert wanted <= watched


def test_every_shipped_profile_is_watched() -> None:
    baseline = read_baselines(SHIPPED)["profile-costs.json"]
    assert isinstance(baseline, ProfileBaseline)
    assert sorted(case.profile for case in baseline.cases.values()) == profile_names()


def test_a_baseline_survives_being_written() -> None:
    baseline = parsed(document(reason='with "quotes", a \\ and Umlaut: ü'))
    assert isinstance(baseline, SimulationBaseline)
    assert parse_baseline(baseline_json(baseline).encode(), "again") == baseline


def test_causes_come_before_effects() -> None:
    kinds = [baseline.measures for baseline in read_baselines(SHIPPED).values()]
    assert kinds == ["lua_calls", "profile_costs", "simulation", "simulation"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (document(schema_version=2), "small.json: schema_version: 2 cannot be read; must be 1"),
        (document(schema_version=None), "small.json: schema_version: null cannot be read; must be 1"),
        (document(measures="wind"), "small.json: measures: 'wind' is not allowed; must be one of lua_calls, "),
        (document(reason=""), "small.json: reason: "),
        (document(reason="two\nlines"), "small.json: reason: "),
        (document(colour="red"), "small.json: colour: unknown key"),
        (document(cases={}), "small.json: rows.0.case: 'small' is none of the cases"),
        (
            document(rows=document()["rows"] * 2),
            "small.json: rows.1.kpi: 'wait.mean_s' of case 'small' stands there twice",
        ),
        (with_row(tolerance=-1), "small.json: rows.0.tolerance: -1 is not allowed"),
        (with_row(tolerance="3 %"), "small.json: rows.0.tolerance: '3 %' is not allowed"),
        (with_row(direction="sideways"), "small.json: rows.0.direction: 'sideways' is not allowed; must be 'up', "),
        (with_row(value="much"), "small.json: rows.0.value: 'much' is not allowed"),
        (with_row(why=""), "small.json: rows.0.why: "),
        ({k: v for k, v in document().items() if k != "rows"}, "small.json: rows: missing"),
        (document(measures="lua_calls", cases={"x": {"made_of": {}}}, rows=[]), "small.json: cases: must be 'scripts'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput) as refused:
        parsed(given)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff\xfe", b"[]", b'"baseline"', b"NaN"])
def test_a_damaged_file_is_named(damaged: bytes, tmp_path: Path) -> None:
    (tmp_path / "kpis.json").write_bytes(damaged)
    with pytest.raises(BadInput, match=r"^kpis\.json: "):
        read_baselines(tmp_path)


def test_a_folder_that_is_not_there_has_no_baselines(tmp_path: Path) -> None:
    assert read_baselines(tmp_path / "none") == {}
