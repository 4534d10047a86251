import numpy as np
import pytest

from models.judge.finding import Finding, Severity
from models.judge.findings import findings_of
from models.judge.limits import limits_of
from models.judge.sale import achieved_admissions_rps
from models.results.result import Kpi
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import SECONDS, onsale_result, spell


@pytest.fixture(scope="module")
def onsale() -> Scenario:
    return load_scenario("onsale-300k")


def found(scenario: Scenario, broken: tuple[str, ...] = (), **changes: object) -> dict[str, Finding]:
    result = onsale_result(scenario, **changes)
    return {item.topic: item for item in findings_of(result, scenario, limits_of(result, scenario), broken)}


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
    assert found(onsale, series=line)["Admissions"].severity is Severity.REMARK
    assert found(onsale, ("mean_wait_s",), series=line)["Admissions"].severity is Severity.BROKEN
    assert found(onsale)["Admissions"].severity is Severity.GOOD


def test_people_who_wait_for_nothing_are_counted(onsale: Scenario) -> None:
    text = found(onsale)["Seats"].text
    assert "26.4 s after the opening" in text
    assert "273,600 waited on for nothing" in text


def test_an_announced_end_leaves_nobody_waiting_for_nothing() -> None:
    told = load_scenario("onsale-300k", ["event.on_sold_out=announce"])
    seats = found(told, facts={"waited_in_vain": 0})["Seats"]
    assert seats.severity is Severity.GOOD
    assert "for nothing" not in seats.text


def test_a_sale_that_did_not_sell_out_says_so(onsale: Scenario) -> None:
    facts = {"sold_out_s": None, "waiting_at_sold_out": 0, "waited_in_vain": 0}
    seats = found(onsale, facts=facts, kpis={"seats.sold_out_s": kpi(None), "seats.sold": kpi(9_500)})["Seats"]
    assert "9,500 of 10,000 sold by the end, not sold out" in seats.text


def test_seats_sold_twice_are_said(onsale: Scenario) -> None:
    seats = found(onsale, kpis={"seats.oversold": kpi(12)})["Seats"]
    assert "12 seats were sold twice" in seats.text
    assert seats.severity is Severity.BROKEN


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


@pytest.mark.parametrize(("lost", "severity"), [(0, Severity.GOOD), (1, Severity.REMARK)])
def test_order_is_kept_only_if_nobody_lost_a_place(onsale: Scenario, lost: int, severity: Severity) -> None:
    assert found(onsale, kpis={"fairness.max_places_lost": kpi(lost)})["Order"].severity is severity


def test_whatever_sent_people_to_the_end_of_the_line_stands_beside_the_tickets(onsale: Scenario) -> None:
    """Clocks of pods lose nobody 274,114 places: a primary that died with them does."""
    assert "given anew" not in found(onsale)["Order"].text
    lost = {"faults.places_lost": kpi(274_114)}
    text = found(onsale, kpis=lost, series={"lapsed": (np.arange(SECONDS) == 50).astype(float)})["Order"].text
    assert text.endswith("Places were also given anew: 1 calls lapsed, 274,114 places lost with a primary.")


@pytest.mark.parametrize(("share", "fair"), [(20.0, True), (21.9, True), (40.0, False)])
def test_bots_are_fair_at_their_share_of_the_clients(onsale: Scenario, share: float, fair: bool) -> None:
    severity = found(onsale, kpis={"bots.seat_share_percent": kpi(share)})["People and bots"].severity
    assert severity is (Severity.GOOD if fair else Severity.REMARK)


def test_without_bots_nothing_is_said_of_them() -> None:
    alone = load_scenario("onsale-300k", ["clients.bots.share=0"])
    assert "People and bots" not in found(alone)


FAILOVER = {"failovers": [{"shard": 3, "at_s": 20.0, "known_from_s": 50.4, "known_to_all_s": 59.5}]}


def test_a_failover_says_how_long_and_what_was_lost(onsale: Scenario) -> None:
    kpis = {"outage_s": 30.4, "recovery_s": 72.0, "places_lost": 1.0, "admissions_lost": 890.0}
    kpis = {f"faults.{name}": kpi(value) for name, value in (kpis | {"admissions_repeated": 871.0}).items()}
    failed = {"failed_connection": spell(30_000.0, 20, 31)}
    assert "Failover" not in found(onsale)
    failover = found(onsale, facts=FAILOVER, kpis=kpis, series=failed)["Failover"]
    assert failover.severity is Severity.REMARK
    assert found(onsale, ("error_percent",), facts=FAILOVER)["Failover"].severity is Severity.BROKEN
    assert failover.text == (
        "The primary of shard 3 dies at second 20: for 30.4 s nobody serves, and 930,000 requests fail. "
        "Lost, as no replica had them: 1 place and 890 admissions; 871 of those people are let in a second time. "
        "Admissions are what they were 1 min 12 s after the death at the latest."
    )
    never = {"failovers": [{"shard": 3, "at_s": 20.0, "known_from_s": 950.0, "known_to_all_s": 959.5}]}
    for_good = found(onsale, facts=never)["Failover"].text
    assert "not replaced within the run" in for_good
    assert for_good.endswith("Admissions do not come back to what they were.")


def test_each_failover_has_the_failures_of_its_own_time(onsale: Scenario) -> None:
    twice = {"shard": 1, "at_s": 200.0, "known_from_s": 230.0, "known_to_all_s": 240.0}
    failed = {"failed_connection": spell(10.0, 20, 30) + spell(7.0, 205, 20)}
    text = found(onsale, facts={"failovers": [twice, *FAILOVER["failovers"]]}, series=failed)["Failover"].text
    assert "shard 3 dies at second 20: for 30.4 s nobody serves, and 300 requests fail." in text
    assert "shard 1 dies at second 200: for 30 s nobody serves, and 140 requests fail." in text
    together = {**twice, "at_s": 40.0, "known_from_s": 70.0, "known_to_all_s": 80.0}
    text = found(onsale, facts={"failovers": [together, *FAILOVER["failovers"]]}, series=failed)["Failover"].text
    assert "The primaries of shards 1 and 3 die at second 20: for 50 s nobody serves, and 440 requests fail." in text


def test_an_even_spread_is_a_good_finding(onsale: Scenario) -> None:
    even = {f"shard_{k}_busy": 0.4 for k in range(5)}
    shards = found(onsale, series=even, facts={"events_per_shard": [2] * 5})["Hottest shard"]
    assert shards.severity is Severity.GOOD
    assert "spread evenly" in shards.text


def test_an_uneven_spread_is_bad_only_where_the_hot_shard_strains(onsale: Scenario) -> None:
    idle = {f"shard_{k}_busy": 0.3 if k == 3 else 0.01 for k in range(5)}
    assert found(onsale, series=idle)["Hottest shard"].severity is Severity.NEUTRAL
    strained = idle | {"shard_3_busy": 0.95}
    assert found(onsale, series=strained)["Hottest shard"].severity is Severity.REMARK
    assert found(onsale, ("engine_cpu_percent",), series=strained)["Hottest shard"].severity is Severity.BROKEN


def test_what_is_exhausted_together_is_told_apart_from_what_follows(onsale: Scenario) -> None:
    full = {"shard_3_busy": spell(1, 41, 20), "pool_waiting": spell(1, 40, 20), "backlog_full": spell(1, 90, 20)}
    full |= {"failed_refused": full["backlog_full"]}
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
    assert lost.severity is Severity.REMARK
    assert found(onsale, series={"expired": second})["Lost turns"].severity is Severity.NEUTRAL


def test_being_throttled_is_no_failure(onsale: Scenario) -> None:
    quiet = {"errors.client_timeout": kpi(0), "errors.pool_timeout": kpi(0), "errors.rate_percent": kpi(0)}
    errors = found(onsale, kpis=quiet | {"errors.throttled": kpi(5_000)})["Errors"]
    assert errors.text == "No request failed."
    assert errors.severity is Severity.GOOD


@pytest.mark.parametrize(("peak", "waves"), [(60_000, False), (125_000, True)])
def test_a_peak_far_above_the_even_load_is_said_without_a_cause(onsale: Scenario, peak: float, waves: bool) -> None:
    text = found(onsale, kpis={"requests.status_rps_peak": kpi(peak)})["Load"].text
    assert ("not spread evenly: the busiest second has 2.08 times as many" in text) is waves


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
    assert finding.severity is Severity.REMARK
    assert "3 pods ready at the start, 9 at most, the first of the others after 1 min; up to 2 nodes" in finding.text
    assert "For 56 s the load, retries included, took more CPU than those ready had" in finding.text
    assert "about 7 pods must be warm (by CPU, not simulated)" in finding.text


def test_pods_that_are_enough_are_said_to_be() -> None:
    finding = scaled(3, 1_000.0)
    assert finding.severity is Severity.GOOD
    assert "By CPU alone about 1 pod would do" in finding.text


def outage(ready: np.ndarray, **changes: object) -> Finding:
    """The finding of a run whose 30 pods run all the time, so many of them *ready*, and have little to do."""
    levels = {"pods_ready": ready, "pods_running": 30, "pods_wanted": 30, "nodes": 6, "sent_status": 1_000.0}
    calm = {f"shard_{k}_busy": 0.03 for k in range(5)}
    series = levels | calm | changes.pop("series", {})
    return found(load_scenario("prewarmed-30"), series=series, **changes)["Scaling"]


def test_pods_are_unready_for_redis_only_where_redis_had_no_time_or_was_dead() -> None:
    """New pods and drained ones run unready as well: at 3 % engine CPU nobody may blame their question to Redis."""
    ready = np.where(np.arange(SECONDS) < 60, 30, 12)
    assert "readiness asks" not in outage(ready).text
    assert outage(ready).severity is Severity.GOOD
    full = outage(ready, series={"shard_3_busy": spell(1, 50, 60)})
    assert "Up to 18 ran unready while the Redis that readiness asks had no time or was dead." in full.text
    assert full.severity is Severity.REMARK
    after = outage(ready, series={"shard_3_busy": spell(1, 62, 60)})
    assert "readiness asks" not in after.text  # they had gone before: a rollout, say, whose new pods fill the engine
    dead = {"failovers": [{"shard": 0, "at_s": 55.0, "known_from_s": 80.0, "known_to_all_s": 85.0}]}
    assert "Up to 18 ran unready" in outage(ready, facts=dead).text


def test_while_nobody_is_ready_no_number_of_warm_pods_is_asked_for() -> None:
    text = outage(np.where((np.arange(SECONDS) < 60) | (np.arange(SECONDS) >= 83), 30, 0)).text
    assert "For 23 s nobody was ready while requests came." in text
    assert "must be warm" not in text


def test_people_who_are_told_that_the_seats_are_gone_do_not_make_the_rate_look_lost(onsale: Scenario) -> None:
    """The line is long for a while after the last seat, but nobody is to be let in any more."""
    told = onsale.model_copy(update={"event": onsale.event.model_copy(update={"on_sold_out": "announce"})})
    admitted = np.where(np.arange(SECONDS) < 26, 1_000, 0)
    result = onsale_result(told, series={"waiting": 5_000, "admitted": admitted})
    assert result.best("seats.sold_out_s") == 26.4
    assert achieved_admissions_rps(result, told) == pytest.approx(1_000, rel=0.05)
    assert (achieved_admissions_rps(result, onsale) or 0) < 500


def test_those_who_gave_up_are_told_of_only_if_somebody_did(onsale: Scenario) -> None:
    unserved = {"people.came": kpi(300_000), "people.unserved_percent": kpi(6), "people.still_waiting": kpi(18_000)}
    nobody = found(onsale, kpis={**unserved, "people.gave_up": kpi(0), "people.gave_up_after_s": kpi(None)})["Waits"]
    assert "6 % were not: 18,000 were still waiting when the run ended." in nobody.text
    some = found(onsale, kpis={**unserved, "people.gave_up": kpi(9), "people.gave_up_after_s": kpi(20)})["Waits"]
    assert "6 % were not: 9 gave up, half of them within 20 s; 18,000 were still waiting" in some.text
