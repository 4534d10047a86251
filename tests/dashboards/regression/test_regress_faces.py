"""A verdict in words, in XML and in Markdown, whatever is in it."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from dashboards.regression.files import regression_document, regression_junit, regression_markdown
from dashboards.regression.terminal import MOST_WITHIN, regression_view
from dashboards.regression.words import cells, headline
from dashboards.terminal import WIDTH
from models.judge.wording import NOTHING
from models.regression.baseline import Row
from models.regression.compare import Finding, Regression, outcome_of

ODD = 'a|b <i>"c" & *d*_e'


def a_finding(now: float | None, changed: tuple[str, ...] = (), **row: Any) -> Finding:
    given = {
        "case": "small",
        "kpi": "wait.mean_s",
        "value": 20.0,
        "unit": "s",
        "tolerance": 3.0,
        "tolerance_is": "percent",
        "direction": "up",
        "why": "a service level",
    }
    made = Row.model_validate(given | row)
    return Finding("kpis.json", made, now, outcome_of(made, now), changed)


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (a_finding(21.0), ("small: wait.mean_s", "20 s", "21 s", "+5.00 %", "+3 %")),
        (a_finding(19.0, direction="down"), ("small: wait.mean_s", "20 s", "19 s", "-5.00 %", "-3 %")),
        (a_finding(None, direction="either"), ("small: wait.mean_s", "20 s", "none", NOTHING, "±3 %")),
        (
            a_finding(
                0.5, kpi="errors.rate_percent", value=0.0, unit="percent", tolerance=0.1, tolerance_is="absolute"
            ),
            ("small: errors.rate_percent", "0 %", "0.5 %", "+0.5 points", "+0.1 points"),
        ),
        (
            a_finding(71.0, kpi="stage_20000_rps.engine_cpu_percent", value=68.1, unit="percent"),
            ("small: engine CPU at 20,000 RPS", "68.1 %", "71 %", "+4.26 %", "+3 %"),
        ),
        (
            a_finding(1.0, kpi="status.in_line.ZCOUNT(line)", value=0.0, unit="calls", tolerance=0.0),
            ("status.lua, in_line: calls of ZCOUNT(line)", "0", "1", "+1", "none"),
        ),
    ],
)
def test_a_row_in_words(finding: Finding, told: tuple[str, ...]) -> None:
    assert cells(finding)[:-1] == told


def test_the_headline_counts_what_moved_and_which_way() -> None:
    found = Regression((a_finding(21.0), a_finding(19.0), a_finding(20.1), a_finding(20.0)))
    assert headline(found) == "1 of 4 KPIs moved further than allowed, 1 for the better, 1 within tolerance"
    assert headline(Regression((a_finding(20.0),))) == "None of 1 KPI moved further than allowed"


def test_odd_names_stay_text_in_xml_and_markdown() -> None:
    found = Regression((a_finding(30.0, (ODD,), case=ODD), a_finding(20.0)), notes=(ODD,))
    suite = ET.fromstring(regression_junit(found, 1.5).encode())
    (failure,) = suite.iter("failure")
    assert ODD in (failure.text or "")
    assert [case.attrib["classname"] for case in suite.iter("testcase")] == [f"kpis.{ODD}", "kpis.small"]
    (line,) = [line for line in regression_markdown(found).splitlines() if "worse" in line]
    assert line.replace("\\|", "").count("|") == 8  # seven cells
    assert "<i>" not in line.replace("\\<", "")


def test_a_document_tells_every_row_and_which_files_were_written() -> None:
    found = Regression((a_finding(21.0, ("scenario",)),), reasons={"kpis.json": "the first"})
    document = regression_document(found, None)
    assert (document["holds"], document["updated"], document["reasons"]) == (False, None, {"kpis.json": "the first"})
    assert document["rows"][0] | {"why": ""} == {
        **{"file": "kpis.json", "case": "small", "kpi": "wait.mean_s", "label": "small: wait.mean_s", "unit": "s"},
        **{"baseline": 20.0, "now": 21.0, "change_percent": 5.0, "tolerance": 3.0, "tolerance_is": "percent"},
        **{"direction": "up", "outcome": "worse", "fails": True, "changed": ["scenario"], "why": ""},
    }


def test_what_moved_within_tolerance_does_not_bury_what_failed() -> None:
    from rich.console import Console

    many = tuple(a_finding(20.1, kpi=f"wait.{k}_s") for k in range(MOST_WITHIN + 5))
    screen = Console(width=WIDTH, record=True, file=None, quiet=False)
    with screen.capture() as shown:
        screen.print(regression_view(Regression((a_finding(21.0), *many))))
    text = shown.get()
    assert text.count("✓") == MOST_WITHIN
    assert f"the first {MOST_WITHIN} of {MOST_WITHIN + 5}" in text
    assert text.index("Further than allowed") < text.index("Within tolerance")
