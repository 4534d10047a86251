"""Flips that need runs: where a design stops keeping its service levels, bisected with draws and replications.

Each replication, with random numbers and costs of its own, is bisected by itself; where they flip is a sample, and its
interval that of the flip. The runs are evidence like any other, found stored by the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from models.judge.verdict import SLO_KPIS
from models.judge.wording import number
from models.ledger.claims import ClaimVerdict, claims
from models.ledger.entry import Flip
from models.ledger.observed import EvidenceTask, Observed
from models.ledger.runs import DRAWN, HOT, MINUTE, RUSH, SCALED, SILENT, SPREAD, Run, polls, rate_settings
from models.ledger.runs import TOLD as TOLD_ALL
from models.scenario import Scenario
from sim.bisection import Bracket, Crossing, Steps, bisected
from sim.estimate import unvaried_text
from sim.experiment import outcomes_of
from sim.outcome import Outcome
from sim.seeds import derived_seeds
from sim.workers import Crew, Job

ENGINE_LEVEL = ("engine_cpu_percent",)
DRAWS = 6
"""Replications whose flips are found: the fewest of which an interval for one more is of use (t is 2.6)."""
TOLD = Callable[[str], None]
BUSIEST_MINUTE, RESERVED_MINUTE = "requests.status_rps_peak_60s", "fact.reserve_rps_peak_60s"
RESERVED_SECOND = "fact.reserve_rps_peak"
NEAR = 0.1
"""Share by which a figure may be off a published one and still be it."""


def people(count: float) -> tuple[str, ...]:
    """Return settings of a crowd of so many."""
    return (f"clients.count={round(count)}",)


def people_drawn(count: float) -> tuple[str, ...]:
    """Return settings of a crowd of so many, over events whose names are drawn with the seed."""
    return (*people(count), DRAWN)


@dataclass(frozen=True)
class Search:
    """A setting bisected from a value `kept`, at which the levels are expected to hold, to one `lost`.

    `settings` turns a value into settings; places closer together than `resolution` are not told apart. `levels` are
    the service levels that are asked for, by their names, and `kpis` what else is, with what each may be at most.
    """

    scenario: str
    setting: str
    kept: float
    lost: float
    resolution: float
    settings: Callable[[float], tuple[str, ...]]
    levels: tuple[str, ...]
    unit: str = ""
    whole: bool = False
    kpis: tuple[tuple[str, float], ...] = ()

    def run(self, value: float) -> Run:
        """Return the run at a value: its first minutes, which have the worst one, if the engine alone is asked for.

        Percentiles and waits are of the whole event, and so is the minute in which most is reserved: people choose a
        seat first, and how long all of them take hangs on the rate.
        """
        rush = (RUSH,) if self.levels == ENGINE_LEVEL else ()
        return Run(self.scenario, (*self.settings(value), *rush))

    def limits(self, scenario: Scenario) -> tuple[tuple[str, float], ...]:
        """Return what is asked for in a run of it: KPIs, each with what it may be at most."""
        return (*((SLO_KPIS[level][0], float(getattr(scenario.slo, level))) for level in self.levels), *self.kpis)


@dataclass(frozen=True)
class FlipPlace:
    """A search that is over: where each replication flips, by the seeds they had."""

    search: Search
    crossing: Crossing
    seeds: tuple[int, ...]

    @property
    def open(self) -> bool:
        """Whether some replications do not flip within the span, so that no interval can be given."""
        return self.crossing.estimate is None

    def keeps_at(self, value: float) -> bool | None:
        """Whether the levels are kept at a value; None where the interval of the flip leaves it open."""
        return self.crossing.keeps_at(value, self.search.kept, self.search.lost)

    @property
    def text(self) -> str:
        """Say where it flips: `9.1 s (8.6 to 9.7 s in 95 % of on-sales)`; nothing if that is open.

        Of what is beyond the span, where nobody looked, only that it may be there is said.
        """
        found, unit = self.crossing.estimate, f" {self.search.unit}".rstrip()
        if found is None or found.low is None or found.high is None:
            return ""
        if len(set(self.crossing.brackets)) == 1:
            ends = sorted(
                end for end in (self.crossing.brackets[0].kept, self.crossing.brackets[0].lost) if end is not None
            )
            return f"{number(found.best)}{unit} ({' to '.join(map(number, ends))}{unit}, {self._alike})"
        least, most = sorted((self.search.kept, self.search.lost))
        low = number(found.low) if found.low >= least else f"{number(least)} or less"
        high = f"{number(found.high)}{unit}" if found.high <= most else f"{number(most)}{unit} or more"
        bounds = f"{low} to {high}"
        return f"{number(found.best)}{unit} ({bounds} in 95 % of on-sales)"

    @property
    def where(self) -> str:
        """Say where the levels are kept: `below 9.1 s (...)`, in all of the span, nowhere in it, or that it is open."""
        search = self.search
        if self.text:
            return f"{'below' if search.lost > search.kept else 'above'} {self.text}"
        span = f"from {number(search.kept)} to {number(search.lost)} {search.unit}".rstrip()
        brackets = self.crossing.brackets
        if all(bracket.lost is None for bracket in brackets):
            return f"everywhere {span} ({self._alike})"
        if all(bracket.kept is None for bracket in brackets):
            return f"nowhere {span} ({self._alike})"
        flip = sum(bracket.place is not None for bracket in brackets)
        return f"up to a place that is open: {flip} of {len(brackets)} replications flip {span}"

    @property
    def _alike(self) -> str:
        """What follows if all replications are alike."""
        return unvaried_text(len(self.crossing.brackets))

    @property
    def found_by(self) -> str:
        """Say how it was found, and what runs the last value at which the first of the replications kept the levels."""
        first = self.crossing.brackets[0]
        run = self.search.run(self.search.lost if first.kept is None else first.kept)
        return f"bisection of {len(self.seeds)} replications, each with its own costs: {run.command(len(self.seeds))}"

    def flip(self, kept: ClaimVerdict, lost: ClaimVerdict, mine: ClaimVerdict) -> tuple[Flip, ...]:
        """Return what a claim becomes on either side of the place, where it is not that already; none if it is open."""
        if self.open:
            return ()
        rising = self.search.lost > self.search.kept
        sides = (("below" if rising else "above", kept), ("above" if rising else "below", lost))
        setting, by = self.search.setting, self.found_by
        return tuple(Flip(setting, f"{side} {self.text}", verdict, by) for side, verdict in sides if verdict != mine)


SEARCHES: Mapping[str, Search] = MappingProxyType(
    {
        "poll_hot_p99": Search(HOT, "clients.poll_interval_s", 20, 5, 0.5, polls, ("status_p99_ms",), "s"),
        "people_hot_p99": Search(HOT, "clients.count", 10_000, 300_000, 5_000, people, ("status_p99_ms",), whole=True),
        "people_hot": Search(HOT, "clients.count", 50_000, 600_000, 10_000, people, ENGINE_LEVEL, whole=True),
        "people_spread": Search(
            SPREAD, "clients.count", 300_000, 600_000, 10_000, people_drawn, ENGINE_LEVEL, whole=True
        ),
        "enough_polls": Search(
            SPREAD,
            "clients.poll_interval_s",
            12,
            5,
            0.1,
            lambda seconds: (*polls(seconds), MINUTE),
            (),
            "s",
            kpis=((BUSIEST_MINUTE, claims()["demand.enough_30k"].figure),),
        ),
        "enough_people": Search(
            SPREAD,
            "clients.count",
            100_000,
            300_000,
            2_000,
            lambda count: (*people(count), MINUTE),
            (),
            whole=True,
            kpis=((BUSIEST_MINUTE, claims()["demand.enough_30k"].figure),),
        ),
        "rate_backend": Search(
            SPREAD,
            "admission.rate_rps",
            1_000,
            4_000,
            50,
            lambda rate: rate_settings(round(rate)),
            (),
            whole=True,
            kpis=((RESERVED_MINUTE, claims()["backend.reservation"].number("capacity_rps")),),
        ),
        "burst": Search(
            HOT,
            "admission.burst",
            10,
            5_000,
            20,
            lambda permits: (f"admission.burst={round(permits)}", MINUTE),
            (),
            whole=True,
            kpis=((RESERVED_SECOND, (1 + NEAR) * claims()["admission.wait_rate"].figure),),
        ),
        "bots_reaction": Search(
            SPREAD,
            "clients.bots.reaction_median_s",
            4,
            0.05,
            0.02,
            lambda seconds: (TOLD_ALL, MINUTE, f"clients.bots.reaction_median_s={seconds:g}"),
            (),
            "s",
            kpis=(("bots.seat_share_percent", (1 + NEAR) * claims()["bots.share"].figure),),
        ),
        "silent_ttl": Search(
            SPREAD,
            "waiting_room.heartbeat_ttl_s",
            60,
            700,
            5,
            lambda seconds: (*SILENT, f"waiting_room.heartbeat_ttl_s={seconds:g}"),
            (),
            "s",
            kpis=(("fact.waiting_at_end", 0.0),),
        ),
        "warm_pods": Search(
            SPREAD,
            "gateway.pods",
            20,
            3,
            1,
            lambda pods: (f"gateway.pods={round(pods)}", SCALED, MINUTE),
            ("error_percent", "status_p99_ms"),
            whole=True,
        ),
    }
)
"""Every search by its name."""


def find(
    names: Collection[str], crew: Crew, store: Path | None = None, told: TOLD | None = None, seed: int = 1
) -> Mapping[str, FlipPlace]:
    """Find the flips that are named, all at once: the first replication of each, then the others near where it flips.

    KeyError for a name that is none. Raises as `sim.experiment.replicate` does.
    """
    seeds = derived_seeds(seed, DRAWS)
    first = _bisect({(name, seeds[0]): None for name in names}, crew, store, told)
    near = {(name, other): first[name, seeds[0]].place for name in names for other in seeds[1:]}
    all_ = first | _bisect(near, crew, store, told)
    return {name: FlipPlace(SEARCHES[name], Crossing(tuple(all_[name, s] for s in seeds)), seeds) for name in names}


def _bisect(
    near: Mapping[tuple[str, int], float | None], crew: Crew, store: Path | None, told: TOLD | None
) -> dict[tuple[str, int], Bracket]:
    """Bisect replications side by side, those that begin *near* where another flips with that."""
    found: dict[tuple[str, int], Bracket] = {}
    active: dict[tuple[str, int], tuple[Steps, float]] = {}
    for (name, seed), guess in near.items():
        search = SEARCHES[name]
        steps = bisected(search.kept, search.lost, search.resolution, guess, search.whole)
        active[name, seed] = steps, next(steps)
    while active:
        order = list(active)
        scenarios = [SEARCHES[name].run(active[name, seed][1]).load() for name, seed in order]
        jobs = [Job(EvidenceTask.of(s, drawn=True), seed) for s, (_, seed) in zip(scenarios, order, strict=True)]
        for place, outcome, _ in outcomes_of(jobs, crew, store):
            name, seed = order[place]
            steps, _ = active[name, seed]
            try:
                active[name, seed] = steps, steps.send(kept(SEARCHES[name], scenarios[place], outcome))
            except StopIteration as stopped:
                found[name, seed] = stopped.value
                del active[name, seed]
        if told is not None:
            told(f"{len(found)} of {len(near)} flips bracketed")
    return found


def kept(search: Search, scenario: Scenario, outcome: Outcome[Observed]) -> bool:
    """Whether a replication keeps what is asked for; what was not observed is not kept."""
    values = ((outcome.kpis.get(kpi), limit) for kpi, limit in search.limits(scenario))
    return all(value is not None and value <= limit for value, limit in values)
