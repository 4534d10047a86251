"""What is said of a web ACL, by whom its rules hit."""

import pytest

from models.judge.edge import edge_finding
from models.judge.finding import Severity
from models.results.result import Kpi
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result

KPIS = {
    "edge.refused_percent": 12.0,
    "edge.people_refused_percent": 3.0,
    "edge.bots_refused_percent": 80.0,
    "edge.refused_people_wait_mean_s": 600.0,
    "edge.other_people_wait_mean_s": 100.0,
    "edge.refused_people_unserved_percent": 40.0,
    "edge.other_people_unserved_percent": 1.0,
}


def said(people: int, bots: int, action: str = "block", **kpis: float):
    """The finding on a geo rule that blocks bots alone, and a rate rule that hits so many of people and of bots."""
    geo = {"rule": "geo", "action": "block", "people": 0, "bots": 9}
    rate = {"rule": "rate", "action": action, "people": people, "bots": bots}
    result = onsale_result(load_scenario("onsale-300k"), facts={"edge": {"rules": [geo, rate]}})
    values = KPIS | {f"edge.{name}": value for name, value in kpis.items()}
    result.kpis.update({name: Kpi(None, value, None, "") for name, value in values.items()})
    return edge_finding(result)


def test_a_rule_that_hurts_more_people_than_bots_is_named():
    found = said(people=30, bots=20)
    assert found.text.startswith("12 % of requests are refused: the geo rule blocks 0 of people's and 9 of bots', ")
    assert found.text.endswith("The rate rule hurts more people than bots.")
    assert found.severity is Severity.REMARK


@pytest.mark.parametrize(("people", "bots", "named"), [(21, 20, True), (20, 20, False), (0, 20, False)])
def test_it_is_named_only_if_it_does(people, bots, named):
    assert ("hurts more" in said(people, bots).text) is named


def test_a_rule_that_counts_would_hurt_and_one_that_allows_never_does():
    assert "would hurt more people than bots" in said(30, 20, "count").text
    assert "hurt" not in said(30, 20, "allow").text


def test_what_it_cost_people_is_said_where_people_were_refused():
    text = said(0, 20).text
    assert (
        "refuses 3 % of people and 80 % of bots; those people wait 10 min on average and the others 1 min 40 s" in text
    )
    assert "40 % of them are never served, of the others 1 %" in text
    spared = said(0, 20, people_refused_percent=0.0)
    assert spared.text.endswith("of people and 80 % of bots.")
    assert spared.severity is Severity.GOOD


def test_without_an_edge_nothing_is_said():
    assert edge_finding(onsale_result(load_scenario("onsale-300k"))) is None
