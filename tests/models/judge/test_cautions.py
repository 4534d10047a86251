"""What a reader is told of the design's own settings: rates that they cannot keep, places that are lost, and luck."""

from itertools import product

import pytest

from models.judge.cautions import cautions, chance_of
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result, spell


def told(*changes: str, name: str = "onsale-300k", held: tuple[int, ...] = (0, 1, 0, 0, 0)) -> str:
    scenario = load_scenario(name, changes)
    return "\n".join(cautions(onsale_result(scenario, facts={"events_per_shard": held}), scenario))


def waves(*changes: str, reached: float = 290, joined_within_s: int = 10) -> str:
    """What is told of a line from which so many a second are let in, all of which joined within so many seconds."""
    scenario = load_scenario("onsale-300k", changes)
    series = {"admitted": reached, "waiting": 100_000.0, "answered_join": spell(1_000, 10, joined_within_s)}
    found = cautions(onsale_result(scenario, series=series, facts={"events_per_shard": [0, 1, 0, 0, 0]}), scenario)
    return "\n".join(found)


def test_the_default_design_keeps_its_rate() -> None:
    assert told() == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("admission.call_window=1000",), "lets through at most 400/s of 1,000/s; 10,000 keep the rate"),
        (("admission.call_window=9000",), "has little to spare of 1,000/s; 10,000 keep"),
        (("admission.burst=1000",), "1,000 permits are kept, 5,000 people are called in a poll interval of 5 s"),
        (("admission.call_ttl_s=4",), "kept for 4 s and people poll up to every 5 s, so that 20 % of the calls lapse"),
        (("clients.hidden.share=0.5",), "after 60 s without a sign of life, and 40 % of the clients poll every 60 s"),
        (("clients.hidden.share=0.5",), "20 % of the calls lapse"),
        (("redis.replicas_per_shard=0",), "against waiting_room.replica_reads: redis.replicas_per_shard is 0"),
        (("waiting_room.core=keys",), "against waiting_room.replica_reads: the version with KEYS asks the primary"),
    ],
)
def test_what_cannot_be_kept_is_said_with_its_numbers(changes: tuple[str, ...], words: str) -> None:
    assert words in told(*changes)


def test_a_place_outlives_polls_that_come_in_time() -> None:
    assert "heartbeat" not in told("clients.hidden.share=0.5", "waiting_room.heartbeat_ttl_s=67")
    assert "heartbeat" in told("clients.hidden.share=0.5", "waiting_room.heartbeat_ttl_s=65")  # 60 s, a tenth longer


def test_a_line_that_nobody_calls_between_signs_of_life_is_said_with_its_numbers() -> None:
    text = waves("waiting_room.heartbeat_ttl_s=300")
    assert "signs of life, every 100 s (a third of the TTL)" in text
    assert "at most 64 in each" in text
    assert "passes, which call 64/s" in text
    assert "keeps 5,000 calls from one wave to the next: 290/s of 1,000/s were let in" in text


@pytest.mark.parametrize(
    ("changes", "of_the_run"),
    [
        (("waiting_room.heartbeat_ttl_s=300",), {"reached": 990}),  # the rate is kept
        (("waiting_room.heartbeat_ttl_s=60",), {"joined_within_s": 30}),  # no pause between signs of life
        (("waiting_room.heartbeat_ttl_s=300", "waiting_room.replica_reads=false"), {}),  # every status calls
        (("waiting_room.heartbeat_ttl_s=300", "waiting_room.expire_every_s=0.06"), {}),  # passes call enough
    ],
)
def test_of_waves_nothing_is_said_where_they_are_not_why(changes: tuple[str, ...], of_the_run: dict[str, int]) -> None:
    assert "signs of life, every" not in waves(*changes, **of_the_run)


def test_the_luck_of_names_is_said() -> None:
    assert "names of the 10 events, given, put 2, 2, 2, 2, 2" in told(name="onsale-300k-spread", held=(2,) * 5)
    assert "no more than 2 events on any of them in 1.16 % of cases" in told(name="onsale-300k-spread", held=(2,) * 5)
    assert "5 events, drawn with the seed, put 2, 0, 1, 1, 1" in told(name="onsale-300k-five", held=(2, 0, 1, 1, 1))
    assert told(name="onsale-300k-five", held=(5, 0, 0, 0, 0)) == ""  # nothing could be worse


@pytest.mark.parametrize(("events", "shards"), [(2, 2), (5, 3), (6, 4)])
def test_the_chance_is_that_of_all_ways_alike(events: int, shards: int) -> None:
    fullest = [max(way.count(k) for k in range(shards)) for way in product(range(shards), repeat=events)]
    for most in range(1, events + 1):
        alike = sum(found <= most for found in fullest) / len(fullest)
        assert chance_of(events, shards, most) == pytest.approx(alike)
