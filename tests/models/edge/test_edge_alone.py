"""The web ACL on both engines, alone and against what its rules say: who is refused, when a token ends, who counts."""

import numpy as np
import pytest

from models.edge.crowds import Rule, refused, share_of
from models.edge.state import ABANDONED, PAUSED, SHOWN, SOLVED
from models.engine.record import Column, Level
from models.plan.plan import Plan
from models.plan.sizes import SMALLEST
from models.run.laws import LawBroken, check, check_edge
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, level, recording_of, total

FEW = ("clients.count=250", "run.duration_s=40", "admission={rate_rps: 8, burst: 8}")
NEAR = "limit: 10, window_s: 60, look_every_s: 2, delay_s: 1, lift_delay_s: 1"
SHARED = "household: {share: 0.2}, office: {share: 0}, carrier_nat: {share: 0.8, subscribers: 1000}, taking_part: 0.005"
AGAIN = "people: {gives_up: 0.1, again_s: 3}"

ACLS = {
    "a rate rule that blocks": f"[{{{NEAR}}}]",
    "a rate rule that asks for a CAPTCHA, behind bot control that counts": (
        f"[{{kind: bot_control, action: count}}, {{{NEAR}, action: captcha}}]"
    ),
    "a rate rule by the tokens that challenges give": (
        f"[{{kind: bot_control, action: challenge, mistaken: 0.5}}, {{{NEAR}, key: token}}]"
    ),
    "people abroad who are let through whatever comes next": (
        f"[{{kind: geo, action: allow, abroad: 0.5}}, {{kind: bot_control, action: block}}, {{{NEAR}}}]"
    ),
    "few who can be limited at once": f"[{{{NEAR}, most_limited: 2}}]",
}


def edged(acl: str, *settings: str, more: str = AGAIN) -> Plan:
    return planned(*FEW, f"edge={{web_acl: {acl}, addresses: {{{SHARED}}}, {more}}}", *settings)


@pytest.mark.parametrize("name", ACLS)
def test_the_engines_agree_where_there_is(name):
    plan = edged(ACLS[name])
    recording = recording_of(plan)
    assert recording.edge.refused > 20, "something happens"
    assert_agreement(plan, sizes=SMALLEST)


def test_the_engines_agree_where_many_are_refused_at_one_instant_and_some_no_longer_wait():
    steps = ("network={client_one_way: {median_ms: 5, sigma: 0}, client_jitter: {median_ms: 0, sigma: 0}}",)
    plan = edged(ACLS["a rate rule that blocks"], *steps, "clients.arrival={profile: uniform, over_s: 0}")
    assert_agreement(plan)
    late = edged(ACLS["a rate rule that blocks"], "clients.timeout_s=0.04")
    assert recording_of(late).edge.unheard > 0
    assert_agreement(late)


def test_whoever_is_refused_reaches_no_pod_and_is_counted_once():
    everybody = "[{kind: bot_control, mistaken: 1}, {kind: geo, abroad: 1}]"
    recording = recording_of(edged(everybody, "clients.bots.share=0"))
    assert recording.sent == recording.edge.refused + recording.awaited > 250
    assert recording.edge.acted[0].sum() == recording.edge.refused
    assert recording.edge.acted[1].sum() == 0, "the rules behind one that refuses never see it"
    assert total(recording, Column.GATEWAY_BUSY_NS) == total(recording, Column.JOINED) == recording.answered == 0
    assert recording.failed == 0
    assert max(level(recording, Level.WAITING)) == 0


def test_a_token_is_valid_for_as_long_as_it_says():
    """People who join at 0, solve in 1 s, poll every 5 s and wait for minutes are asked at 0, 61, 122 s and so on: at
    each of these a poll comes, as the solving shifts the polls by a second each time."""
    plan = planned(
        "clients={count: 200, poll_jitter_fraction: 0, arrival: {profile: uniform, over_s: 0}, bots: {share: 0}}",
        "network={client_one_way: {median_ms: 0, sigma: 0}, client_jitter: {median_ms: 0, sigma: 0}}",
        "admission={rate_rps: 1, burst: 1, call_window: 10}",
        "run.duration_s=400",
        "event.conversion=0",
        "edge={web_acl: [{kind: geo, action: captcha, abroad: 1}], "
        "captcha: {solve: {median_s: 1, sigma: 0}, fails: 0, immunity_s: 60}}",
    )
    recording = recording_of(plan)
    waits_s = recording.sessions.settled_at / SECOND
    assert waits_s.min() > 0
    asked = np.ceil(waits_s / 61).sum()
    shown, solved, abandoned, _, paused = recording.edge.asked[:, 0]
    assert (solved, abandoned) == (shown, 0)
    assert shown == pytest.approx(asked, rel=0.03)
    assert paused == solved * SECOND


def test_without_integration_nobody_passes_a_captcha():
    asked = "[{kind: geo, action: captcha, abroad: 1}]"
    recording = recording_of(edged(asked, "clients.bots.share=0", more=f"{AGAIN}, captcha: {{integration: none}}"))
    assert recording.edge.asked[SHOWN].sum() == recording.answered == 0
    assert recording.edge.refused > 250


def test_rules_that_only_count_change_nothing_else():
    counting = recording_of(edged(f"[{{{NEAR}, action: count}}, {{kind: bot_control, action: count}}]"))
    without = recording_of(planned(*FEW))
    assert counting.edge.acted.sum(axis=1).min() > 100
    assert counting.edge.refused == 0
    assert np.array_equal(counting.record.series, without.record.series)
    assert np.array_equal(counting.record.counts, without.record.counts)


def test_who_is_refused_is_as_many_as_of_crowds_worked_out_apart():
    """A line of 300 s whose people share addresses by the shipped mix, against the streams of `edge.crowds`."""
    plan = planned(
        "clients={count: 8000, bots: {share: 0}}",
        "admission={rate_rps: 26.7, burst: 50, call_window: 1000}",
        "event.seats=100000",
        "run.duration_s=400",
        "edge={web_acl: [{limit: 100}], people: {again_s: 5, gives_up: 0}}",
    )
    recording = recording_of(plan)
    rule = Rule(limit=100, window_s=300, look_every_s=10, delay_s=20, lift_delay_s=20, most=10_000)
    found = refused(rule, 5.0, 300.0)
    crowd = np.bincount(plan.params.edge.address)[plan.params.edge.address]
    apart = share_of(found.people, found, crowd)
    assert (recording.edge.refusals > 0).mean() == pytest.approx(apart, rel=0.2)
    assert apart > 0.02


def test_a_bot_that_rotates_its_addresses_gets_further_than_one_that_does_not():
    def through(addresses: int) -> float:
        """The share of requests of bots, all of one kind, that a rate rule lets through."""
        kind = f"{{name: only, share: 1, recognised: 0, addresses: {addresses}, again_s: 1, gives_up: 0}}"
        plan = edged(f"[{{{NEAR}}}]", "clients.bots={share: 1, poll_interval_s: 1}", more=f"bot_kinds: [{kind}]")
        recording = recording_of(plan)
        return 1 - recording.edge.refused / recording.sent

    assert through(1) < 0.5 < through(8)


def test_a_law_demands_that_one_rule_refuses_what_is_refused():
    plan = edged(ACLS["a rate rule that blocks"])
    recording = recording_of(plan)
    check(plan, recording)
    recording.edge.acted[0, 0] += 1
    with pytest.raises(LawBroken, match="refused at the edge, but"):
        check_edge(plan, recording)


def test_every_session_is_of_a_kind_and_people_are_of_none_of_bots():
    plan = edged("[{limit: 100}]", "clients.bots.share=0.5")
    assert ((plan.params.edge.kind > 0) == plan.population.bot).all()
    shares = np.bincount(plan.params.edge.kind, minlength=4)[1:] / plan.population.bot.sum()
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.1)


def test_a_challenge_is_no_captcha():
    """Bots that run the page's script and solve no CAPTCHA: a rule behind the challenge asks for one."""
    kind = "{name: headless, share: 1, recognised: 1, abroad: 1}"
    acl = "[{kind: bot_control, action: challenge}, {kind: geo, action: captcha}]"
    recording = recording_of(edged(acl, "clients.bots.share=1", more=f"bot_kinds: [{kind}]"))
    assert recording.edge.acted.sum(axis=1).min() > 100, "both rules act"
    assert recording.answered == 0


def test_a_leave_that_is_refused_is_the_last_that_is_sent():
    patience = (
        "clients={patience: {median_s: 10, sigma: 0.5}, leave_share: 1, bots: {share: 0}}",
        "run.duration_s=200",
        "event.conversion=0",
    )
    blocked = edged(f"[{{{NEAR}}}]", *patience, more="people: {gives_up: 0, again_s: 3}")
    recording = recording_of(blocked)
    left = total(recording, Column.SENT + Op.LEAVE)
    assert 0 < left <= 250
    assert recording.sessions.done.all()
    assert recording.end_s < 150, "nobody has anything left to do"
    assert_agreement(blocked)


def test_nobody_who_has_gone_solves_a_captcha():
    impatient = ("clients={patience: {median_s: 5, sigma: 0}, leave_share: 0, bots: {share: 0}}",)
    acl = "[{kind: geo, action: captcha, abroad: 1}]"
    plan = edged(acl, *impatient, more="captcha: {solve: {median_s: 6, sigma: 0}, fails: 0}")
    asked = recording_of(plan).edge.asked.sum(axis=1)
    assert asked[SHOWN] == asked[ABANDONED] == 250
    assert asked[SOLVED] == asked[PAUSED] == 0
    assert_agreement(plan)


def test_the_engines_agree_past_the_end_of_tokens_and_of_the_look_back():
    """150 s, in which half of the people come late: counts of the first minute have run out, and tokens too."""
    acl = f"[{{kind: geo, action: captcha, abroad: 0.5}}, {{{NEAR}}}]"
    plan = edged(
        acl,
        "clients={count: 80, arrival: {waiting_share: 0.5, late_mean_s: 60}}",
        "admission={rate_rps: 0.6, burst: 1}",
        "run.duration_s=150",
        more=f"{AGAIN}, captcha: {{immunity_s: 60, solve: {{median_s: 2, sigma: 0.5}}}}",
    )
    recording = recording_of(plan)
    able = plan.params.edge.abroad & plan.params.edge.solves[plan.params.edge.kind]
    assert recording.edge.asked[SHOWN].sum() > able.sum(), "some are asked once more"
    assert_agreement(plan)


def test_without_a_rate_rule_nothing_is_counted():
    plan = edged("[{kind: geo, abroad: 0.5}]")
    assert plan.params.edge.keys == 0
    assert recording_of(plan).edge.refused > 20


def test_what_passes_the_edge_is_what_was_sent_and_not_refused():
    recording = recording_of(edged(ACLS["a rate rule that blocks"]))
    passed = sum(recording.past_the_edge(op).sum() for op in range(5))
    assert passed == recording.sent - recording.edge.refused < recording.sent
