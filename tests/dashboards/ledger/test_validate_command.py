"""`breakwater validate` as its users meet it; claims that need no simulation, so that it is quick."""

import json
from functools import partial
from pathlib import Path

import pytest

from dashboards.cli import app
from dashboards.ending import guarded
from dashboards.ledger import accepting
from dashboards.ledger.command import ledger_of
from dashboards.ledger.page import ledger_page
from dashboards.ledger_words import ledger_markdown, ledger_view
from dashboards.terminal import console
from models.ledger.accepted import ACCEPTED, accepted_document
from models.ledger.book import judged
from models.ledger.checks import Sources
from models.ledger.claims import claims
from models.ledger.measured import read_measured
from models.ledger.stored import EVIDENCE, evidence_document
from tests.models.ledger.made_up import sources

SUMS = ["cost.nodes", "waf.price", "waf.captcha", "redis.speedup"]


def test_json_is_one_document_by_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(app, ["validate", *SUMS, "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert {claim["id"] for claim in document["claims"]} == set(SUMS)
    by_id = {claim["id"]: claim for claim in document["claims"]}
    assert by_id["cost.nodes"]["verdict"] == "inconsistent"
    assert by_id["cost.nodes"]["twin"] == {"low": None, "best": 588.0, "high": None, "unit": "usd/month"}
    assert by_id["waf.captcha"]["verdict"] == "conditional"
    assert any(ground.startswith("measured on") for ground in by_id["redis.speedup"]["rests_on"])


def test_the_terminal_names_verdict_numbers_and_grounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(app, ["validate", "cost.nodes"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "1 claim: 1 inconsistent" in text
    assert "published $840.00/month; twin $588.00/month" in text
    assert "rests on the talk's own inputs" in text


def test_files_are_written_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(app, ["validate", "cost.nodes", "--out", str(tmp_path / "ledger")]) == 0
    assert sorted(path.name for path in (tmp_path / "ledger").iterdir()) == ["ledger.html", "ledger.json", "ledger.md"]
    assert "cost.nodes" in (tmp_path / "ledger" / "ledger.md").read_text()
    assert "ledger.html" in capsys.readouterr().out


@pytest.fixture
def accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the claims that need no runs are stored as accepted, which the command looks into."""
    folder = tmp_path / "stored"
    folder.mkdir()
    ledger, _ = ledger_of(SUMS)
    (folder / ACCEPTED).write_text(json.dumps(accepted_document(ledger, "a test", "2026-01-01")))
    evidence = evidence_document(Sources({}, read_measured()), "2026-01-01")
    (folder / EVIDENCE).write_text(json.dumps(evidence))
    for name in ("stored_ledger", "moved_from_accepted", "accept"):
        monkeypatch.setattr(accepting, name, partial(getattr(accepting, name), folder=folder))
    return folder


def test_stored_runs_are_judged_in_place_of_new_ones(accepted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(app, ["validate", *SUMS, "--stored"]) == 0
    out = capsys.readouterr().out
    assert "Judged from stored runs, made 2026-01-01" in out
    assert "Moved" not in out


def test_a_verdict_that_is_not_the_accepted_one_fails_and_is_named(
    accepted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads((accepted / ACCEPTED).read_text())
    document["claims"]["cost.nodes"]["verdict"] = "confirmed"
    (accepted / ACCEPTED).write_text(json.dumps(document))
    assert guarded(app, ["validate", *SUMS, "--stored"]) == 1
    assert "Moved: cost.nodes: verdict was confirmed, is inconsistent." in capsys.readouterr().out
    assert guarded(app, ["validate", *SUMS, "--stored", "--json"]) == 1
    notes = json.loads(capsys.readouterr().out)["stored"]
    assert notes[-1] == "Moved: cost.nodes: verdict was confirmed, is inconsistent."


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--stored", "--seed", "2"], "--stored: judges from what is stored"),
        (["--stored", "--measure"], "--stored: judges from what is stored"),
        (["cost.nodes", "--accept", "why"], "--accept: is for the whole ledger with seed 1"),
        (["--seed", "2", "--accept", "why"], "--accept: is for the whole ledger with seed 1"),
        (["--accept", " "], "--accept: ' ' is not allowed; it needs one line"),
    ],
)
def test_what_cannot_be_accepted_or_judged_from_stored_runs_is_one_line(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(app, ["validate", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


def test_an_unknown_claim_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert guarded(app, ["validate", "cost.node", "--out", str(tmp_path / "x")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("breakwater: claim: ")
    assert "did you mean cost.nodes?" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_every_face_shows_every_claim_and_question() -> None:
    ledger = judged(list(claims()), sources(lambda run, kpi, seed: 50.0), questions=True)
    measured = read_measured()
    screen = console()
    with screen.capture() as captured:
        screen.print(ledger_view(ledger, measured))
    for text in (captured.get(), ledger_markdown(ledger, measured), ledger_page(ledger, measured)):
        for name in claims():
            assert name in text
        for answer in ledger.answers:
            assert answer.question in text


def test_what_was_asked_for_comes_before_what_its_scenario_hangs_on(capsys: pytest.CaptureFixture[str]) -> None:
    found = judged(["redis.sizing"], sources(lambda run, kpi, seed: 50.0), questions=False)
    assert found.robustness
    screen = console()
    with screen.capture() as captured:
        screen.print(ledger_view(found, read_measured()))
    for text in (captured.get(), ledger_markdown(found, read_measured()), ledger_page(found, read_measured())):
        assert text.index("redis.sizing") < text.index("What survives the assumptions of onsale-300k")
    every = judged(["redis.sizing"], sources(lambda run, kpi, seed: 50.0), questions=True)
    text = ledger_markdown(every, read_measured())
    assert text.index("What survives the assumptions of onsale-300k") < text.index("`redis.sizing`")
