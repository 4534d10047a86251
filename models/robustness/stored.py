"""Robustness tables of shipped scenarios: stored as data, shown only if nothing has changed since they were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.documents.json_file import read_json
from models.judge.robustness import Robustness
from models.redis_costs.profile import load_profile
from models.results.run_result import profile_hash
from models.robustness.vary import SOURCE
from models.run.source_hash import simulation_hash
from models.scenario import Scenario, load_scenario, scenario_hash

TABLES = Path(__file__).parent / "tables"
SHIPPED = ("onsale-300k", "onsale-300k-five", "onsale-300k-spread")
"""Scenarios whose tables are stored."""
RENEW = "make robust"
"""What makes them anew."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a scenario: its table, or why it is not shown; neither if nothing is stored of it."""

    table: Robustness | None = None
    stale: str = ""


def stored_for(scenario: Scenario, folder: Path = TABLES) -> Stored:
    """Return the table that is stored of a scenario, if its sources, profile and scenario are those of now.

    BadInput if a file there cannot be read.
    """
    found = _tables(folder)
    now = scenario_hash(scenario)
    table = next((each for each in found if each.origin.scenario_hash == now), None)
    if table is None:
        return Stored(None, _unknown(scenario.name, now) if scenario.name in SHIPPED else "")
    changes = []
    if table.origin.sources != simulation_hash(SOURCE):
        changes.append("its sources")
    if table.origin.profile_hash != profile_hash(load_profile(scenario.redis.profile)):
        changes.append("its profile")
    if changes:
        return Stored(None, _stale(scenario.name, f"{' and '.join(changes)} have changed since it was made"))
    return Stored(table)


def _unknown(name: str, now: str) -> str:
    """Say that nothing is stored of a shipped scenario, or of the settings that it was given here."""
    if now == scenario_hash(load_scenario(name)):
        return _stale(name, "it was made of another scenario, or not at all")
    return "What of this survives its assumptions is not known for these settings: run --robust finds it."


def _stale(name: str, why: str) -> str:
    return f"What of this survives its assumptions is not shown: {why}. {RENEW} renews the table of {name}."


def write(table: Robustness, folder: Path = TABLES) -> Path:
    """Store a table and return its file. OSError if it cannot be written."""
    path = folder / f"{table.origin.scenario}.json"
    # keys are not sorted: the firmest conclusion comes first
    text = json.dumps(table.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    folder.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    _tables.cache_clear()
    return path


@cache
def _tables(folder: Path) -> tuple[Robustness, ...]:
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def _read(path: Path) -> Robustness:
    return read_json(path, Robustness.from_json, "robustness table", RENEW)
