"""KPIs of a web ACL on recordings whose figures can be counted by hand."""

import dataclasses

import numpy as np
import pytest

from models.engine.recording import Recording
from models.judge.gateway_load import demand_cores
from models.plan.plan import Plan
from models.results.edge import edge_facts, edge_kpis
from models.results.kpis import kpis_of
from models.results.people import people_kpis
from models.results.run_result import result_of
from models.run.run import run_once
from models.vocabulary.units import SECOND
from tests.models.recordings import blank, planned

EDGE = "edge={web_acl: [{kind: geo}, {kind: bot_control, action: count}, {limit: 10, action: captcha}]}"


def counted() -> tuple[Plan, Recording]:
    """Ten came, the last four of them bots. Two people were refused, of whom one was let in after 30 s; three bots,
    of whom one, of the third kind, was let in, and bought. All others were let in after 10 s."""
    plan = planned("clients.count=10", "clients.bots.share=0.5", EDGE)
    plan.population.bot[:] = [False] * 6 + [True] * 4
    plan.params.edge.kind[:] = [0] * 6 + [1, 2, 3, 3]
    recording = blank(plan, 100.0)
    refused = np.array([1, 4, 0, 0, 0, 0, 2, 1, 3, 0])
    served = np.array([1, 0, 1, 1, 1, 1, 0, 0, 1, 1], np.bool_)
    first = plan.population.first_send
    first[:] = 0
    sessions = recording.sessions
    sessions.came_at[:] = 0
    sessions.admitted[:] = served
    sessions.settled_at[:] = np.where(served, 10 * SECOND, -1)
    sessions.settled_at[0] = 30 * SECOND
    sessions.bought[[2, 8]] = True
    acted = np.array([[2, 3, 0, 0], [1, 1, 1, 1], [1, 0, 1, 1]], np.int64)
    asked = np.array([[1, 0, 0, 2], [1, 0, 0, 1], [0, 0, 0, 1], [2, 1, 0, 0], [7 * SECOND, SECOND, 0, 0]], np.int64)
    edge = recording.edge._replace(refused=8, turned_away=8, acted=acted, asked=asked)
    edge = edge._replace(refusals=refused)
    return plan, dataclasses.replace(recording, edge=edge, sent=80, answered=72)


def test_what_was_refused_by_which_rule_and_to_whom():
    plan, recording = counted()
    found = dict(edge_kpis(plan, recording))
    assert found["edge.refused_percent"] == 10
    assert found["edge.refused_by_geo_percent"] == pytest.approx(100 * 5 / 8)
    assert found["edge.refused_by_bot_control_percent"] == 0, "it only counts"
    assert found["edge.refused_by_rate_percent"] == pytest.approx(100 * 3 / 8)
    assert found["edge.people_refused_percent"] == pytest.approx(100 * 2 / 6)
    assert found["edge.bots_refused_percent"] == 75


def test_what_was_asked_of_people_and_of_bots():
    plan, recording = counted()
    found = dict(edge_kpis(plan, recording))
    names = ("captchas_shown_to", "captchas_solved_by", "captchas_abandoned_by", "given_up_by")
    assert [found[f"edge.{name}_people"] for name in names] == [1, 1, 0, 2]
    assert [found[f"edge.{name}_bots"] for name in names] == [2, 1, 1, 1]
    assert found["edge.people_held_up_s"] == 7
    assert recording.edge.captchas_shown == 3


def test_what_it_cost_people():
    plan, recording = counted()
    found = dict(edge_kpis(plan, recording))
    assert found["edge.refused_people_wait_mean_s"] == (30 + 100) / 2
    assert found["edge.refused_people_unserved_percent"] == 50
    assert found["edge.other_people_wait_mean_s"] == 10
    assert found["edge.other_people_unserved_percent"] == 0


def test_seats_by_kind_of_bot():
    plan, recording = counted()
    found = dict(edge_kpis(plan, recording))
    names = ("script", "headless", "resale")
    assert [found[f"bots.{name}_seat_share_percent"] for name in names] == [0, 0, 50]


def test_a_bot_that_is_kept_out_waits_for_nothing():
    plan, recording = counted()
    found = dict(people_kpis(plan, recording))
    assert found["people.came"] == 8, "two bots were refused and never served"
    assert found["people.unserved_percent"] == pytest.approx(100 / 8)


def test_the_facts_tell_people_from_bots():
    plan, recording = counted()
    assert edge_facts(plan, recording)["rules"] == [
        {"rule": "geo", "action": "block", "people": 2, "bots": 3},
        {"rule": "bot_control", "action": "count", "people": 1, "bots": 3},
        {"rule": "rate", "action": "captcha", "people": 1, "bots": 2},
    ]


def test_every_kpi_of_the_edge_has_a_unit_and_says_what_it_rests_on():
    plan, recording = counted()
    own = {name: kpi for name, kpi in kpis_of(plan, recording).items() if name.startswith("edge.")}
    assert len(own) > 10
    assert {kpi.unit for kpi in own.values()} == {"percent", "requests", "s"}
    assert all(any("edge.web_acl" in ground for ground in kpi.rests_on) for kpi in own.values())


def test_without_an_edge_there_is_nothing():
    plan = planned("clients.count=10")
    assert list(edge_kpis(plan, blank(plan, 1.0))) == []
    assert edge_facts(plan, blank(plan, 1.0)) == {}


def test_what_the_edge_refuses_is_no_load_on_the_gateway():
    plan = planned("clients.count=200", "clients.bots.share=0", "edge={web_acl: [{kind: geo, abroad: 1}]}")
    result = result_of(run_once(plan.scenario, plan.profile, 1, "kernel"), "kernel", 0.0)
    assert result.series["sent_join"].sum() > 150
    assert demand_cores(result, plan.scenario).sum() == 0
    through = planned("clients.count=200", "edge={web_acl: [{kind: geo, action: count}]}")
    result = result_of(run_once(through.scenario, through.profile, 1, "kernel"), "kernel", 0.0)
    assert demand_cores(result, through.scenario).sum() > 0
