"""The central questions: each answer follows the evidence, and says of which design it is true."""

from itertools import product

import pytest

from models.ledger.luck import luck_text, most_on_a_shard
from models.ledger.questions import QUESTIONS, Answer
from models.ledger.runs import RUNS
from models.plan.hash_slots import shard_of, slot_of
from tests.models.ledger.made_up import Value, sources

RATE, REDIS, PODS, BREAKS = QUESTIONS


def answered(question: int, value: Value) -> Answer:
    return QUESTIONS[question].answer(sources(value))


def kept(run: str, kpi: str, seed: int) -> float:
    """Everything is within its level."""
    return 0.0 if kpi in ("seats.oversold", "people.unserved_percent", "errors.rate_percent") else 0.5


def test_a_rate_is_robust_if_it_is_good_whether_people_are_told_or_not() -> None:
    def value(run: str, kpi: str, seed: int) -> float:
        # 500 keeps the wait only if people are told, 2,000 and 3,000 ask too much of the backend if they are not
        if kpi == "wait.mean_s":
            return 400.0 if run == "rate_500" else 862.0 if run == "window_1000" else 150.0
        if kpi.startswith("fact.reserve"):
            return 4000.0 if run in ("rate_2000", "rate_3000") else 900.0
        return 1.0

    answer = answered(0, value)
    assert (
        "It is one of several that keep the mean wait and the backend's capacity: 1,000, 1,500 per second."
        in answer.text
    )
    assert [row[0] for row in answer.rows] == ["500", "1,000 *", "1,500 *", "2,000", "3,000"]
    assert "14 min 22 s with 1,000" in answer.text, "what the calls outstanding do to it is told"


def test_a_rate_is_open_where_an_interval_spans_what_the_backend_can_do() -> None:
    """2,930 to 3,020 reservations a second in four runs, of which 3,000 are borne: neither kept nor exceeded."""

    def value(run: str, kpi: str, seed: int) -> float:
        if kpi == "fact.reserve_rps_peak_60s":
            return 2_900.0 + 30 * seed if run == "rate_3000" else 900.0
        return 150.0 if kpi == "wait.mean_s" else 1.0

    answer = answered(0, value)
    assert "3,000" not in answer.text.partition("At 1,000")[0]
    assert "admission.rate_rps = 3,000: mean wait 2 min 30 s, backend 99.2 %, open" in answer.flips
    assert any("the backend's capacity is kept below 2,500 (" in flip for flip in answer.flips), "as bisection finds"


def test_the_design_is_answered_for_one_event_for_five_and_for_ten() -> None:
    def value(run: str, kpi: str, seed: int) -> float:
        busy = {"hot": 97.0, "five": 76.0, "spread": 42.0}
        return busy.get(run, 50.0) if kpi == "redis.engine_cpu_peak_60s_percent" else kept(run, kpi, seed)

    text = answered(1, value).text
    assert text.startswith("For one event no, the busiest engine thread at 97 %")
    assert "for five events yes" in text
    assert "for ten events on distinct slots yes" in text


def test_fewer_shards_hold_only_with_the_luck_of_the_names() -> None:
    text = answered(1, kept).text
    assert "1 shards hold" not in text
    assert "1 shard holds ten events too" in text

    def three(run: str, kpi: str, seed: int) -> float:
        broken = run in ("shards_1", "shards_2") and kpi == "redis.engine_cpu_peak_60s_percent"
        return 99.0 if broken else kept(run, kpi, seed)

    found = answered(1, three).text
    assert "3 shards hold ten events too: the busiest is at" in found
    assert "with names drawn anew for each of 4 runs" in found
    for shards in (2, 3):
        assert RUNS[f"shards_{shards}"].load().waiting_room.event_tags_drawn, "so the luck is in the interval"


def test_pods_are_enough_where_the_design_itself_holds() -> None:
    def value(run: str, kpi: str, seed: int) -> float:
        if run == "warm_3" and kpi == "errors.rate_percent":
            return 7.0
        return kept(run, kpi, seed)

    answer = answered(2, value)
    assert "As good, of those tried, is 10 warm or more." in answer.text
    assert answer.flips[0] == "gateway.pods at the opening: between 3 warm and 10 warm it begins to be enough"
    assert "which have the crowd, above 11.5 (" in answer.flips[1], "as it is found by bisection"
    assert {RUNS[run].scenario for run in PODS.runs} == {"onsale-300k-spread"}, "asked of a design that holds"


def test_a_wait_that_is_short_because_many_are_never_let_in_is_not_as_good() -> None:
    def value(run: str, kpi: str, seed: int) -> float:
        return 40.0 if run != "warm_30" and kpi == "people.unserved_percent" else kept(run, kpi, seed)

    assert "As good, of those tried, is 30 warm or more." in answered(2, value).text


@pytest.mark.parametrize("run", ["spread", "shards_3", "shards_2"])
def test_names_fall_as_their_hashes_do(run: str) -> None:
    scenario = RUNS[run].load()
    held = [0] * scenario.redis.shards
    for tag in scenario.waiting_room.event_tags or ():
        held[shard_of(slot_of("{" + tag + "}"), scenario.redis.shards)] += 1
    assert sum(held) == 10
    assert most_on_a_shard(scenario) == max(held)


def test_the_luck_of_names_is_the_share_of_all_ways_they_could_fall() -> None:
    """Ten events on two shards: of 1,024 ways, those with no more on one than the names have."""
    scenario = RUNS["shards_2"].load()
    most = most_on_a_shard(scenario)
    ways = [max(sum(way), 10 - sum(way)) for way in product((0, 1), repeat=10)]
    share = 100 * sum(fullest <= most for fullest in ways) / len(ways)
    assert f"in {share:.1f} % of cases" in luck_text(scenario)
