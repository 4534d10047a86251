import numpy as np
import pytest

from models.judge.findings import Finding, achieved_admissions_rps, findings_of
from models.judge.limits import limits_of
from models.results.result import Kpi
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import SECONDS, onsale_result


@pytest.fixture(scope="module")
def onsale() -> Scenario:
    return load_scenario("onsale-300k")


def found(scenario: Scenario, **changes: object) -> dict[str, Finding]:
    result = onsale_result(scenario, **changes)
    return {item.topic: item for item in findings_of(result, scenario, limits_of(result, scenario))}


def kpi(value: float | None) -> Kpi:
    return Kpi(None, value, None, "")


def test_admissions_are_counted_only_while_the_line_could_fill_the_rate(onsale: Scenario) -> None:
    waiting = np.where(np.arange(SECONDS) < 100, 5_000, 10)
    admitted = np.where(np.arange(SECONDS) < 100, 800, 10)
    result = onsale_result(onsale, series={"waiting": waiting, "admitted": admitted})
    assert achieved_admissions_rps(result, onsale) == 800
    empty = onsale_result(onsale, series={"waiting": 5, "admitted": 1})
    assert achieved_admissions_rps(empty, onsale) is None


def test_admissions_short_of_the_rate_are_a_bad_finding(onsale: Scenario) -> None:
    line = {"waiting": 50_000, "admitted": 800}
    assert found(onsale, series=line)["Admissions"].good is False
    assert found(onsale)["Admissions"].good is True


def test_people_who_wait_for_nothing_are_counted(onsale: Scenario) -> None:
    text = found(onsale)["Seats"].text
    assert "26.4 s after the opening" in text
    assert "273,600 waited on for nothing" in text


def test_an_announced_end_leaves_nobody_waiting_for_nothing() -> None:
    told = load_scenario("onsale-300k", ["event.on_sold_out=announce"])
    seats = found(told, facts={"waited_in_vain": 0})["Seats"]
    assert seats.good is True
    assert "for nothing" not in seats.text


def test_a_sale_that_did_not_sell_out_says_so(onsale: Scenario) -> None:
    facts = {"sold_out_s": None, "waiting_at_sold_out": 0, "waited_in_vain": 0}
    seats = found(onsale, facts=facts, kpis={"seats.sold_out_s": kpi(None), "seats.sold": kpi(9_500)})["Seats"]
    assert "9,500 of 10,000 sold by the end, not sold out" in seats.text


def test_seats_sold_twice_are_said(onsale: Scenario) -> None:
    seats = found(onsale, kpis={"seats.oversold": kpi(12)})["Seats"]
    assert "12 seats were sold twice" in seats.text
    assert seats.good is False


def test_the_load_is_held_against_the_talk_at_its_own_size_only(onsale: Scenario) -> None:
    text = found(onsale)["Load"].text
    assert "60,000" in text
    assert "30,000" in text
    small = load_scenario("onsale-small")
    text = found(small, facts={"sessions": 3_000})["Load"].text
    assert "talk" not in text
    assert "3,000 tabs / 5 s would be 600" in text


def test_the_seconds_above_the_30k_are_counted(onsale: Scenario) -> None:
    polls = np.where(np.arange(SECONDS) < 40, 30_001, 30_000)
    assert "exceeded for 40 s" in found(onsale, series={"sent_status": polls})["Load"].text
    assert "exceeded" not in found(onsale, series={"sent_status": 30_000})["Load"].text


@pytest.mark.parametrize(("lost", "good"), [(0, True), (1, False)])
def test_order_is_kept_only_if_nobody_lost_a_place(onsale: Scenario, lost: int, good: bool) -> None:
    assert found(onsale, kpis={"fairness.max_places_lost": kpi(lost)})["Order"].good is good


@pytest.mark.parametrize(("share", "good"), [(20.0, True), (21.9, True), (40.0, False)])
def test_bots_are_fair_at_their_share_of_the_clients(onsale: Scenario, share: float, good: bool) -> None:
    assert found(onsale, kpis={"bots.seat_share_percent": kpi(share)})["People and bots"].good is good


def test_without_bots_nothing_is_said_of_them() -> None:
    alone = load_scenario("onsale-300k", ["clients.bots.share=0"])
    assert "People and bots" not in found(alone)


FAILOVER = {"failovers": [{"shard": 3, "at_s": 20.0, "known_from_s": 50.4, "known_to_all_s": 59.5}]}


def test_a_failover_says_how_long_and_what_was_lost(onsale: Scenario) -> None:
    kpis = {"outage_s": 30.4, "recovery_s": 72.0, "places_lost": 1.0, "admissions_lost": 890.0}
    kpis = {f"faults.{name}": kpi(value) for name, value in (kpis | {"admissions_repeated": 871.0}).items()}
    kpis["errors.connection"] = kpi(919_383.0)
    assert "Failover" not in found(onsale)
    failover = found(onsale, facts=FAILOVER, kpis=kpis)["Failover"]
    assert failover.good is False
    assert failover.text == (
        "The primary of shard 3 dies at second 20: for 30.4 s nobody serves in its place, 919,383 requests fail. "
        "With it go 1 place and 890 admissions that no replica had; 871 of those people are let in a second time. "
        "Admissions are what they were 1 min 12 s after the death."
    )
    for_good = found(onsale, facts=FAILOVER, kpis={"errors.connection": kpi(7.0)})["Failover"].text
    assert "it is not replaced within the run" in for_good
    assert for_good.endswith("Admissions do not come back to what they were.")


def test_too_many_connections_for_a_node_are_a_finding(onsale: Scenario) -> None:
    assert "Connections" not in found(onsale, facts={"connections_per_node": 65_000})
    assert "65,000" in found(onsale, facts={"connections_per_node": 65_001})["Connections"].text


def test_an_even_spread_is_a_good_finding(onsale: Scenario) -> None:
    even = {f"shard_{k}_busy": 0.4 for k in range(5)}
    shards = found(onsale, series=even, facts={"events_per_shard": [2] * 5})["Hottest shard"]
    assert shards.good is True
    assert "spread evenly" in shards.text


def test_an_uneven_spread_is_bad_only_where_the_hot_shard_strains(onsale: Scenario) -> None:
    idle = {f"shard_{k}_busy": 0.3 if k == 3 else 0.01 for k in range(5)}
    assert found(onsale, series=idle)["Hottest shard"].good is None
    assert found(onsale, series=idle | {"shard_3_busy": 0.95})["Hottest shard"].good is False


def test_what_is_exhausted_together_is_told_apart_from_what_follows(onsale: Scenario) -> None:
    def spell(start: int) -> np.ndarray:
        return ((np.arange(SECONDS) >= start) & (np.arange(SECONDS) < start + 20)).astype(float)

    full = {"shard_3_busy": spell(41), "pool_waiting": spell(40), "failed_refused": spell(90)}
    text = found(onsale, series=full)["Binds first"].text
    assert text.startswith("The engine thread of shard 3, from second 41")
    assert "With it: Redis connection pool." in text
    assert "Then: backlog of the gateway (second 90)." in text


def test_turns_that_were_lost_are_counted(onsale: Scenario) -> None:
    assert "Lost turns" not in found(onsale)
    second = (np.arange(SECONDS) == 50).astype(float)
    lost = found(onsale, series={"lapsed": 7 * second, "expired": second})["Lost turns"]
    assert "7 calls lapsed, not taken up within 30 s" in lost.text
    assert "1 place removed after 1 min" in lost.text
    assert lost.good is False
    assert found(onsale, series={"expired": second})["Lost turns"].good is None


def test_being_throttled_is_no_failure(onsale: Scenario) -> None:
    quiet = {"errors.client_timeout": kpi(0), "errors.pool_timeout": kpi(0), "errors.rate_percent": kpi(0)}
    errors = found(onsale, kpis=quiet | {"errors.throttled": kpi(5_000)})["Errors"]
    assert errors.text == "No request failed."
    assert errors.good is True


@pytest.mark.parametrize(("peak", "waves"), [(60_000, False), (125_000, True)])
def test_a_peak_far_above_the_even_load_is_explained(onsale: Scenario, peak: float, waves: bool) -> None:
    text = found(onsale, kpis={"requests.status_rps_peak": kpi(peak)})["Load"].text
    assert ("in step" in text) is waves


def scaled(ready: int, sent: float) -> Finding:
    """The finding of a run with three pods, then *ready* of them from second 60 on, at so many polls a second alone."""
    scenario = load_scenario("autoscale-from-3")
    pods = np.where(np.arange(SECONDS) < 60, 3, ready)
    levels = {f"pods_{name}": pods for name in ("ready", "running", "wanted")}
    return found(scenario, series={**levels, "nodes": 2, "sent_status": sent, "sent_join": 0.0})["Scaling"]


def test_pods_that_come_too_late_are_counted_against_the_load() -> None:
    """60,000 polls at 130 microseconds are 7.8 cores, 6.5 pods at their limit; entries and reservations come on top.

    The mean over ten seconds is above the 3.6 cores of three pods from the fifth on.
    """
    finding = scaled(9, 60_000.0)
    assert finding.good is False
    assert "3 pods ready at the start, 9 at most, the first of the others after 1 min; up to 2 nodes" in finding.text
    assert "For 56 s the load, retries included, took more CPU than they had" in finding.text
    assert "about 7 pods must be warm by then (by CPU, not simulated)" in finding.text


def test_pods_that_are_enough_are_said_to_be() -> None:
    finding = scaled(3, 1_000.0)
    assert finding.good is True
    assert "CPU the load took at all times; by CPU alone about 1 pod would do" in finding.text


def test_pods_that_were_ready_and_are_not_any_more_are_a_bad_finding() -> None:
    scenario = load_scenario("prewarmed-30")
    ready = np.where(np.arange(SECONDS) < 60, 30, 12)
    levels = {"pods_ready": ready, "pods_running": 30, "pods_wanted": 30, "nodes": 6, "sent_status": 1_000.0}
    finding = found(scenario, series=levels)["Scaling"]
    assert finding.good is False
    assert "Up to 18 that ran and had been ready were not" in finding.text
