"""A design as the pages hold it: a shipped scenario, or the text of one's own, and the settings that were changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from models.judge.asked import Asked, Change, setting_text, value_at
from models.scenario import Scenario, override, scenario_names, shipped_varied, text_varied
from models.scenario.autoscaling import Autoscaling
from models.scenario.merge import apply_override
from sim.errors import BadInput

DEFAULT = "onsale-300k"
OWN = "my-scenario"
"""What a scenario of one's own is called unless it says otherwise."""


FILES: list[str] = []
"""Profiles that whoever started the server lets everybody use, by their paths; nobody can name another file."""


@dataclass(frozen=True)
class Design:
    """A scenario by its name, or by its text, and what of it is changed: path and value, ordered by path."""

    scenario: str = DEFAULT
    text: str | None = None
    settings: tuple[tuple[str, Any], ...] = ()

    def built(self) -> Scenario:
        """The scenario with its changes; BadInput names what is wrong."""
        return self.varied({})

    def varied(self, values: Mapping[str, Any]) -> Scenario:
        """The scenario with its changes and then *values*, by path; BadInput as `built`."""
        return _variant(self.scenario, self.text)({**dict(self.settings), **values})

    def base(self) -> Scenario:
        """The scenario without the changes."""
        return _base(self.scenario, self.text)

    def given(self, path: str) -> Any:
        """The value that *path* has without the changes to it; None also where there is no such thing."""
        base = self.base()
        if path.startswith("autoscaling.") and base.autoscaling is None:
            return value_at(Autoscaling(), path.partition(".")[2])
        return value_at(base, path)

    def value(self, path: str) -> Any:
        """The value that *path* has, whether or not the whole can be simulated."""
        changed = dict(self.settings)
        return changed[path] if path in changed else self.given(path)

    def with_value(self, path: str, value: Any) -> Design:
        """The design with one setting changed; changing it back leaves no change."""
        kept = {key: old for key, old in self.settings if key != path and not key.startswith(f"{path}.")}
        # {} stands for all that is the default there, and so is what was there only if that was nothing else
        same = self.given(path) == value if value != {} else value_at(self.base(), path) is not None
        if not same:
            kept[path] = value
        return replace(self, settings=tuple(sorted(kept.items())))

    def without(self, path: str) -> Design:
        """The design with one setting, and those below it, as they were."""
        kept = tuple(change for change in self.settings if change[0] != path and not change[0].startswith(f"{path}."))
        return replace(self, settings=kept)

    def without_changes(self) -> Design:
        """The design that this one is a change of."""
        return replace(self, settings=())

    def changed_list(self, path: str, items: list[Any]) -> list[Any]:
        """The list at *path*, of these *items* without the changes, after those to it and to single items."""
        data: dict[str, Any] = {"list": items}
        for key, value in self.settings:
            if key == path or key.startswith(f"{path}."):
                data = apply_override(data, f"list{key.removeprefix(path)}".split("."), value)
        return list(data["list"])

    @property
    def asked(self) -> Asked:
        """What of it others can be told: a scenario of one's own is known by the file that can be downloaded."""
        base = self.base().model_dump(mode="json")
        asked = Asked(self.scenario, tuple(Change(path, value, value_at(base, path)) for path, value in self.settings))
        return asked if self.text is None else replace(asked, scenario=f"{asked.stem(_name(self.text))}.yaml")

    @property
    def label(self) -> str:
        """The name with the changes: `onsale-300k, redis.shards=3`."""
        name = self.scenario if self.text is None else _name(self.text)
        return ", ".join([name, *self.changes])

    @property
    def changes(self) -> list[str]:
        """The changes as they are written after `--set`."""
        return [f"{path}={setting_text(value)}" for path, value in self.settings]


def changed_by(design: Design, changes: Iterable[str]) -> Design:
    """The design changed by texts PATH=VALUE; BadInput for one that is none, or for what cannot be simulated."""
    for text in filter(None, map(str.strip, changes)):
        keys, value = override(text)
        design = design.with_value(".".join(keys), value)
    design.built()
    return design


@lru_cache(maxsize=32)
def _variant(name: str, text: str | None) -> Callable[[Mapping[str, Any]], Scenario]:
    if text is not None:
        return text_varied(text, OWN, FILES)
    if name not in dict(scenario_names()):
        known = ", ".join(known for known, _ in scenario_names())
        raise BadInput(f"scenario: {name[:60]!a} is not known; must be one of {known}")
    return shipped_varied(name, FILES)


@lru_cache(maxsize=32)
def _base(name: str, text: str | None) -> Scenario:
    return _variant(name, text)({})


def _name(text: str) -> str:
    try:
        return _base("", text).name
    except BadInput:
        return OWN
