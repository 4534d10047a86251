"""What is said of unequal events: whose line a shard holds, and how the star fared beside the others."""

from typing import Any

import numpy as np
import pytest

from models.judge.apart import line_shares
from models.judge.cautions import chance_of, chance_of_shares
from models.judge.finding import Finding, Severity
from models.judge.findings import findings_of
from models.judge.limits import limits_of
from models.judge.lone_primary import places_at_risk
from models.judge.node_limits import memory
from models.judge.remedies import tabs_on_hot_shard
from models.judge.sale import admissions
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import SECONDS, onsale_result


def row(tag: str, shard: int, people_percent: float, **changes: Any) -> dict[str, Any]:
    came = round(3000 * people_percent)
    fared = {"came": came, "mean_wait_s": 20.0, "unserved_percent": 0.0, "without_seat": came - 50}
    stock = {"seats": 50, "sold": 50, "sold_out_s": 9.0, "rate_rps": 10.0}
    return {"tag": tag, "shard": shard, "people_percent": people_percent, **stock, **fared} | changes


STAR = row("star", 3, 80, mean_wait_s=400.0, unserved_percent=30.0, seats=900, sold=600, sold_out_s=None)
APART = [STAR, row("a", 3, 5), row("b", 0, 10), row("c", 1, 5, mean_wait_s=31.0)]
FACTS = {"events_apart": APART, "events_per_shard": [1, 1, 0, 2, 0], "hot_shard": 3, "sessions": 300_000}


@pytest.fixture(scope="module")
def onsale() -> Scenario:
    return load_scenario("onsale-300k")


def found(scenario: Scenario, broken: tuple[str, ...] = (), **facts: object) -> dict[str, Finding]:
    result = onsale_result(scenario, facts=FACTS | facts)
    return {item.topic: item for item in findings_of(result, scenario, limits_of(result, scenario), broken)}


def test_a_shard_holds_what_its_events_have_of_the_people() -> None:
    assert line_shares(FACTS) == pytest.approx([0.1, 0.05, 0, 0.85, 0])
    assert line_shares({"events_per_shard": [1, 0, 3]}) == [0.25, 0, 0.75]


def test_everything_of_the_hot_shard_counts_the_people_and_not_the_events(onsale: Scenario) -> None:
    line = {"waiting": 100_000.0, "called": 0.0}
    result, alone = onsale_result(onsale, series=line, facts=FACTS), onsale_result(onsale, series=line)
    assert tabs_on_hot_shard(result) == pytest.approx(255_000)
    assert places_at_risk(result) == pytest.approx(85_000)
    assert memory(result, onsale).used_percent == pytest.approx(0.85 * (memory(alone, onsale).used_percent or 0))
    assert "Shard 3 carries 2 of 4 events, 85 % of the people," in found(onsale)["Hottest shard"].text


def test_the_star_is_named_with_what_it_went_through_and_what_the_others_did(onsale: Scenario) -> None:
    text = found(onsale)["Events"].text
    assert "star has 80 % of the people, on shard 3: 240,000 came, a mean wait of at least 6 min 40 s" in text
    assert "600 of 900 seats sold" in text
    assert "The other 3 have 60,000 together; of them c waits longest, a mean wait of 31 s" in text
    assert "Without a seat: 239,950 of star, 59,850 of the others." in text
    assert "By itself, star would break the level of 5 min of mean wait." in text


def test_an_event_beyond_its_level_is_bad_as_far_as_the_level_of_all_is_broken(onsale: Scenario) -> None:
    assert found(onsale)["Events"].severity is Severity.REMARK
    assert found(onsale, ("mean_wait_s",))["Events"].severity is Severity.BROKEN
    fine = [each | {"mean_wait_s": 1.0} for each in APART]
    assert found(onsale, events_apart=fine)["Events"].severity is Severity.NEUTRAL


def test_equal_events_are_not_told_apart(onsale: Scenario) -> None:
    result = onsale_result(onsale)
    assert "Events" not in {item.topic for item in findings_of(result, onsale, limits_of(result, onsale))}


@pytest.mark.parametrize(("events", "shards", "most"), [(4, 3, 2), (10, 5, 2), (2, 2, 1)])
def test_the_luck_of_equal_shares_is_that_of_equal_events(events: int, shards: int, most: int) -> None:
    counted = chance_of_shares([1 / events] * events, shards, most / events)
    assert counted == pytest.approx(chance_of(events, shards, most), abs=0.01)


def test_no_names_put_less_on_a_shard_than_the_star_has() -> None:
    assert chance_of_shares([0.9, 0.05, 0.05], 5, 0.89) == 0
    assert chance_of_shares([0.9, 0.05, 0.05], 5, 0.9) == pytest.approx((4 / 5) ** 2, abs=0.01)


def test_two_events_are_told_of_in_the_singular(onsale: Scenario) -> None:
    two = [row("big", 3, 70), row("small", 0, 30)]
    text = found(onsale, events_apart=two)["Events"].text
    assert " The other is small: 90,000 came, a mean wait of 20 s" in text
    assert text.endswith("89,950 of the other.")


@pytest.mark.parametrize(("admitted", "why"), [(680.0, True), (600.0, False), (960.0, False)])
def test_a_rate_that_is_not_reached_as_lines_empty_apart_says_so_and_else_does_not(
    onsale: Scenario, admitted: float, why: bool
) -> None:
    # half of 1,000 a second each, for 300 s: 150,000 of the large line and all 60,000 of the small one are 700 a second
    apart = [row("big", 3, 80, rate_rps=500.0), row("small", 0, 20, rate_rps=500.0)]
    line = {"waiting": np.where(np.arange(SECONDS) <= 300, 50_000, 0), "admitted": admitted}
    result = onsale_result(onsale, series=line, facts=FACTS | {"events_apart": apart})
    text = admissions(result, onsale, ()).text
    assert ("700 is the most that these shares let in" in text) == why
