"""The runs that the committed ledger rests on, and what it said: small files, by which it is judged again in seconds.

Of each run only what some verdict asked for is kept. It carries the hashes of its scenario, its profile and the sources
it was made with: where one of them is another now, what is judged from it is of then, and that is said. What the judges
make of it is held against what was accepted: a verdict or figure that has moved was moved by a judge, a claim or a
measurement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from models.documents.json_file import read_json
from models.judge.limit import Limit
from models.ledger.checks import Sources, profile
from models.ledger.evidence import Evidence
from models.ledger.measured import Measured
from models.ledger.observed import SOURCE, Observed
from models.ledger.runs import RUNS
from models.ledger.searches import SEARCHES, FlipPlace, Search
from models.results.run_result import profile_hash
from models.run.source_hash import simulation_hash
from models.scenario import scenario_hash
from sim.bisection import Bracket, Crossing
from sim.errors import BadInput
from sim.estimate import Estimate
from sim.outcome import Outcome, Replications

FOLDER = Path(__file__).parent / "stored"
EVIDENCE = "evidence.json"
FORMAT = 1
RENEW = "breakwater validate --accept REASON"
"""What makes the files anew."""


@dataclass(frozen=True)
class Heard(Evidence):
    """Evidence that notes in `asked` what is asked of it, of limits and series too."""

    asked: set[str] = field(default_factory=set, compare=False)

    def kpi(self, name: str) -> Estimate:
        """Return a KPI as `Evidence` does, and note its name."""
        self.asked.add(name)
        return super().kpi(name)

    def seen(self, name: str) -> bool:
        """Return whether a KPI was observed, and note its name."""
        self.asked.add(name)
        return super().seen(name)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Return the limits, and note that they were asked for."""
        self.asked.add("limits")
        return super().limits

    def series(self, name: str) -> list[float]:
        """Return a series of the first replication, and note its name."""
        self.asked.add(f"series {name}")
        return super().series(name)

    def every_series(self, name: str) -> list[list[float]]:
        """Return a series of every replication, and note its name."""
        self.asked.add(f"series {name}")
        return super().every_series(name)


@dataclass(frozen=True)
class StoredRuns:
    """The runs and flips that were stored, when, and what is not as it was when they were made."""

    runs: Mapping[str, Evidence]
    flips: Mapping[str, FlipPlace]
    made: str
    changed: tuple[str, ...]

    def sources(self, measured: Measured) -> Sources:
        """Return them as evidence."""
        return Sources(self.runs, measured, self.flips)

    @property
    def standing(self) -> str:
        """Say of when they are, and what has changed since, if anything."""
        if not self.changed:
            return f"Judged from stored runs, made {self.made} with the sources, scenarios and profiles of now."
        return (
            f"Judged from stored runs of {self.made}, which are not of now: {'; '.join(self.changed)} changed since. "
            f"{RENEW} makes them anew."
        )


def heard(sources: Sources) -> Sources:
    """Return the same evidence, which notes what is asked of it."""
    return Sources({name: _hearing(item) for name, item in sources.runs.items()}, sources.measured, sources.flips)


def _hearing(item: Evidence) -> Heard:
    return Heard(item.run, item.scenario, item.found, item.seed, item.confidence)


def evidence_document(sources: Sources, made: str) -> dict[str, Any]:
    """Return what is kept of evidence that was heard while everything was judged from it."""
    return {
        "format": FORMAT,
        "made": made,
        "sources": simulation_hash(SOURCE),
        "runs": {name: _kept(item) for name, item in sorted(sources.runs.items()) if isinstance(item, Heard)},
        "flips": {
            name: {
                "search": _asked(flip.search),
                "seeds": list(flip.seeds),
                "brackets": [[b.kept, b.lost] for b in flip.crossing.brackets],
            }
            for name, flip in sorted(sources.flips.items())
        },
    }


@cache
def _asked(search: Search) -> dict[str, Any]:
    """Return what a search asks for: its runs at both ends, the limits that they are to keep, its span and steps."""
    ends = [search.run(value).load() for value in (search.kept, search.lost)]
    return {
        "scenarios": [scenario_hash(scenario) for scenario in ends],
        "profile": profile_hash(profile(ends[0].redis.profile)),
        "limits": [[kpi, limit] for kpi, limit in search.limits(ends[0])],
        "span": [search.kept, search.lost],
        "resolution": search.resolution,
    }


def _kept(item: Heard) -> dict[str, Any]:
    outcomes, payload = item.found.outcomes, item.found.payload
    kept: dict[str, Any] = {
        "scenario": scenario_hash(item.scenario),
        "profile": profile_hash(profile(item.scenario.redis.profile)),
        "confidence": item.confidence,
        "seed": item.seed,
        "seeds": list(outcomes),
        "kpis": {
            name: [outcome.kpis.get(name) for outcome in outcomes.values()]
            for name in sorted(item.asked & set(item.found.kpi_names))
        },
    }
    if "limits" in item.asked:
        all_ = payload.limits[item.seed]
        kept["limits"] = [asdict(limit) for place, limit in enumerate(all_) if place == 0 or limit.bound]
    for name in sorted(asked.removeprefix("series ") for asked in item.asked if asked.startswith("series ")):
        series = {seed: payload.series[seed][name] for seed in outcomes}
        kept.setdefault("series", {})[name] = [_lengths(series[seed]) for seed in outcomes]
    return kept


def _lengths(series: Sequence[float]) -> list[list[float]]:
    """Return a series as lengths and values of its level stretches."""
    return [[len(list(same)), value] for value, same in groupby(series)]


def read_runs(names: Collection[str], searches: Collection[str], folder: Path = FOLDER) -> StoredRuns:
    """Return the runs and flips of these names. BadInput if one is not stored, or the file cannot be read."""
    path = folder / EVIDENCE

    def made(document: Any) -> StoredRuns:
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r} is not {FORMAT}")
        missing = [*(set(names) - document["runs"].keys()), *(set(searches) - document["flips"].keys())]
        if missing:
            raise BadInput(f"{path.name}: {min(missing)} is not stored; {RENEW} stores it")
        runs = {name: _read(name, document["runs"][name]) for name in names}
        flips = {name: _read_flip(name, document["flips"][name]) for name in searches}
        return StoredRuns(runs, flips, str(document["made"]), tuple(_changed(document, runs, flips)))

    return read_json(path, made, "stored runs", RENEW)


def _read(name: str, kept: Mapping[str, Any]) -> Evidence:
    seeds = [int(seed) for seed in kept["seeds"]]
    series = {
        seed: {
            name: [value for length, value in all_[place] for _ in range(int(length))]
            for name, all_ in kept.get("series", {}).items()
        }
        for place, seed in enumerate(seeds)
    }
    first = int(kept["seed"])
    limits = {first: tuple(Limit(**limit) for limit in kept.get("limits", ()))}
    outcomes = {
        seed: Outcome(
            {kpi: values[place] for kpi, values in kept["kpis"].items() if values[place] is not None},
            Observed(limits if seed == first else {}, {seed: series[seed]}),
        )
        for place, seed in enumerate(seeds)
    }
    run = RUNS[name]
    return Evidence(run, run.load(), Replications(name, outcomes), first, float(kept["confidence"]))


def _read_flip(name: str, kept: Mapping[str, Any]) -> FlipPlace:
    brackets = tuple(Bracket(*bracket) for bracket in kept["brackets"])
    return FlipPlace(SEARCHES[name], Crossing(brackets), tuple(kept["seeds"]))


def _changed(
    document: Mapping[str, Any], runs: Mapping[str, Evidence], flips: Mapping[str, FlipPlace]
) -> Iterator[str]:
    """Yield in words what was not the same when the runs were made; a search of which nothing is stored was not."""
    if document["sources"] != simulation_hash(SOURCE):
        yield "the sources"
    of: Mapping[str, Mapping[str, Any]] = {
        "scenario": {name: scenario_hash(item.scenario) for name, item in runs.items()},
        "profile": {name: profile_hash(profile(item.scenario.redis.profile)) for name, item in runs.items()},
        "search": {name: _asked(flip.search) for name, flip in flips.items()},
    }
    for what, now in of.items():
        stored = document["flips" if what == "search" else "runs"]
        others = [name for name in sorted(now) if stored[name].get(what) != now[name]]
        if others:
            yield f"the {what} of {', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
