"""A shard without a replica is a finding: its line dies with it."""

import numpy as np

from models.experiments.simulate import simulate
from models.judge.finding import Finding, Severity
from models.judge.findings import findings_of
from models.judge.limits import limits_of
from models.results.result import RunResult
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result

LONELY = ("redis.replicas_per_shard=0",)


def found(result: RunResult, *settings: str, name: str = "onsale-300k") -> Finding | None:
    scenario = load_scenario(name, settings)
    findings = findings_of(result, scenario, limits_of(result, scenario))
    return next((finding for finding in findings if finding.topic == "No replica"), None)


def test_the_whole_line_of_the_hot_shard_is_at_risk() -> None:
    result = onsale_result(load_scenario("onsale-300k", LONELY))
    finding = found(result, *LONELY)
    assert finding is not None
    assert finding.severity is Severity.REMARK
    most = (result.series["waiting"] + result.series["called"]).max()
    assert f"up to {most:,.0f} places" in finding.text


def test_events_on_several_shards_put_their_share_at_risk() -> None:
    scenario = load_scenario("onsale-300k", LONELY)
    spread = onsale_result(scenario, facts={"events_per_shard": [1, 0, 2, 1, 1]})
    finding = found(spread, *LONELY)
    assert finding is not None
    most = 2 / 5 * (spread.series["waiting"] + spread.series["called"]).max()
    assert f"up to {most:,.0f} places" in finding.text


def test_with_a_replica_there_is_nothing_to_say() -> None:
    assert found(onsale_result(load_scenario("onsale-300k"))) is None


def test_a_primary_that_dies_without_a_replica_does_lose_that_line() -> None:
    """What the finding foretells, simulated: all places that the shard held when it died are gone."""
    settings = ("redis.replicas_per_shard=0", "redis.shards=1", "run.duration_s=40", "clients.count=600")
    death = "faults=[{kind: redis_failover, at_s: 20}]"
    died = simulate(load_scenario("onsale-small", (*settings, death)))
    lost = died.best("faults.places_lost")
    assert lost is not None
    held = died.series["waiting"].to_numpy(np.int64) + died.series["called"].to_numpy(np.int64)
    assert lost == held[19]
