"""No verdict is given whatever the evidence: each is driven both ways, by made-up runs or by the inputs of its sum."""

import hashlib
import re
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from models.ledger.book import CHECKS
from models.ledger.checks import Sources
from models.ledger.claims import Claim, claims
from models.ledger.entry import Entry
from models.ledger.runs import RUNS
from models.scenario.load_kinds import OpenLoopLoad
from tests.models.ledger.made_up import sources

SAYS_NOTHING = {"profile.position", "spot.interruptions"}
"""Claims of which the ledger says that it cannot tell, and why: no evidence of it could."""
ELSEWHERE = {
    # of two figures at once, or of a figure that is far from what is published: tests of their own
    "arch.queue",
    "redis.memory",
    "next.100k",
}
OWN_SUM = {
    # these contradict themselves, or fall, by their own inputs, whatever is simulated beside
    "redis.network",
    "redis.cpu_600ms",
    "admission.wait_rate",
    # a pure calculation from the runtime's settings
    "gateway.memory",
}
SCALING = {name: k for k, name in enumerate(name for name in claims() if name.startswith("scale."))}
COUNTED = re.compile("errors|oversold|lost|at_end|expiry|passes|order")
"""What can be none at all."""
FACTORS = [1.1**k for k in range(-30, 31)]


def chance(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def made_of(size: float, spread: float) -> Sources:
    """Evidence in which everything is about *size*, up to a share *spread*; what can be none sometimes is."""

    def value(run: str, kpi: str, seed: int) -> float:
        if COUNTED.search(kpi) and chance(f"{size} {run} {kpi} none") < 0.5:
            return 0.0
        return size * (1 + spread * (chance(f"{size} {run} {kpi}") - 0.5))

    def real(name: str) -> float:
        if COUNTED.search(name) and chance(f"{size} {name} none") < 0.5:
            return 100.0 if "alive" in name else 0.0
        return size

    return sources(value, real)


@cache
def of_all_sizes() -> tuple[Sources, ...]:
    figures = {abs(claim.value) for claim in claims().values() if isinstance(claim.value, float) and claim.value}
    sizes = sorted({10.0**power for power in range(-3, 7)} | figures | {0.4 * figure for figure in figures})
    return tuple(made_of(size, spread=0.0 if trial % 2 else 0.5) for trial, size in enumerate(sizes))


def not_asked(run: str, kpi: str, seed: int) -> float:
    raise AssertionError(f"{kpi} of {run} is looked at, which the check does not ask for")


def by_evidence(name: str) -> Iterator[Entry]:
    """The entries of a claim over evidence of all sizes; of one about scaling, over all times that it may take.

    A claim that asks for no evidence is judged where no run may be looked at, and by measurements far apart.
    """
    if name in SCALING:
        yield from (scaled(name, share) for share in (0.1, 0.8, 1.0, 1.2, 3.0))
        return
    if not evidence_is_asked(name):
        yield from (CHECKS[name].judge(claims()[name], sources(not_asked, lambda kind, x=x: x)) for x in (0.001, 1e6))
        return
    for evidence in (*of_all_sizes(), *around(name)):
        yield CHECKS[name].judge(claims()[name], evidence)


def around(name: str) -> Iterator[Sources]:
    """Evidence in which everything is the figure that a claim publishes, or some more or less."""
    value = claims()[name].value
    for factor in (0.3, 0.6, 1.0, 1.7, 3.0) if isinstance(value, float) else ():
        yield sources(lambda run, kpi, seed, size=value * factor: size, lambda kind, size=value * factor: size)


def by_inputs(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entry]:
    """The entries of a claim with its figure, and then every stated input of every claim, times many factors."""
    modules = [
        each for key, each in sys.modules.items() if key.startswith("models.ledger.") and hasattr(each, "claims")
    ]
    wait_s = claims()["admission.wait_rate"].number("mean_wait_s")
    within = sources(lambda run, kpi, seed: wait_s)
    for other, claim in sorted(claims().items(), key=lambda item: item[0] != name):
        for varied in variants(claim):
            changed = {**claims(), other: varied}
            for module in modules:
                monkeypatch.setattr(module, "claims", lambda changed=changed: changed)
            yield CHECKS[name].judge(changed[name], within)


def variants(claim: Claim) -> Iterator[Claim]:
    for factor in FACTORS:
        if isinstance(claim.value, float) and claim.value:
            yield claim.model_copy(update={"value": claim.value * factor})
        elif isinstance(claim.value, tuple):
            yield claim.model_copy(update={"value": tuple(factor * end for end in claim.value)})
        for key, value in claim.given.items():
            if isinstance(value, float):
                yield claim.model_copy(update={"given": claim.given | {key: value * factor}})


def changes(entries: Iterator[Entry]) -> bool:
    """Whether the verdict ever becomes another; no further entry is made then."""
    first = next(entries).verdict
    return any(entry.verdict != first for entry in entries)


def evidence_is_asked(name: str) -> bool:
    return bool(CHECKS[name].runs) or "real" in CHECKS[name].ways


@pytest.mark.parametrize("name", sorted(set(claims()) - SAYS_NOTHING - OWN_SUM - ELSEWHERE))
def test_a_verdict_follows_the_evidence_or_where_there_is_none_the_inputs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changes(by_evidence(name) if evidence_is_asked(name) else by_inputs(name, monkeypatch))


@pytest.mark.parametrize("name", sorted(OWN_SUM))
def test_a_verdict_on_a_sum_follows_its_inputs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert changes(by_inputs(name, monkeypatch))


@pytest.mark.parametrize("name", sorted(SAYS_NOTHING))
def test_of_what_cannot_be_told_nothing_is_said(name: str) -> None:
    for entry in by_evidence(name):
        assert entry.verdict in ("not_testable", "not_yet_modelled")
        assert len(entry.why) > 40


@pytest.mark.parametrize("name", sorted(claims()))
def test_every_condition_has_a_flip_that_says_how_it_was_found_or_why_there_is_none(name: str) -> None:
    for entry in by_evidence(name):
        assert all(flip.found and flip.verdict != entry.verdict for flip in entry.flips)
        assert entry.verdict != "conditional" or entry.flips or entry.no_flip


@pytest.mark.parametrize("name", ["backend.reservation", "redis.cpu_1k", "redis.cpu_30k"])
def test_what_is_an_input_or_was_fitted_is_never_confirmed_by_it(name: str) -> None:
    """With every figure of the runs as published, and those of the fitted profile alone."""
    value = claims()[name].figure
    exact = sources(lambda run, kpi, seed: value if "derived" not in run else 50 * value)
    assert CHECKS[name].judge(claims()[name], exact).verdict == "fitted"


def scaled(name: str, share: float) -> Entry:
    """The entry of a claim whose pods are ready after this share of the time it publishes."""
    claim = claims()[name]
    run = CHECKS[name].runs[0]
    load = RUNS[run].load().clients.load
    assert isinstance(load, OpenLoopLoad)
    stage = 1 if run.startswith("down_from") else 1 + SCALING[name]
    begin = sum(each.duration_s for each in load.stages[:stage])

    def ready(second: int) -> float:
        return claim.number("to_pods" if second >= begin + share * claim.figure else "from_pods")

    return CHECKS[name].judge(claim, sources(lambda run, kpi, seed: 1.0, pods=ready))


@pytest.mark.parametrize("name", sorted(SCALING))
def test_scaling_takes_until_so_many_pods_are_ready(name: str) -> None:
    up = name.startswith("scale.up")
    assert scaled(name, 1.0).verdict == ("fitted" if up else "confirmed")
    assert scaled(name, 3.0).verdict == "refuted" or scaled(name, 3.0).twin is None
    assert scaled(name, 0.2).verdict == ("fitted" if up else "conditional"), "faster is not refuted"


def test_a_run_that_begins_with_fewer_pods_cannot_tell_how_fast_they_go() -> None:
    few = sources(lambda run, kpi, seed: 1.0, pods=lambda second: 10.0)
    for name in ("scale.down_15_5", "scale.down_30_15"):
        assert CHECKS[name].judge(claims()[name], few).verdict == "not_testable"


def test_people_who_stay_without_removal_are_what_a_cleanup_is_told_by() -> None:
    claim, check = claims()["heartbeat.cleanup"], CHECKS["heartbeat.cleanup"]

    def verdict(removed: float, kept: float) -> str:
        def value(run: str, kpi: str, seed: int) -> float:
            if kpi == "fact.waiting_at_end":
                return kept if run == "silent_3600" else removed
            return 100.0

        return check.judge(claim, sources(value, lambda name: 100.0 if "alive" in name else 0.0)).verdict

    assert verdict(removed=0, kept=900) == "conditional"
    assert verdict(removed=7, kept=900) == "refuted"
    vacuous = check.judge(claim, sources(lambda run, kpi, seed: 0.0, lambda name: 100.0 if "alive" in name else 0.0))
    assert not any(flip.verdict == "confirmed" for flip in vacuous.flips), "a line that empties anyway tells nothing"
