"""Scenarios: the schema, the loader and the shipped files."""

from models.scenario.messages import BadScenario, json_schema, setting_schema
from models.scenario.reading import (
    load_scenario,
    load_varied,
    override,
    scenario_from_mapping,
    scenario_hash,
    scenario_names,
    shipped_varied,
    text_varied,
)
from models.scenario.schema import Scenario
from models.scenario.waiting_room import ExtraCall

__all__ = [
    "BadScenario",
    "ExtraCall",
    "Scenario",
    "json_schema",
    "load_scenario",
    "load_varied",
    "override",
    "scenario_from_mapping",
    "scenario_hash",
    "scenario_names",
    "setting_schema",
    "shipped_varied",
    "text_varied",
]
