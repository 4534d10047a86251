"""Upstream's own test tables as data: their numbers, each file naming those it is from."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Case = dict[str, Any]


def table(name: str) -> dict[str, Any]:
    """Return the tables of a file beside this one."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(Path(__file__).with_name(f"{name}.yaml"))
    return found


def named(case: Case | list[Case]) -> str:
    """Return what a case is called in a report."""
    told = case if isinstance(case, list) else [{"name": case["name"]} if "name" in case else case]
    return " / ".join(
        ", ".join(f"{value}" if key == "name" else f"{key} {value}" for key, value in c.items()) for c in told
    )
