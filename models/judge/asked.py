"""What somebody asked to be run: a scenario as they named it, and what they changed in it.

A run itself knows only the scenario that came of it. Whoever was asked notes this in the manifest, so that every face
can say what was changed, and propose commands that keep it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.documents.yaml_text import read_value
from models.judge.wording import number
from models.scenario import load_scenario, override
from sim.errors import BadInput

if TYPE_CHECKING:
    from models.results.result import RunResult

LONGEST_VALUE = 60
"""Characters of a value in a sentence; the manifest has it whole."""
LONGEST_STEM = 60
"""Characters of a file name before its ending; with longer changes it has a hash of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One changed setting; `was` is None also where the scenario has no such thing."""

    path: str
    value: Any
    was: Any

    @property
    def words(self) -> str:
        """`clients.count = 6,000 (was 3,000)`."""
        return f"{self.path} = {value_words(self.value)} (was {value_words(self.was)})"


@dataclass(frozen=True, slots=True)
class Asked:
    """A scenario by the name or the path that was given, and its changes in the order in which they are made."""

    scenario: str
    changes: tuple[Change, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """The changes as they are written after `--set`."""
        return tuple(f"{change.path}={setting_text(change.value)}" for change in self.changes)

    @property
    def words(self) -> str:
        """All changes in a line; empty if there are none."""
        return ", ".join(change.words for change in self.changes if change.value != change.was)

    def with_changes(self, settings: Mapping[str, object]) -> Asked:
        """This with further *settings*, each in place of what was changed at its path or below it."""
        kept = [each for each in self.changes if not any(_is_within(each.path, path) for path in settings)]
        was = {change.path: change.was for change in self.changes}
        more = (Change(path, value, was.get(path)) for path, value in settings.items())
        return replace(self, changes=(*kept, *more))

    def command(self, options: Sequence[str] = ()) -> str:
        """The line that runs it from the directory in which it was asked, for a shell."""
        name = f"./{self.scenario}" if self.scenario.startswith("-") else self.scenario
        sets = [word for text in self.settings for word in ("--set", text)]
        return shlex.join(["breakwater", "run", name, *sets, *options])

    def stem(self, name: str) -> str:
        """A file name without its ending, for what came of it: *name* with the changes, or with a hash of many."""
        if not self.changes:
            return name
        changes = ",".join(self.settings)
        if len(name) + len(changes) >= LONGEST_STEM or not re.fullmatch(r"[\w.,=-]+", changes, re.ASCII):
            changes = f"changed-{hashlib.sha256(changes.encode()).hexdigest()[:8]}"
        return f"{name}-{changes}"

    def as_json(self) -> dict[str, Any]:
        """As `asked_in` reads it."""
        return {
            "scenario": self.scenario,
            "changes": [{"path": each.path, "value": each.value, "was": each.was} for each in self.changes],
        }


def asked_for(scenario: str, settings: Iterable[str]) -> Asked:
    """Return what was asked with a scenario by name or path, and texts PATH=VALUE. BadInput for a text that is none."""
    changes: dict[str, Any] = {}
    for text in settings:
        keys, value = override(text)
        path = ".".join(keys)
        changes.pop(path, None)  # the last one counts, at its place
        changes[path] = value
    base = _model_of(scenario) if changes else {}
    return Asked(scenario, tuple(Change(path, value, value_at(base, path)) for path, value in changes.items()))


def asked_in(manifest: Mapping[str, Any]) -> Asked:
    """Return what was asked for the run or sweep of a manifest; where nobody noted it, its scenario by name."""
    noted = manifest.get("asked")
    if noted is None:
        return Asked(str(manifest["scenario"]))
    return Asked(noted["scenario"], tuple(Change(**change) for change in noted["changes"]))


def noted(result: RunResult, asked: Asked) -> RunResult:
    """Return the result with a manifest that says what was asked."""
    return replace(result, manifest={**result.manifest, "asked": asked.as_json()})


def setting_text(value: Any) -> str:
    """Return a value as YAML on one line, such that reading it gives the value again."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, str):
        try:
            plain = read_value(value, "") == value and value == value.strip()
        except BadInput:
            plain = False
        return value if plain else _quoted(value)
    return json.dumps(value)


def value_words(value: Any) -> str:
    """Return a value as people read it in a sentence."""
    if value is None:
        return "not set"
    if value == {}:
        return "its defaults"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value) if abs(value) >= 10_000 and value == round(value) else f"{value:,g}"
    text = setting_text(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def value_at(model: Any, path: str) -> Any:
    """Return what stands at a dotted path in a scenario or a part of one; None if there is nothing."""
    for step in path.split("."):
        if isinstance(model, list | tuple):
            model = model[int(step)] if step.isdecimal() and int(step) < len(model) else None
        elif isinstance(model, Mapping):
            model = next((value for key, value in model.items() if str(key) == step), None)
        else:
            model = getattr(model, step, None)
    return model


def _model_of(scenario: str) -> Mapping[str, Any]:
    """The settings of a scenario as it is; nothing of one that can be run only with changes."""
    try:
        return load_scenario(scenario).model_dump(mode="json")
    except BadInput:
        return {}


def _is_within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}.")


def _quoted(text: str) -> str:
    """Text as YAML has it between quotes; JSON's escapes of rare characters are not YAML's."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'
