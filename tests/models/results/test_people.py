import dataclasses

import pytest

from models.engine.recording import Recording
from models.plan.plan import Plan
from models.results.kpis import is_at_least, kpis_of
from models.results.people import people_of
from models.vocabulary.units import SECOND
from tests.models.recordings import blank, planned

PEOPLE = ("clients.count=4", "clients.patience={median_s: 20, sigma: 0}", "clients.bots.share=0")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Four people who click within a second and are patient for exactly 20 s each."""
    return planned(*PEOPLE, "clients.arrival={profile: uniform, over_s: 1}")


def ended(plan: Plan, waited_s: list[float | None], end_s: float = 100) -> Recording:
    """A run in which everybody came, and was let in after so many seconds, or (None) not at all."""
    recording = blank(plan, end_s)
    recording.sessions.came_at[:] = plan.population.first_send + 1
    for s, wait in enumerate(waited_s):
        if wait is not None:
            recording.sessions.settled_at[s] = plan.population.first_send[s] + round(wait * SECOND)
            recording.sessions.admitted[s] = recording.sessions.done[s] = True
    return recording


def found(plan: Plan, recording: Recording) -> dict[str, float | None]:
    return {name: kpi.best for name, kpi in kpis_of(plan, recording).items()}


def test_waits_of_all_who_were_let_in_are_exact(plan: Plan) -> None:
    kpis = found(plan, ended(plan, [1.0, 2.5, 3.25, 9.125]))
    assert [kpis[f"wait.{name}_s"] for name in ("mean", "p50", "p95", "max")] == [3.96875, 2.5, 9.125, 9.125]
    assert kpis["people.unserved_percent"] == 0
    assert not kpis_of(plan, ended(plan, [1.0, 2.5, 3.25, 9.125]))["wait.mean_s"].at_least


def test_whoever_gave_up_counts_with_all_its_patience(plan: Plan) -> None:
    """One of four is let in after 1 s: without the three who left the mean wait would be 1 s, and all would be well."""
    recording = ended(plan, [1.0, None, None, None])
    kpis = kpis_of(plan, recording)
    assert kpis["wait.mean_s"].best == pytest.approx((1 + 3 * 20) / 4)
    assert kpis["wait.mean_s"].at_least
    assert kpis["wait.p50_s"].best == pytest.approx(20)
    assert kpis["people.gave_up"].best == 3
    assert kpis["people.gave_up_after_s"].best == pytest.approx(20)
    assert kpis["people.unserved_percent"].best == 75
    assert kpis["wait.served_within_slo_percent"].best == 25
    assert kpis["people.still_waiting"].best == 0


def test_whoever_is_in_line_at_the_end_counts_until_then() -> None:
    plan = planned("clients.count=2", "clients.bots.share=0", "clients.arrival={profile: uniform, over_s: 0}")
    kpis = found(plan, ended(plan, [4.0, None], end_s=90))
    since = 90 - plan.population.first_send[1] / SECOND
    assert kpis["wait.mean_s"] == pytest.approx((4 + since) / 2)
    assert (kpis["people.still_waiting"], kpis["people.gave_up"], kpis["people.gave_up_after_s"]) == (1, 0, None)


def test_whoever_is_told_that_the_seats_are_gone_has_been_served_and_is_counted_apart(plan: Plan) -> None:
    recording = ended(plan, [1.0, 3.0, 3.0, 5.0])
    recording.sessions.admitted[1:] = False
    recording.sessions.told[1:] = True
    kpis = found(plan, recording)
    assert kpis["wait.mean_s"] == 3
    assert kpis["people.unserved_percent"] == 0
    assert kpis["people.told_sold_out"] == 3


def test_a_person_is_one_however_many_tabs_it_has() -> None:
    plan = planned("clients.count=3", "clients.tabs={3: 1.0}", "clients.bots.share=0")
    recording = blank(plan, 100)
    sessions = recording.sessions
    sessions.came_at[:], sessions.call_number[4] = SECOND, 1
    sessions.settled_at[4], sessions.admitted[4] = 50 * SECOND, True  # the middle tab of the second person
    people = people_of(plan, recording)
    assert people.served.tolist() == [False, True, False]
    assert people.called.tolist() == [False, True, False]
    assert people.waited[1] == 50 * SECOND - plan.population.first_send[3:6].min()


def test_whoever_never_came_is_nobody(plan: Plan) -> None:
    recording = ended(plan, [1.0, 1.0, 1.0, 1.0])
    recording.sessions.came_at[3] = -1
    assert found(plan, recording)["people.came"] == 3
    kpis = found(plan, blank(plan, 100))
    assert (kpis["people.came"], kpis["wait.mean_s"], kpis["people.unserved_percent"]) == (0, None, None)


def test_nobody_is_called_before_the_first_call(plan: Plan) -> None:
    recording = ended(plan, [1.0, None, None, None])
    recording.sessions.call_number[0] = 1
    assert found(plan, recording)["people.never_ready"] == 3


def test_behind_a_generated_load_there_are_no_people() -> None:
    plan = planned(name="ladder-index")
    kpis = found(plan, blank(plan, 100))
    assert all(value is None for name, value in kpis.items() if name.startswith(("wait.", "people.")))


def test_a_mean_over_replications_is_a_lower_bound_if_any_of_them_is(plan: Plan) -> None:
    scenario = dataclasses.replace(plan).scenario
    assert is_at_least("wait.mean_s", {"wait.mean_s": 9.0, "people.unserved_percent": 0.1}, scenario)
    assert not is_at_least("wait.mean_s", {"wait.mean_s": 9.0, "people.unserved_percent": 0.0}, scenario)
    assert not is_at_least("wait.served_within_slo_percent", {"people.unserved_percent": 9.0}, scenario)
    assert is_at_least("latency.enter_p95_ms", {"latency.enter_p95_ms": 30_000.0}, scenario)
    assert not is_at_least("latency.enter_p95_ms", {"latency.enter_p95_ms": 29_999.0}, scenario)
