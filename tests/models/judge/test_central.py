"""The central questions: what they say follows from the run, and where they flip is where they flip."""

import pytest

from models.experiments.simulate import simulate
from models.judge.central import central_answers
from models.judge.limits import limits_of
from models.judge.verdict import judge, shards_hold, slo_rows
from models.scenario import load_scenario

SMALL = ("clients.count=3000", "event.seats=100", "run.duration_s=300", "admission.rate_rps=20", "admission.burst=20")


def answers_of(*settings: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    scenario = load_scenario("onsale-small", (*SMALL, *settings))
    result = simulate(scenario)
    limits = limits_of(result, scenario)
    found = central_answers(result, scenario, limits, shards_hold(slo_rows(result.kpis, scenario), limits))
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
