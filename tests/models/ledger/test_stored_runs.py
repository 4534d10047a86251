"""The committed ledger: judged again from stored runs, and held against what was accepted, both ways."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dashboards.ledger.accepting import accept, moved_from_accepted, stored_ledger
from models.ledger import book, stored
from models.ledger.accepted import ACCEPTED, moved, said
from models.ledger.book import CHECKS, judged
from models.ledger.checks import Check, Sources
from models.ledger.claims import claims
from models.ledger.evidence import Evidence
from models.ledger.measured import read_measured
from models.ledger.searches import ENGINE_LEVEL, SEARCHES, Search
from models.ledger.stored import EVIDENCE, Heard, evidence_document, heard, read_runs
from sim.errors import BadInput
from sim.outcome import Outcome, Replications
from tests.models.ledger.made_up import flip, sources

ENGINE = "redis.engine_cpu_peak_60s_percent"


def value(run: str, kpi: str, seed: int) -> float:
    return 50.0 + seed if kpi == ENGINE else 0.5 if kpi != "wait.mean_s" else 150.0


@cache
def evidence() -> Sources:
    """Evidence that has what verdicts ask for, and figures that none asks for."""
    made = sources(value)
    asked = heard(Sources(made.runs, read_measured(), made.flips))
    judged(tuple(claims()), asked, questions=True)
    return Sources({name: _plain(item) for name, item in asked.runs.items()}, asked.measured, asked.flips)


def _plain(item: Evidence) -> Evidence:
    assert isinstance(item, Heard)
    name = next(name for name, each in sources(value).runs.items() if each.run == item.run)
    outcomes = {
        seed: Outcome(
            {kpi: value(name, kpi, seed) for kpi in (*item.asked, "nobody.asks") if " " not in kpi}, outcome.payload
        )
        for seed, outcome in item.found.outcomes.items()
    }
    return Evidence(item.run, item.scenario, Replications("made-up", outcomes), item.seed, item.confidence)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which made-up evidence is stored and its ledger accepted."""
    accept(judged(tuple(claims()), evidence(), questions=True), evidence(), "made up", tmp_path)
    return tmp_path


def change(path: Path, how: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    how(document)
    path.write_text(json.dumps(document))


def test_what_is_stored_is_judged_as_what_was_run(folder: Path) -> None:
    ledger, _, runs = stored_ledger(tuple(claims()), True, folder)
    assert said(ledger) == said(judged(tuple(claims()), evidence(), questions=True))
    assert moved_from_accepted(ledger, folder) == []
    assert runs.changed == ()
    assert "of now" in runs.standing
    text = (folder / EVIDENCE).read_text()
    assert "nobody.asks" not in text, "only what is asked for is kept"
    assert len(text) < 300_000


def test_a_figure_that_moves_is_named_with_its_claim(folder: Path) -> None:
    def hotter(document: dict[str, Any]) -> None:
        kpis = document["runs"]["hot"]["kpis"]
        kpis[ENGINE] = [95.0 + k for k in range(len(kpis[ENGINE]))]

    change(folder / EVIDENCE, hotter)
    ledger, _, _ = stored_ledger(tuple(claims()), True, folder)
    found = moved_from_accepted(ledger, folder)
    assert "redis.sizing" in {each.name for each in found}
    assert any(each.text.startswith("redis.sizing: verdict was ") for each in found)
    assert not any(each.name.startswith("scale.") for each in found), "what does not rest on it has not moved"
    some, _, _ = stored_ledger(("redis.sizing",), False, folder)
    assert {each.name for each in moved_from_accepted(some, folder)} == {"redis.sizing"}


def test_a_judge_that_changes_moves_its_claim(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = CHECKS["redis.sizing"]
    stricter = Check(
        lambda claim, sources: replace(check.judge(claim, sources), verdict="refuted", flips=()),
        check.runs,
        check.ways,
        check.searches,
    )
    monkeypatch.setattr(book, "CHECKS", {**CHECKS, "redis.sizing": stricter})
    ledger, _, _ = stored_ledger(tuple(claims()), True, folder)
    assert {each.name for each in moved_from_accepted(ledger, folder)} == {"redis.sizing"}


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda document: document.update(sources="f" * 32), "the sources changed since"),
        (lambda document: document["runs"]["hot"].update(scenario="f" * 16), "the scenario of hot changed since"),
        (lambda document: document["runs"]["hot"].update(profile="f" * 16), "the profile of hot changed since"),
    ],
)
def test_runs_of_before_are_never_called_those_of_now_and_fail_nothing(
    folder: Path, how: Callable[[dict[str, Any]], None], says: str
) -> None:
    change(folder / EVIDENCE, how)
    ledger, _, runs = stored_ledger(tuple(claims()), True, folder)
    assert says in runs.standing
    assert "which are not of now" in runs.standing
    assert "breakwater validate --accept" in runs.standing
    assert moved_from_accepted(ledger, folder) == []


def test_a_claim_that_is_gone_or_new_has_moved() -> None:
    before = {"claims": {"a": {"verdict": "refuted"}}, "questions": {}}
    now = {"claims": {"b": {"verdict": "refuted"}}, "questions": {}}
    assert [each.text for each in moved(before, now)] == ["a: it was there, is gone", "b: it was nothing, is there"]


def test_rounding_is_no_move_and_prose_is_none() -> None:
    before = {"claims": {"a": {"twin": {"best": 0.1 + 0.2}}}, "questions": {}}
    assert moved(before, {"claims": {"a": {"twin": {"best": 0.3}}}, "questions": {}}) == []
    (found,) = moved(before, {"claims": {"a": {"twin": {"best": 0.31}}}, "questions": {}})
    assert found.text == "a: twin was best 0.30000000000000004, is best 0.31"


def test_what_is_missing_or_damaged_is_one_line(folder: Path, tmp_path: Path) -> None:
    change(folder / EVIDENCE, lambda document: document["runs"].pop("hot"))
    with pytest.raises(BadInput, match=r"hot is not stored; breakwater validate --accept"):
        read_runs(["hot"], [], folder)
    (folder / EVIDENCE).write_text("{")
    with pytest.raises(BadInput, match="holds no stored runs"):
        read_runs([], [], folder)
    (folder / EVIDENCE).unlink()
    with pytest.raises(BadInput, match=r"evidence.json: cannot be read \(No such file or directory\); breakwater"):
        read_runs([], [], folder)
    (folder / ACCEPTED).write_text("[]")
    with pytest.raises(BadInput, match="holds no accepted ledger"):
        moved_from_accepted(judged((), evidence(), questions=False), folder)


def test_where_nothing_moved_nothing_is_written(folder: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_text()) for path in folder.iterdir()}
    ledger, _, _ = stored_ledger(tuple(claims()), True, folder)
    assert accept(ledger, None, "another reason", folder) == "Nothing moved; nothing was written."
    assert {path: (path.stat().st_mtime_ns, path.read_text()) for path in folder.iterdir()} == before


def test_what_was_moved_is_written_and_named(folder: Path) -> None:
    change(folder / ACCEPTED, lambda document: document["claims"]["cost.nodes"].update(verdict="confirmed"))
    runs = (folder / EVIDENCE).read_text()
    ledger, _, _ = stored_ledger(tuple(claims()), True, folder)
    assert accept(ledger, None, "another reason", folder) == f"Accepted; written: {folder / ACCEPTED}."
    assert json.loads((folder / ACCEPTED).read_text())["reason"] == "another reason"
    assert moved_from_accepted(ledger, folder) == []
    assert (folder / EVIDENCE).read_text() == runs


def test_what_would_be_judged_otherwise_leaves_what_was_accepted(folder: Path) -> None:
    before = {path.name: path.read_text() for path in folder.iterdir()}
    found = judged(tuple(claims()), evidence(), questions=True)
    other = replace(found, entries=(replace(found.entries[0], why="Never 123,456."), *found.entries[1:]))
    with pytest.raises(RuntimeError, match="what would be stored is judged otherwise"):
        accept(other, evidence(), "made up", folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "change_of",
    [
        lambda search: replace(search, levels=ENGINE_LEVEL),
        lambda search: replace(search, kpis=((search.kpis[0][0], 0.99 * search.kpis[0][1]),)),
        lambda search: replace(search, lost=search.lost + 100),
        lambda search: replace(search, resolution=2 * search.resolution),
        lambda search: replace(search, settings=lambda rate: (*search.settings(rate), "run.duration_s=90")),
    ],
)
def test_flips_of_a_search_that_asks_for_something_else_are_not_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change_of: Callable[[Search], Search]
) -> None:
    store_flips(tmp_path)
    assert read_runs([], ["rate_backend", "burst"], tmp_path).changed == ()
    changed = {**SEARCHES, "rate_backend": change_of(SEARCHES["rate_backend"])}
    monkeypatch.setattr(stored, "SEARCHES", changed)
    assert read_runs([], ["rate_backend", "burst"], tmp_path).changed == ("the search of rate_backend",)


def store_flips(folder: Path) -> None:
    made = Sources({}, read_measured(), {name: flip(name) for name in SEARCHES})
    (folder / EVIDENCE).write_text(json.dumps(evidence_document(made, "2026-01-01")))


@pytest.mark.parametrize(
    "how",
    [
        lambda flip: flip.pop("search"),
        # as it was when it looked at the first 90 s alone
        lambda flip: flip["search"].update(scenarios=["f" * 16, "f" * 16]),
        lambda flip: flip["search"].update(profile="f" * 16),
    ],
)
def test_flips_of_before_are_never_called_those_of_now(tmp_path: Path, how: Callable[[dict[str, Any]], None]) -> None:
    store_flips(tmp_path)
    change(tmp_path / EVIDENCE, lambda document: how(document["flips"]["rate_backend"]))
    found = read_runs([], ["rate_backend", "burst"], tmp_path)
    assert "which are not of now: the search of rate_backend changed since" in found.standing
