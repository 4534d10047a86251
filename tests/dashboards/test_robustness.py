"""What a verdict hangs on, on every face: what survives first, then what does not, never without its values."""

import json
from pathlib import Path

import pytest

from dashboards import renew_robustness, robustness
from dashboards.cli import app
from dashboards.ending import guarded
from dashboards.ledger.page import ledger_page
from dashboards.ledger_words import ledger_markdown, ledger_view
from dashboards.output import run_document
from dashboards.report import report_html
from dashboards.robustness import robustness_document, robustness_html, robustness_view
from dashboards.terminal import console
from models.judge.verdict import judge
from models.ledger import book
from models.ledger.book import Ledger, document_of, judged
from models.ledger.measured import Measured, read_measured
from models.robustness import stored
from models.robustness.stored import Stored
from models.robustness.verdicts import with_robustness
from models.scenario import load_scenario
from sim.errors import BadInput
from tests.dashboards.synthetic import onsale_result
from tests.models.ledger.made_up import sources
from tests.models.robustness.made_up import TABLE

SURVIVES = "joins saturate one primary"
HANGS = "not reached with waiting_room.replica_reads=false"


def printed(view: object) -> str:
    screen = console()
    with screen.capture() as captured:
        screen.print(view)
    return " ".join(captured.get().split())


def faces(ledger: Ledger, measured: Measured) -> list[str]:
    """The ledger on each of its faces."""
    view = printed(ledger_view(ledger, measured))
    return [view, ledger_markdown(ledger, measured), ledger_page(ledger, measured)]


def test_every_face_of_a_run_shows_what_survives_and_what_does_not() -> None:
    scenario = load_scenario("onsale-300k")
    result = onsale_result(scenario)
    verdict = with_robustness(judge(result, scenario), TABLE)
    page = report_html(result, scenario, verdict)
    for text in (printed(robustness_view(TABLE)), robustness_html(TABLE), page):
        assert text.index(SURVIVES) < text.index(HANGS)
    assert "It depends on waiting_room.events" in page
    document = json.loads(json.dumps(run_document(result, verdict)))["robustness"]
    assert SURVIVES in document["survives"][0]
    assert any(HANGS in text for text in document["conditions"])
    assert document["origin"]["seeds"] == [1, 7, 9]
    assert run_document(result, judge(result, scenario))["robustness"] is None


def test_the_page_has_every_variation_and_why_one_was_not_run() -> None:
    html = robustness_html(TABLE)
    for row in TABLE.rows:
        assert f"{row.setting}={row.value}" in html
    assert "is not known" in html
    assert '<span class="bad">' in html
    assert robustness_document(TABLE)["rows"][0]["setting"] == "waiting_room.replica_reads"


def test_every_face_of_the_ledger_shows_it_and_claims_rest_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "stored_for", lambda scenario: Stored(TABLE if scenario.name == "onsale-300k" else None))
    ledger, measured = judged(["redis.sizing"], sources(lambda run, kpi, seed: 50.0), questions=True), read_measured()
    for text in faces(ledger, measured):
        assert SURVIVES in text
        assert HANGS in text
    document = document_of(ledger)
    assert SURVIVES in document["robustness"]["onsale-300k"]["survives"][0]
    assert "onsale-300k" in document["claims"][0]["robustness"]
    assert any("It depends on waiting_room.events" in ground for ground in document["claims"][0]["rests_on"])


def test_a_stale_one_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "stored_for", lambda scenario: Stored(None, f"{scenario.name} is stale"))
    ledger, measured = judged([], sources(lambda run, kpi, seed: 50.0), questions=True), read_measured()
    for text in faces(ledger, measured):
        assert "onsale-300k is stale" in text
        assert SURVIVES not in text
    assert document_of(ledger)["robustness"]["onsale-300k"] == {
        "survives": None, "conditions": None, "scope": None, "stale": "onsale-300k is stale",
    }  # fmt: skip


def test_run_robust_makes_the_table_of_any_scenario(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(robustness, "robustness_for", lambda scenario: asked.append(scenario.name) or TABLE)
    small = ["run", "onsale-small", "--set", "clients.count=200", "--set", "run.duration_s=20"]
    guarded(app, [*small, "--robust", "--json"])
    assert SURVIVES in json.loads(capsys.readouterr().out)["robustness"]["survives"][0]
    guarded(app, [*small, "--robust"])
    text = " ".join(capsys.readouterr().out.split())
    assert "It depends on waiting_room.events" in text
    assert HANGS in text
    guarded(app, [*small, "--json"])
    assert json.loads(capsys.readouterr().out)["robustness"] is None
    assert asked == ["onsale-small", "onsale-small"]


def test_one_command_renews_those_that_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(robustness, "robustness_for", lambda scenario: TABLE)
    monkeypatch.setattr(stored, "write", lambda table: tmp_path / f"{table.origin.scenario}.json")
    assert renew_robustness.main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(stored.SHIPPED)
    for asked, code in ((["--help"], 0), (["--no-such-option"], 2)):
        with pytest.raises(SystemExit) as ended:
            renew_robustness.main(asked)
        assert ended.value.code == code
        assert "Make the robustness tables" in capsys.readouterr().out or code == 2
    assert renew_robustness.main(["no-such-scenario"]) == 2
    assert "no-such-scenario" in capsys.readouterr().err

    def full(table: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored, "write", full)
    with pytest.raises(BadInput, match="cannot be written: No space left"):
        robustness.renew()
