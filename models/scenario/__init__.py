"""Scenarios: the schema, the loader and the shipped files."""

from models.scenario.load import (
    load_scenario,
    load_varied,
    scenario_from_mapping,
    scenario_hash,
    scenario_names,
)
from models.scenario.messages import json_schema
from models.scenario.platform import ExtraCall
from models.scenario.schema import Scenario

__all__ = [
    "ExtraCall",
    "Scenario",
    "json_schema",
    "load_scenario",
    "load_varied",
    "scenario_from_mapping",
    "scenario_hash",
    "scenario_names",
]
