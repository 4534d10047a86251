"""Flips that need runs: found where they are known to be, and said as open where they are not found."""

from pathlib import Path

import pytest

from models.experiments.warm_up import prepare
from models.ledger import searches as module
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import RATES_RPS, RUNS
from models.ledger.searches import DRAWS, SEARCHES, FlipPlace, Search, find, kept, people
from sim.bisection import Bracket, Crossing
from sim.outcome import Outcome
from sim.seeds import derived_seeds
from sim.workers import Workers

SMALL = ("event.seats=20", "run.duration_s=40", "admission.rate_rps=10", "admission.burst=10", "clients.leave_share=0")


def waits(mean_s: float) -> tuple[str, ...]:
    return (*SMALL, "clients.count=300", f"slo.mean_wait_s={mean_s:g}")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlipPlace:
    """Where a level of the mean wait begins to be kept: at the mean wait itself."""
    prepare("kernel")
    search = Search("onsale-small", "slo.mean_wait_s", 40, 1, 0.5, waits, ("mean_wait_s",), "s")
    monkeypatch.setattr(module, "SEARCHES", {"wait": search})
    told: list[str] = []
    with Workers(1) as crew:
        found = find(["wait"], crew, tmp_path, told.append)["wait"]
        assert find(["wait"], crew, tmp_path)["wait"].crossing == found.crossing
    assert told[-1] == f"{DRAWS - 1} of {DRAWS - 1} flips bracketed"
    return found


def test_each_replication_flips_at_what_it_measures(place: FlipPlace) -> None:
    """The level flips where it equals the mean wait of the same seed, which is known without any search."""
    assert place.seeds == derived_seeds(1, DRAWS)
    for seed, bracket in zip(place.seeds, place.crossing.brackets, strict=True):
        task = EvidenceTask.of(place.search.run(20.0).load(), drawn=True)
        wait = task(seed).kpis["wait.mean_s"]
        assert bracket.lost is not None
        assert bracket.kept is not None
        assert bracket.lost <= wait <= bracket.kept
    assert not place.open
    assert place.keeps_at(39) is True
    assert place.keeps_at(2) is False
    assert place.where.startswith("above ")
    (flip,) = place.flip("confirmed", "refuted", "refuted")
    assert (flip.setting, flip.verdict) == ("slo.mean_wait_s", "confirmed")
    assert "6 replications" in flip.found


def test_a_figure_that_is_no_level_is_kept_up_to_what_it_may_be() -> None:
    search = Search("onsale-small", "clients.count", 1, 9, 1, people, ("mean_wait_s",), kpis=(("x", 5.0),))
    scenario = search.run(1).load()

    def keeps(**kpis: float) -> bool:
        named = {"wait.mean_s" if name == "wait" else name: value for name, value in kpis.items()}
        return kept(search, scenario, Outcome(named, Observed({}, {})))

    assert keeps(x=5.0, wait=1.0)
    assert not keeps(x=5.1, wait=1.0)
    assert not keeps(x=5.0, wait=1e9)
    assert not keeps(wait=1.0), "what was not observed is not kept"


@pytest.mark.parametrize("name", list(SEARCHES))
def test_both_ends_of_every_search_can_be_run(name: str) -> None:
    search = SEARCHES[name]
    assert search.levels or search.kpis
    ends = [search.run(value).load() for value in (search.kept, search.lost)]
    assert ends[0] != ends[1]


@pytest.mark.parametrize(
    ("brackets", "says"),
    [
        (
            (Bracket(50, None), Bracket(50, None)),
            # 1 - 0.05^(1/2)
            "everywhere from 10 to 50 (the same in all 2 runs, which leaves up to 78 % of others)",
        ),
        ((Bracket(None, 10), Bracket(None, 10)), "nowhere from 10 to 50 (the same in all 2 runs, which leaves up to"),
        ((Bracket(20, 21), Bracket(50, None)), "open: 1 of 2 replications flip from 10 to 50"),
    ],
)
def test_a_flip_that_not_every_replication_has_is_open(brackets: tuple[Bracket, ...], says: str) -> None:
    search = Search("onsale-small", "clients.count", 10, 50, 1, people, ("engine_cpu_percent",))
    place = FlipPlace(search, Crossing(brackets), (1, 2))
    assert says in place.where
    assert place.open
    assert place.keeps_at(20) is None
    assert place.flip("confirmed", "refuted", "refuted") == ()
    assert "run.duration_s=180" in place.found_by


@pytest.mark.parametrize("rate", RATES_RPS)
def test_the_rate_that_the_backend_bears_is_found_in_the_runs_that_say_what_it_bears(rate: int) -> None:
    """At 3,000 a second the busiest minute is not yet in the first 90 s, as people choose a seat first."""
    assert SEARCHES["rate_backend"].run(rate).load() == RUNS[f"rate_{rate}"].load()


def test_of_what_is_beyond_the_span_only_that_it_may_be_there_is_said() -> None:
    search = Search("onsale-small", "admission.burst", 10, 50, 1, people, ("engine_cpu_percent",))
    low = FlipPlace(search, Crossing(tuple(Bracket(at, at + 1) for at in (10, 20, 40))), (1, 2, 3))
    assert "(10 or less to 50 or more in 95 % of on-sales)" in low.text
    inside = FlipPlace(search, Crossing(tuple(Bracket(at, at + 1) for at in (29.9, 30, 30.1))), (1, 2, 3))
    assert "or less" not in inside.text
    assert "or more" not in inside.text


def test_places_that_are_all_alike_say_less_than_an_interval() -> None:
    """Six of six alike: with 1 - 0.05^(1/6) = 39 % of others that would still be seen in one case of 20."""
    place = FlipPlace(SEARCHES["warm_pods"], Crossing((Bracket(10, 9),) * 6), derived_seeds(1, 6))
    assert place.where == "above 9.5 (9 to 10, the same in all 6 runs, which leaves up to 39 % of others)"
    apart = FlipPlace(SEARCHES["warm_pods"], Crossing((Bracket(10, 9), Bracket(11, 10))), (1, 2))
    assert "in 95 % of on-sales" in apart.where


def test_the_command_of_a_flip_is_of_a_value_that_was_tried() -> None:
    search = Search("onsale-small", "clients.count", 10, 50, 1, people, ("mean_wait_s",))
    place = FlipPlace(search, Crossing((Bracket(20, 30), Bracket(40, 50))), (1, 2))
    assert "--set 'clients.count=20'" in place.found_by
    assert "--set 'clients.count=50'" in FlipPlace(search, Crossing((Bracket(None, 50),)), (1,)).found_by
