"""Profiles: what a Redis engine thread's work costs, where that was learnt, how well it holds, how far it may be off.

A profile is a JSON file, in `models/profiles/` or anywhere else. All costs are CPU time on the engine thread; one
request costs io + its script's overhead + the sum of its calls (`models.redis_costs.commands`), and a pass of the event
loop that ends a sleep adds the wake-up (`models.redis_costs.engine_thread`).

Its costs are the best ones. They were fitted together, so they are off together: `draws` holds rows of costs that
fit about as well, each to be used as a whole (`Profile.drawn`).
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from models.documents.strict import Strict, told
from models.documents.text import printable, shown
from models.redis_costs.commands import Command, log2_1024
from models.redis_costs.engine_thread import EngineThread
from models.redis_costs.parts import (
    Beyond,
    CommandCost,
    Draws,
    EngineCosts,
    Fit,
    MachineState,
    Memory,
    Microseconds,
    Precision,
    Quantity,
    Range,
    Reading,
    ScriptCost,
    Server,
)
from models.vocabulary.operations import Op
from sim.errors import BadInput

P = TypeVar("P", CommandCost, EngineCosts, ScriptCost)
SCRIPTED = {"join", "status", "status_read", "enter", "leave", "expire"}
"""Operations that a script does."""
PROFILES = Path(__file__).parents[1] / "profiles"
MAX_BYTES = 1_000_000
"""The shipped ones are a tenth of that, most of it draws."""
VERSION = 2
KINDS = {
    "measured": "measured",
    "fitted_to_projection": "fitted to a published projection",
    "derived": "derived from others",
    "rescaled": "rescaled to production telemetry",
}
"""Kinds of profiles, in words."""


class Profile(Strict):
    """Costs of one kind of Redis node, with their origin."""

    schema_version: Literal[2]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    title: str = Field(max_length=200)
    kind: Literal["measured", "fitted_to_projection", "derived", "rescaled"]
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    machine: str = Field(max_length=500, description="what the numbers are of")
    node_types: tuple[str, ...] = Field(
        (), max_length=20, description="ElastiCache node types that they are of; empty: another machine, or not known"
    )
    machine_state: MachineState | None = Field(description="null: nothing was measured, or it was not written down")
    server: Server | None = Field(description="null: nothing was measured")
    precision: Precision
    source: str
    caveat: str
    engine: EngineCosts
    script_overhead_us: Microseconds = Field(description="entering and leaving one script (EVALSHA), and its Lua")
    scripts: dict[str, ScriptCost] = Field(
        default_factory=dict, description="of those measured by themselves, by operation: in place of that"
    )
    walks_from_members: int = Field(
        0, ge=0, le=1_000_000, description="members of a sorted set up to which its levels cost nothing"
    )
    keys_near: int = Field(
        0, ge=0, le=100_000_000, description="keys of a node up to which KEYS finds them in the processor's caches"
    )
    commands: dict[str, CommandCost] = Field(
        description="by the names of `models.redis_costs.commands.Command`, all of them"
    )
    memory: Memory | None = Field(description="null: not known")
    fit: Fit
    readings: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")], Reading] = Field(
        default_factory=dict,
        description="ways to understand what was fitted that fit as well; the costs are those of the one with factor 1",
    )
    measured_over: dict[Quantity, Range] = Field(
        default_factory=dict, description="what the costs were measured or fitted over; what is missing is not known"
    )
    beyond: dict[Quantity, Beyond] = Field(
        default_factory=dict, description="what a request was seen to cost beyond that; not in the costs"
    )
    draws: Draws

    @model_validator(mode="after")
    def _every_command_once(self) -> Self:
        known = {command.name for command in Command}
        if missing := sorted(known - self.commands.keys()):
            raise ValueError(f"commands: no cost for {', '.join(missing)}")
        if unknown := sorted(self.commands.keys() - known):
            raise ValueError(f"commands: {shown(unknown[0])} is unknown; known are {', '.join(sorted(known))}")
        for name, cost in self.commands.items():
            for term in ("per_key_us", "per_key_doubling_us"):
                if getattr(cost, term) and name != Command.KEYS.name:
                    raise ValueError(f"commands.{name}.{term}: only KEYS walks the keyspace")
        if others := sorted(self.scripts.keys() - SCRIPTED):
            raise ValueError(f"scripts: {shown(others[0])} is unknown; known are {', '.join(sorted(SCRIPTED))}")
        if self.kind in ("measured", "fitted_to_projection") and not self.fit.cases:
            raise ValueError(f"fit.cases: none; a profile that is {KINDS[self.kind]} must have what was fitted")
        return self

    @model_validator(mode="after")
    def _one_reading_is_its_own(self) -> Self:
        own = [name for name, reading in self.readings.items() if reading.factor == 1]
        if self.readings and len(own) != 1:
            raise ValueError(f"readings: {len(own)} have factor 1; it must be one, that of the costs as they are")
        return self

    @model_validator(mode="after")
    def _every_draw_is_a_profile(self) -> Self:
        costs = self._costs_us()
        for k, path in enumerate(self.draws.parameters):
            if path not in costs and not (path.endswith(".*") and any(_scaled_by(path, cost) for cost in costs)):
                raise ValueError(f"draws.parameters.{k}: {shown(path)} is no cost")
        for k, row in enumerate(self.draws.values):
            try:
                self._with(row)
            except ValueError as error:
                raise ValueError(f"draws.values.{k}: {error}") from None
        return self

    @property
    def own_reading(self) -> str | None:
        """Return the name of the reading that the costs are of; None if there is only one way to read the source."""
        return next((name for name, reading in self.readings.items() if reading.factor == 1), None)

    def drawn(self, u: float) -> Self:
        """Return the profile with the row of its draws that *u*, from 0 to 1 (excluded), picks; itself without draws.

        What is returned is the same profile in everything but its costs. ValueError for another *u*.
        """
        if not 0 <= u < 1:
            raise ValueError(f"u ({u}) must be at least 0 and below 1")
        rows = self.draws.values
        return self._with(rows[math.floor(u * len(rows))]) if rows else self

    def times(self, factor: Callable[[str], float]) -> Self:
        """Return the profile with every cost times the *factor* of its dotted path; its draws are as they were.

        ValueError, with the path, if that is beyond what a profile may hold.
        """
        return self._put({path: cost * factor(path) for path, cost in self._costs_us().items()})

    def cost_table(self) -> NDArray[np.int64]:
        """Return int64[commands, 6] by `Command`, with the columns of `models.redis_costs.commands`."""
        rows = [self.commands[command.name] for command in Command]
        table_us = [[cost for _, cost in row] for row in rows]
        free = np.full((len(rows), 1), log2_1024(self.walks_from_members + 1))
        free[Command.KEYS] = log2_1024(self.keys_near + 1)
        return np.hstack([np.rint(np.array(table_us) * 1e3).astype(np.int64), free])

    def request_ns(self) -> NDArray[np.int64]:
        """Return int64[3] in ns: io, script overhead, replica feed."""
        costs_us = [self.engine.io_us, self.script_overhead_us, self.engine.replica_feed_us]
        return np.rint(np.array(costs_us) * 1e3).astype(np.int64)

    def script_ns(self) -> NDArray[np.int64]:
        """Return the overhead in ns of the script of each operation, int64[OPS] by `Op`."""
        own = {name: cost.overhead_us for name, cost in self.scripts.items()}
        overhead_us = [own.get(op.name.lower(), self.script_overhead_us) for op in Op]
        return np.rint(np.array(overhead_us) * 1e3).astype(np.int64)

    def engine_thread(self) -> EngineThread:
        """Return what the event loop costs as the engine takes it."""
        e = self.engine
        return EngineThread(
            wake_warm=_ns(e.wake_warm_us),
            wake_cold=_ns(e.wake_cold_us),
            wake_tau=max(1, _ns(e.wake_tau_ms * 1e3)),
            wake_delay=_ns(e.wake_delay_us),
            per_pass=_ns(e.pass_us),
            near_slow=float(e.near_slow),
            near_lost=_ns(e.near_lost_us),
            far_slow=float(e.far_slow),
            far_lost=_ns(e.far_lost_us),
            rewarm=_ns(e.rewarm_us),
            request_warm=_ns(e.io_warm_us),
            garbage=_ns(e.garbage_us),
        )

    def _costs_us(self) -> dict[str, float]:
        """Return every cost by its dotted path."""
        costs = {f"engine.{name}": value for name, value in self.engine}
        costs["script_overhead_us"] = self.script_overhead_us
        for operation, own in self.scripts.items():
            costs |= {f"scripts.{operation}.{name}": value for name, value in own}
        for command, cost in self.commands.items():
            costs |= {f"commands.{command}.{name}": value for name, value in cost}
        return costs

    def _with(self, row: tuple[float, ...]) -> Self:
        """Return the profile with a row of draws put in; ValueError if those costs cannot be."""
        costs = self._costs_us()
        for parameter, value in zip(self.draws.parameters, row, strict=True):
            if parameter in costs:
                costs[parameter] = value
            else:
                costs |= {path: cost * value for path, cost in costs.items() if _scaled_by(parameter, path)}
        return self._put(costs)

    def _put(self, costs: Mapping[str, float]) -> Self:
        """Return the profile with *costs* in place of its own; ValueError, with the path, if those cannot be."""
        commands = {name: _put_in(CommandCost, f"commands.{name}", costs) for name in self.commands}
        engine = _put_in(EngineCosts, "engine", costs)
        scripts = {name: _put_in(ScriptCost, f"scripts.{name}", costs) for name in self.scripts}
        parts = {"engine": engine, "scripts": scripts, "commands": commands}
        return self.model_copy(update={**parts, "script_overhead_us": costs["script_overhead_us"]})


def _put_in(kind: type[P], path: str, costs: Mapping[str, float]) -> P:
    """Return the part of a profile at *path* with its *costs*."""
    try:
        return kind(**{name: costs[f"{path}.{name}"] for name in kind.model_fields})
    except ValidationError as error:
        raise ValueError(f"{path}.{told(error)}") from None


def _ns(microseconds: float) -> int:
    return round(microseconds * 1e3)


def _scaled_by(parameter: str, path: str) -> bool:
    """Tell whether a factor such as "commands.*" applies to the cost at *path*."""
    below = parameter.removesuffix("*")
    return below.startswith("commands.") and path.startswith(below) and ".per_key_" not in path


def profile_names() -> list[str]:
    """Return the names of the shipped profiles, sorted."""
    return sorted(path.stem for path in PROFILES.glob("*.json"))


def load_profile(name_or_path: str) -> Profile:
    """Return a shipped profile by its name, or the one in a .json file; a relative path starts where the program runs.

    `BadInput` names the known ones, or the first thing wrong with the file.
    """
    if name_or_path.endswith(".json"):
        return parse_profile(_read(Path(name_or_path)), f"profile {printable(name_or_path)}")
    if name_or_path not in profile_names():
        known = f"known are {', '.join(profile_names())} (or the path of a .json file)"
        raise BadInput(f"redis.profile: {shown(name_or_path)} is unknown; {known}")
    profile = parse_profile(_read(PROFILES / f"{name_or_path}.json"), f"profile {name_or_path}")
    if profile.name != name_or_path:
        raise BadInput(f"profile {name_or_path}: name is {profile.name!r}; it must be the file's")
    return profile


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            document = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "not a path"
        raise BadInput(f"redis.profile: {shown(str(path))} cannot be read: {reason}") from None
    if len(document) > MAX_BYTES:
        raise BadInput(f"redis.profile: {shown(str(path))} is too large; at most {MAX_BYTES:,} bytes")
    return document


def parse_profile(document: bytes, origin: str) -> Profile:
    """Return the profile that a JSON *document* holds; a `BadInput` about it starts with *origin*."""
    try:
        return Profile.model_validate_json(document)
    except ValidationError as error:
        raise BadInput(f"{origin}: {_refusal(error)}") from None


def profile_json(profile: Profile) -> str:
    """Return *profile* as the text of its JSON file, each row of its draws on one line."""
    text = json.dumps(profile.model_dump(mode="json"), indent=2, ensure_ascii=False)
    # a bracket before the end of a line is JSON's own: a text has no such line
    return re.sub(r"\[\n[-+.\deE,\s]+\]", lambda row: json.dumps(json.loads(row[0])), text) + "\n"


def _refusal(error: ValidationError) -> str:
    """Return what is wrong with a profile; of an old one only what to do, as all else in it is old too."""
    first = error.errors(include_url=False)[0]
    if first["loc"] == ("schema_version",) and first["type"] == "literal_error":
        return f"schema_version: {shown(first['input'])} is not read any more; must be {VERSION}: calibrate anew"
    return told(error)
