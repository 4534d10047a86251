"""The ledger as a whole: nothing is left out, every way is gone, and no verdict is given whatever the evidence."""

import pytest

from models.ledger.book import CHECKS, document_of, judged, runs_for, unsettled, wanted_claims
from models.ledger.checks import Sources
from models.ledger.claims import claims
from models.ledger.evidence import ENGINE, LONGEST_FIRST
from models.ledger.measured import Measured, read_measured
from models.ledger.runs import RUNS, STAGES, Run
from sim.errors import BadInput
from tests.models.ledger.made_up import sources

NOT_MODELLED = {"backend", "dynamodb", "waf", "mesh", "security", "arch"}
"""Families of claims about the edge, the mesh, the depth of the backend and the other two architectures."""


def test_every_claim_has_a_check_and_no_other_has() -> None:
    assert CHECKS.keys() == claims().keys()


@pytest.mark.parametrize("name", list(claims()))
def test_all_ways_of_a_claim_are_gone_or_it_says_why_not(name: str) -> None:
    entry = judged([name], sources(lambda run, kpi, seed: 1.0), questions=False).entries[0]
    assert entry.why
    if entry.verdict == "not_yet_modelled":
        assert name.partition(".")[0] in NOT_MODELLED
        assert not CHECKS[name].runs
    elif entry.verdict != "not_testable":
        assert set(claims()[name].how) <= CHECKS[name].all_ways | ({"simulate"} if entry.later else set())
        assert entry.rests_on


@pytest.mark.parametrize(("bytes_each", "verdict"), [(154.0, "conditional"), (1524.0, "confirmed")])
def test_the_memory_that_is_needed_hangs_on_what_a_person_takes(bytes_each: float, verdict: str) -> None:
    found = judged(["redis.memory"], sources(lambda run, kpi, seed: 1.0, lambda name: bytes_each), questions=False)
    assert found.entries[0].verdict == verdict


@pytest.mark.parametrize(("cpu", "verdict"), [(60.0, "conditional"), (99.0, "refuted")])
def test_the_next_goal_is_reached_if_the_busiest_engine_holds(cpu: float, verdict: str) -> None:
    figures = {"requests.status_rps_peak_60s": 98_000.0, "redis.engine_cpu_peak_60s_percent": cpu}
    found = judged(["next.100k"], sources(lambda run, kpi, seed: figures.get(kpi, 0.5)), questions=False)
    assert found.entries[0].verdict == verdict


def test_the_document_has_what_the_contract_says() -> None:
    document = document_of(judged(["redis.sizing"], sources(lambda run, kpi, seed: 50.0), questions=True))
    claim = document["claims"][0]
    assert {"id", "verdict", "published", "twin", "rests_on", "why"} <= claim.keys()
    assert claim["twin"].keys() == {"low", "best", "high", "unit"}
    assert len(document["questions"]) == 4
    assert all(len(row) == len(q["table"]["columns"]) for q in document["questions"] for row in q["table"]["rows"])


def test_claims_are_given_in_the_order_of_the_file() -> None:
    assert wanted_claims(["redis.sizing", "demand.status_rps"]) == ("demand.status_rps", "redis.sizing")
    assert wanted_claims([]) == tuple(claims())


def test_an_unknown_claim_is_refused_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(BadInput, match=r"claim: .*redis\.sizin.* is not known; did you mean redis\.sizing\?"):
        wanted_claims(["redis.sizin"])


def test_only_what_is_needed_is_run() -> None:
    assert runs_for(["cost.nodes", "mesh.cpu"], questions=False) == set()
    assert runs_for(["fairness.fifo"], questions=False) == {"hot", "told", "counter", "clocks_agree"}


def test_nothing_is_run_that_nothing_asks_for() -> None:
    assert runs_for(claims(), questions=True) == RUNS.keys()
    assert RUNS.keys() >= set(LONGEST_FIRST)


def test_nothing_is_measured_that_no_claim_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, of = set(), Measured.of
    monkeypatch.setattr(Measured, "of", lambda self, name: asked.add(name) or of(self, name))
    judged(list(claims()), sources(lambda run, kpi, seed: 1.0), questions=False)
    # what the time inside a status with KEYS is a ratio to
    assert read_measured().quantities.keys() - {"status.inside_us"} == asked


def near(limit: float, apart: float) -> Sources:
    """Evidence in which the engine's worst minute is near a limit, *apart* points from run to run; the rest is fine."""

    def value(run: str, kpi: str, seed: int) -> float:
        if kpi == ENGINE:
            return limit - 5 + apart * (seed % 2)
        return 0.0 if kpi == "errors.rate_percent" else 0.5

    return sources(value)


def test_a_run_is_run_on_if_a_verdict_hangs_on_its_interval_and_only_then() -> None:
    level = RUNS["hot"].load().slo.engine_cpu_percent
    hot = {"hot", "five", "hot_derived"}
    assert unsettled(["redis.sizing"], False, near(level, 0.1)) == set(), "all of the interval is within the level"
    hanging = unsettled(["redis.sizing"], False, near(level, 9.0))
    assert hanging
    assert hanging <= hot | {"primary_only"}
    assert unsettled(["cost.nodes"], False, near(level, 9.0)) == set(), "a sum has no runs"
    found = judged(["redis.sizing"], near(level, 9.0), questions=False).entries[0]
    assert found.verdict == "conditional"


def test_an_entry_says_with_how_many_seeds_and_what_a_figure_that_never_varied_leaves() -> None:
    found = judged(["redis.sizing", "cost.nodes"], near(90.0, 0.1), questions=False).entries
    by_id = {entry.claim.id: entry.seeds for entry in found}
    assert by_id["cost.nodes"] == ""
    # the two designs have ten beforehand, the others four: 1 - 0.05^(1/n)
    assert by_id["redis.sizing"].startswith("10 for hot, five (")
    assert "; 4 for hot_derived, primary_only (no verdict hangs on their intervals" in by_id["redis.sizing"]
    assert by_id["redis.sizing"].endswith("leaves up to 53 % of 4, 26 % of 10 to be otherwise")


def test_the_rising_ladder_is_the_beginning_of_the_shipped_one() -> None:
    """So that its stages are the same to the last bit: what has not come yet changes nothing that was."""
    shipped, rising = Run("ladder-scaling").load(), RUNS["ladder_scaling"].load()
    stages = rising.clients.load.stages
    assert stages == shipped.clients.load.stages[: len(stages)]
    assert len(stages) > max(STAGES.values())
    assert rising.run.duration_s == sum(stage.duration_s for stage in stages)


@pytest.mark.parametrize("name", list(RUNS))
def test_every_run_can_be_loaded(name: str) -> None:
    assert RUNS[name].load().name
