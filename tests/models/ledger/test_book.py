"""The ledger as a whole: nothing is left out, every way is gone, and no verdict is given whatever the evidence."""

import re

import pytest

from models.ledger.book import CHECKS, document_of, judged, runs_for, unsettled, wanted_claims
from models.ledger.checks import Sources
from models.ledger.claims import claims
from models.ledger.entry import Entry
from models.ledger.evidence import ENGINE, LONGEST_FIRST
from models.ledger.measured import Measured, read_measured
from models.ledger.runs import RATES_RPS, RUNS, STAGES, Run
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
        simulated = {"simulate"} if CHECKS[name].runs or entry.later else set()
        assert set(claims()[name].how) <= {*CHECKS[name].ways, *simulated}
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
    assert by_id["redis.sizing"].startswith("10 for each of 2 runs (")
    assert "; 4 for each of 2 runs (no verdict hangs on their intervals" in by_id["redis.sizing"]
    assert by_id["redis.sizing"].endswith(
        "what is the same with all 4 may be otherwise in up to 53 % of on-sales, with all 10 in up to 26 %"
    )


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


def sizing(derived: float, hot: float = 60.0) -> Entry:
    """The claim about the sizing, by how busy the engine is by the derived profile and by the talk's."""

    def value(run: str, kpi: str, seed: int) -> float:
        if kpi != ENGINE:
            return 0.5
        return derived if run == "hot_derived" else 99.0 if run == "primary_only" else hot

    return judged(["redis.sizing"], sources(value), questions=False).entries[0]


def test_what_only_the_profile_leaves_open_flips_by_the_profile_and_not_by_the_case_that_was_judged() -> None:
    found = sizing(derived=99.0)
    assert found.verdict == "conditional"
    at = {(flip.setting, flip.at): flip.verdict for flip in found.flips}
    assert at["redis.profile", "talk-m7g"] == "fitted", "what was fitted to the talk confirms nothing of it"
    assert at["redis.profile", "m7g-xlarge-derived"] == "refuted"
    assert at["waiting_room.replica_reads", "false"] == "refuted"
    assert not any(setting == "waiting_room.events" for setting, _ in at)
    assert [verdict for (setting, _), verdict in at.items() if setting == "clients.count"] == ["refuted"]
    assert sizing(derived=60.0).verdict == "confirmed"
    assert sizing(derived=60.0, hot=99.0).verdict == "refuted"


def test_the_sizing_says_that_the_derived_profile_alone_leaves_it_open() -> None:
    def value(run: str, kpi: str, seed: int) -> float:
        if kpi != ENGINE:
            return 0.5
        return 80.0 + 15 * (seed % 2) if run == "hot_derived" else 60.0

    found = judged(["redis.sizing"], sources(value), questions=False).entries[0]
    assert found.verdict == "conditional"
    assert "for one, and so leaves it open: that the fit to the talk holds confirms nothing." in found.why
    assert [(flip.setting, flip.verdict) for flip in found.flips if flip.setting == "redis.profile"] == [
        ("redis.profile", "fitted")
    ]
    assert "leaves it open" not in sizing(derived=60.0).why


@pytest.mark.parametrize(
    ("name", "derived"), [("redis.no_more_nodes", "ladder_derived"), ("gateway.errors_30k", "long_30k_derived")]
)
def test_by_the_profile_that_is_fitted_to_the_talk_nothing_of_it_is_confirmed(name: str, derived: str) -> None:
    runs = sources(lambda run, kpi, seed: 99.0 if run == derived else 0.1)
    found = judged([name], runs, questions=False).entries[0]
    assert found.verdict in ("conditional", "refuted")
    assert {flip.at: flip.verdict for flip in found.flips}["fitted to the talk"] == "fitted"


def optimal(reserved: dict[int, float], **mean_wait_s: tuple[float, float]) -> Entry:
    """The claim that 1,000 is optimal, by the mean waits of rates in even and odd seeds, and what they reserve."""

    def value(run: str, kpi: str, seed: int) -> float:
        rate = int(run.partition("_")[2]) if run.startswith(("rate_", "told_")) else 0
        if kpi == "wait.mean_s":
            return mean_wait_s.get(run, (150.0, 150.0))[seed % 2]
        if kpi.startswith("fact.reserve"):
            return reserved.get(rate, 900.0) + seed
        return 100.0 - rate / 100 if kpi == "cost.event_usd" else 1.0

    return judged(["admission.optimal"], sources(value), questions=False).entries[0]


def test_a_rate_that_may_be_optimal_is_not_refuted() -> None:
    every = {f"rate_{rate}": (200.0, 420.0) for rate in RATES_RPS}
    found = optimal({}, **every)
    assert found.verdict == "conditional"
    assert found.why.startswith("None of the rates tried is certain to keep the mean wait and the backend's capacity, ")
    assert "open with 500, 1,000, 1,500, 2,000 and 3,000." in found.why
    assert optimal({}, rate_1000=(200.0, 420.0)).verdict == "conditional"
    assert optimal({}, rate_1000=(900.0, 900.0)).verdict == "refuted"
    assert optimal({}, **{f"rate_{rate}": (900.0, 900.0) for rate in RATES_RPS}).verdict == "refuted"


def test_a_cheaper_rate_that_is_open_leaves_open_whether_another_is_the_best() -> None:
    dearer = {f"rate_{rate}": (900.0, 900.0) for rate in (1500, 2000)}
    assert optimal({}, **dearer, rate_3000=(900.0, 900.0)).verdict == "confirmed"
    assert optimal({}, **dearer, rate_3000=(200.0, 420.0)).verdict == "conditional"


def test_the_capacity_at_which_1_000_is_the_cheapest_bears_it_and_no_more() -> None:
    """Four runs of each reserve 1,001 to 1,004 and 1,501 to 1,504 in their busiest minutes, another may have more."""
    found = optimal({1000: 1000.0, 1500: 1500.0, 2000: 2000.0, 3000: 2900.0}, rate_500=(900.0, 900.0))
    (at,) = (flip.at for flip in found.flips if flip.setting == "backend.reservation_capacity_rps")
    low, high = (float(text.replace(",", "")) for text in re.findall(r"[\d,]+\d", at)[:2])
    assert 1004 < low < 1020
    assert 1480 < high < 1501


def test_a_busiest_second_that_may_exceed_the_capacity_leaves_it_open() -> None:
    def verdict(low: float, high: float) -> str:
        runs = sources(lambda run, kpi, seed: (low, high)[seed % 2] if kpi == "fact.reserve_rps_peak" else 900.0)
        return judged(["backend.reservation"], runs, questions=False).entries[0].verdict

    capacity = claims()["backend.reservation"].number("capacity_rps")
    assert verdict(900, 900) == "fitted"
    assert verdict(900, capacity) == "conditional"
    assert verdict(2 * capacity, 2 * capacity) == "refuted"


def test_a_gateway_whose_cpu_may_agree_is_not_said_to_disagree() -> None:
    def why(low: float, high: float) -> str:
        runs = sources(lambda run, kpi, seed: (low, high)[seed % 2])
        return judged(["gateway.cpu_1k"], runs, questions=False).entries[0].why

    value = claims()["gateway.cpu_1k"].figure
    assert why(0.9 * value, 1.6 * value).endswith("; and at this load it is open whether the two agree.")
    assert why(9 * value, 9 * value).endswith("; but at this load the two do not agree.")
    assert why(value, value).endswith("tells nothing.")


def test_no_rate_that_may_keep_the_wait_is_said_to_break_it() -> None:
    wait = claims()["admission.wait_rate"].number("mean_wait_s")

    def entry(low: float, high: float) -> Entry:
        runs = sources(lambda run, kpi, seed: wait * (low, high)[seed % 2] if kpi == "wait.mean_s" else 1.0)
        # of a claim whose own sum is right, 300,000 people in 2 x 300 s, the runs decide
        claim = claims()["admission.wait_rate"].model_copy(update={"value": 500.0})
        return CHECKS["admission.wait_rate"].judge(claim, runs)

    assert "per second keeps it for certain." in entry(0.8, 1.5).why
    assert "per second keeps it." in entry(1.5, 1.5).why
    assert entry(0.8, 1.5).verdict == "conditional"
    assert entry(1.5, 1.5).verdict == "refuted"


@pytest.mark.parametrize("name", ["admission.optimal", "admission.wait_rate"])
def test_a_rate_of_those_tried_has_no_interval(name: str) -> None:
    """The rates that were tried on either side are no bounds that hold one more on-sale."""

    def value(run: str, kpi: str, seed: int) -> float:
        return {"rate_500": 400.0}.get(run, 150.0) if kpi == "wait.mean_s" else 1.0

    entry = judged([name], sources(value), questions=False).entries[0]
    assert entry.twin is not None
    assert (entry.twin.low, entry.twin.high, entry.twin.n) == (None, None, 1)
    assert entry.no_interval
    assert "1,000" in entry.why


def test_why_nothing_flips_is_said_of_conditions_alone() -> None:
    document = document_of(judged(list(claims()), sources(lambda run, kpi, seed: 50.0), questions=False))
    for claim in document["claims"]:
        assert claim["no_flip"] is None or (claim["verdict"] == "conditional" and not claim["flips"]), claim["id"]


def test_sentences_begin_with_a_capital_and_end_with_one_point() -> None:
    for entry in judged(list(claims()), sources(lambda run, kpi, seed: 50.0), questions=False).entries:
        assert not entry.why[:1].islower(), entry.claim.id
        assert not any(ground.endswith(".") for ground in entry.rests_on), entry.claim.id


def test_spot_nodes_that_make_no_difference_are_said_to_make_none() -> None:
    def why(wave: float) -> str:
        runs = sources(lambda run, kpi, seed: wave if run == "spot_wave" else 0.2)
        return judged(["spot.interruptions"], runs, questions=False).entries[0].why

    assert why(0.2).endswith(
        "0.2 % of the requests fail and the mean wait is 0.2 s; without such a notice both figures are the same."
    )
    assert why(9.0).endswith("without such a notice they are 0.2 % and 0.2 s.")
