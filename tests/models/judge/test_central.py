"""The central questions: what they say follows from the run, and where they flip is where they flip."""

import pytest

from models.experiments.simulate import simulate
from models.judge.central import central_answers
from models.judge.limits import limits_of
from models.judge.shards import shards_of
from models.judge.verdict import judge, slo_rows
from models.results.result import Kpi
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result, spell

SMALL = ("clients.count=3000", "event.seats=100", "run.duration_s=300", "admission.rate_rps=20", "admission.burst=20")


def answers_of(*settings: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    scenario = load_scenario("onsale-small", (*SMALL, *settings))
    result = simulate(scenario)
    limits = limits_of(result, scenario)
    found = central_answers(result, scenario, shards_of(slo_rows(result.kpis, scenario), limits))
    assert found == judge(result, scenario).answers
    return {answer.question.split()[0] + answer.question.split()[1]: (answer.text, answer.flips) for answer in found}


def test_the_rate_flips_where_the_mean_wait_of_an_even_line_meets_its_limit() -> None:
    text, flips = answers_of("slo.mean_wait_s=60")["Isadmitting"]
    # 3,000 people at 20 a second wait 75 s on average, so 60 s need 25
    assert "(1 min allowed)" in text
    rate = float(flips[0].split("about ")[1].split(" a second")[0])
    assert rate == pytest.approx(25, rel=0.1)


def test_redis_holds_or_does_not_by_its_service_level() -> None:
    text, flips = answers_of()["Do5"]
    assert text.startswith("Yes")
    assert flips
    assert all("it would be too much" in flip for flip in flips)
    text, flips = answers_of("slo.engine_cpu_percent=0.1")["Do5"]
    assert text.startswith("No")
    assert flips == ()  # 3,000 people are few for an engine thread: what the sum says of more of them explains nothing


def test_pods_that_must_be_warm_follow_from_the_cpu_of_the_requests() -> None:
    few = answers_of()["Dopods"][0]
    many = answers_of("gateway.cpu_us.join=20000", "gateway.cpu_us.status=20000")["Dopods"][0]
    assert "the CPU of 1 pod" in few
    assert "the CPU of 1 pod;" not in many


def test_every_point_at_which_an_answer_flips_says_that_nothing_was_simulated_there() -> None:
    """Eight pods had the CPU of the busiest 10 s of the default on-sale, and failed 1.45 % when they were simulated."""
    for settings in ((), ("slo.engine_cpu_percent=0.1",), ("gateway.cpu_us.join=20000", "gateway.cpu_us.status=20000")):
        flips = [flip for _, found in answers_of(*settings).values() for flip in found]
        assert len(flips) >= 2
        assert [flip for flip in flips if "not simulated" not in flip] == []
        assert not any("are enough" in flip for flip in flips)


def test_a_ladder_asks_none_of_them() -> None:
    scenario = load_scenario("ladder-index", ["clients.count=10", "run.duration_s=1", "clients.load.settle_s=0",
                                              "clients.load.stages=[{rate_rps: 9, duration_s: 1}]"])  # fmt: skip
    assert judge(simulate(scenario), scenario).answers == ()


CALM = {f"shard_{k}_busy": 0.3 for k in range(5)} | {"pool_waiting": 0.0, "failed_client_timeout": 0.0}

FAST = Kpi(None, 130.0, None, "ms")


def redis_answer(
    series: dict[str, object],
    settings: tuple[str, ...] = (),
    cpu: float = 40.0,
    p99: Kpi = FAST,
    **changes: object,
) -> tuple[str, tuple[str, ...], str]:
    """The answer for Redis with its flips, and the headline, of a run with these series and figures."""
    scenario = load_scenario("onsale-300k", settings)
    kpis = {"redis.engine_cpu_peak_60s_percent": Kpi(None, cpu, None, "percent"), "latency.status_p99_ms": p99}
    verdict = judge(onsale_result(scenario, series=CALM | series, kpis=kpis, **changes), scenario)
    return verdict.answers[1].text, verdict.answers[1].flips, verdict.headline


@pytest.mark.parametrize(
    ("series", "settings", "why"),
    [
        (
            {"shard_0_connections": 65_000.0},
            (),
            "the Redis connections are exhausted in the first second (up to 65,000",
        ),
        ({"waiting": 400_000.0}, ("redis.bytes_per_place=30000",), "the Redis memory is exhausted in the first second"),
        (
            {"shard_3_requests": 1_600_000.0},
            ("redis.replicas_per_shard=0",),
            "the Redis burst bandwidth is exhausted in the first second",
        ),
    ],
)
def test_shards_that_a_full_capacity_fails_are_not_said_to_hold_with_fewer_polls(
    series: dict[str, object], settings: tuple[str, ...], why: str
) -> None:
    text, flips, headline = redis_answer(series, settings)
    assert text.startswith(f"No: {why}")
    assert "The busiest engine thread is 40 % busy in its worst minute, with 90 % allowed" in text
    assert flips == (), "no poll interval frees it"
    assert f"do not hold: {why.partition(' (')[0]}" in headline


def test_status_that_another_capacity_makes_slow_says_which() -> None:
    cores = load_scenario("onsale-300k").gateway.pods * load_scenario("onsale-300k").gateway.cpu_cores
    slow = Kpi(None, 4_000.0, None, "ms")
    text, _, _ = redis_answer({"gateway_cpu_cores": cores}, p99=slow)
    assert text.startswith("Yes: ")
    assert "status p99 is 4,000 ms, with 1,000 ms allowed (the CPU of 30 gateway pods is exhausted first)." in text
    text, _, _ = redis_answer({}, p99=slow)
    assert "with 1,000 ms allowed (nothing is exhausted)." in text
    text, _, _ = redis_answer({}, p99=Kpi(None, 900.0, None, "ms"))
    assert "with 1,000 ms allowed. It has" in text, "where it is fast enough nothing is to be explained"


def test_a_latency_that_is_only_bounded_is_told_as_one() -> None:
    """Clients give up after 30 s: that is not the latency of who was never answered."""
    bounded = Kpi(None, 30_000.0, None, "ms", at_least=True)
    text, _, _ = redis_answer({"shard_3_busy": spell(1, 20, 90)}, ("slo.status_p99_ms=30000",), p99=bounded)
    assert "status p99 is at least 30,000 ms, with 30,000 ms allowed (the engine thread of shard 3 is exhausted" in text


def test_an_engine_that_is_too_busy_is_the_cause_whatever_is_exhausted_before() -> None:
    pool, engine = {"pool_waiting": spell(5, 5, 200)}, {"shard_3_busy": spell(1, 40, 90)}
    text, flips, headline = redis_answer(pool | engine, cpu=97.0)
    assert "do not hold: the engine thread of shard 3 is exhausted 40 s after the opening" in headline
    assert text.startswith("No: the busiest engine thread is 97 % busy")
    assert flips, "fewer polls are a way out"
    _, _, headline = redis_answer(pool, cpu=97.0)
    assert "do not hold: the busiest engine thread is 97 % busy in its worst minute" in headline
    _, _, headline = redis_answer(pool)
    assert "5 shards of cache.m7g.xlarge hold, but the Redis connection pool is exhausted 5 s after" in headline


def test_one_shard_is_spoken_of_in_the_singular() -> None:
    _, _, headline = redis_answer({}, ("redis.shards=1",))
    assert "1 shard of cache.m7g.xlarge holds" in headline


def test_where_nothing_is_known_of_a_node_it_is_open_whether_it_holds() -> None:
    text, _, _ = redis_answer({}, facts={"node_known": False})
    assert text.startswith("Open for cache.m7g.xlarge: nothing is known of its Redis CPU.")
    assert "which are of another machine: Yes: " in text
