"""`breakwater validate` as its users meet it; claims that need no simulation, so that it is quick."""

import json
from pathlib import Path

import pytest

from dashboards.cli import _guarded
from dashboards.ledger.page import ledger_page
from dashboards.ledger_words import ledger_markdown, ledger_view
from dashboards.terminal import console
from models.ledger.book import judged
from models.ledger.claims import claims
from models.ledger.measured import read_measured
from tests.models.ledger.made_up import sources

SUMS = ["cost.nodes", "waf.price", "waf.captcha", "redis.speedup"]


def test_json_is_one_document_by_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert _guarded(["validate", *SUMS, "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert {claim["id"] for claim in document["claims"]} == set(SUMS)
    by_id = {claim["id"]: claim for claim in document["claims"]}
    assert by_id["cost.nodes"]["verdict"] == "inconsistent"
    assert by_id["cost.nodes"]["twin"] == {"low": None, "best": 588.0, "high": None, "unit": "usd/month"}
    assert by_id["waf.captcha"]["verdict"] == "not_yet_modelled"
    assert any(ground.startswith("measured on") for ground in by_id["redis.speedup"]["rests_on"])


def test_the_terminal_names_verdict_numbers_and_grounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert _guarded(["validate", "cost.nodes"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "1 claim: 1 inconsistent" in text
    assert "published $840.00/month; twin $588.00/month" in text
    assert "rests on the talk's own inputs" in text


def test_files_are_written_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _guarded(["validate", "cost.nodes", "--out", str(tmp_path / "ledger")]) == 0
    assert sorted(path.name for path in (tmp_path / "ledger").iterdir()) == ["ledger.html", "ledger.json", "ledger.md"]
    assert "cost.nodes" in (tmp_path / "ledger" / "ledger.md").read_text()
    assert "ledger.html" in capsys.readouterr().out


def test_an_unknown_claim_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _guarded(["validate", "cost.node", "--out", str(tmp_path / "x")]) == 2
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
