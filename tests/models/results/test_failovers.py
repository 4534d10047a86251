"""What a failover did, read off recordings that are filled in by hand."""

import pytest

from models.engine.record import Column
from models.plan.plan import Plan
from models.redis.failover_timeline import learning
from models.results.failovers import failover_facts
from models.results.kpis import kpis_of, unit_of
from models.vocabulary.units import SECOND
from tests.models.recordings import blank, planned

FAULT = "kind: redis_failover, at_s: 20, detection_s: 6, promotion_s: 1"


def plan_of(more: str = "topology_refresh_s: 0", *changes: str) -> Plan:
    return planned(f"faults=[{{{FAULT}, {more}}}]", *changes)


def best(plan: Plan, recording, name: str) -> float | None:
    return kpis_of(plan, recording)[f"faults.{name}"].best


def test_a_run_without_failover_has_no_such_figures() -> None:
    plan = planned()
    assert not [name for name in kpis_of(plan, blank(plan, 60)) if name.startswith("faults.")]


def test_the_outage_lasts_until_the_first_pod_knows_the_successor() -> None:
    assert best(plan_of(), blank(plan_of(), 100), "outage_s") == 7
    plan = plan_of("topology_refresh_s: 40")
    after = [moment / SECOND for moment, _ in learning(plan, plan.failovers[0])]
    assert 0 < after[0] < after[1] < 40
    assert best(plan, blank(plan, 100), "outage_s") == pytest.approx(7 + after[0])
    assert failover_facts(plan)[0]["known_to_all_s"] == pytest.approx(27 + after[1])


def test_an_outage_that_the_run_does_not_see_the_end_of_is_none() -> None:
    assert best(plan_of(), blank(plan_of(), 26), "outage_s") is None


def test_without_a_replica_it_lasts_until_the_replacement() -> None:
    plan = plan_of("topology_refresh_s: 0, replacement_s: 33", "redis.replicas_per_shard=0")
    assert best(plan, blank(plan, 100), "outage_s") == 33


@pytest.mark.parametrize(
    ("after", "recovery_s"),
    [([0] * 5 + [94] * 20 + [95] * 10, 32), ([95] * 10, 7), ([94] * 30, None), ([95] * 9, None)],
)
def test_admissions_are_what_they_were_when_ten_seconds_reach_95_percent(after, recovery_s) -> None:
    plan = plan_of()
    recording = blank(plan, 27 + len(after))
    recording.record.series[10:20, Column.ADMITTED_BY_BUCKET] = 100
    recording.record.series[27 : 27 + len(after), Column.ADMITTED_BY_BUCKET] = after
    assert best(plan, recording, "recovery_s") == recovery_s


def test_what_was_lost_is_counted_over_the_run() -> None:
    plan = plan_of()
    recording = blank(plan, 100)
    for k, column in enumerate(("PLACES_LOST", "PLACES_RETURNED", "ADMISSIONS_LOST", "ADMISSIONS_REPEATED"), start=1):
        recording.record.series[20:22, Column[column]] = k
        assert best(plan, recording, column.lower()) == 2 * k
    assert unit_of("faults.places_lost") == unit_of("faults.places_returned") == "places"
    assert unit_of("faults.admissions_lost") == unit_of("faults.admissions_repeated") == "admissions"
