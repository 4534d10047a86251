"""Profiles: what a Redis engine thread's work costs, where that was learnt, and how well the fit holds.

A profile is a JSON file in `models/profiles/`. All costs are CPU time on the engine thread; one request
costs io + script overhead + the sum of its calls (`models.commands`), and a pass of the event loop that
ends a sleep adds the wake-up (`sim.engine_thread`).
"""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.commands import Command
from sim.engine_thread import EngineThread
from sim.errors import BadInput

PROFILES = Path(__file__).parent / "profiles"

Microseconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Slowness = Annotated[float, Field(ge=0, le=1e4, allow_inf_nan=False)]
Lasting = Annotated[float, Field(ge=0.001, le=1e9, allow_inf_nan=False)]
Percent = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Interval(_Part):
    """A fitted value with its 95 % interval: low <= best <= high."""

    low: float = Field(ge=0, allow_inf_nan=False)
    best: float = Field(ge=0, allow_inf_nan=False)
    high: float = Field(ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.best <= self.high:
            raise ValueError(f"low {self.low} <= best {self.best} <= high {self.high} does not hold")
        return self


class EngineCosts(_Part):
    """What the event loop itself costs."""

    wake_warm_us: Microseconds = Field(description="wake-up after the shortest sleep")
    wake_cold_us: Microseconds = Field(description="wake-up after a very long sleep")
    wake_tau_ms: float = Field(gt=0, le=1e6, allow_inf_nan=False, description="time constant between the two")
    wake_delay_us: Microseconds = Field(default=0.0, description="until the thread runs; no CPU time")
    pass_us: Microseconds = Field(default=0.0, description="one pass of the event loop, whatever it does")
    near_slow: Slowness = Field(default=0.0, description="how much slower work is while the core's own caches are cold")
    near_lost_us: Lasting = Field(default=1.0, description="time constant with which sleep empties them")
    far_slow: Slowness = Field(default=0.0, description="the same of the caches behind the core's own")
    far_lost_us: Lasting = Field(default=1.0, description="time constant with which sleep empties those")
    rewarm_us: Lasting = Field(default=1.0, description="time constant with which work fills both")
    io_us: Microseconds = Field(description="reading one request and writing its reply")
    replica_feed_us: Microseconds = Field(description="passing one writing request on to one replica")

    @model_validator(mode="after")
    def _cold_costs_more(self) -> Self:
        if self.wake_cold_us < self.wake_warm_us:
            raise ValueError(f"wake_cold_us {self.wake_cold_us} is below wake_warm_us {self.wake_warm_us}")
        return self


class CommandCost(_Part):
    """One call of one command from a script; the terms are those of `models.commands`."""

    call_us: Microseconds
    element_us: Microseconds
    depth_us: Microseconds
    per_key_us: Microseconds = 0.0


class FitPoint(_Part):
    """One point of the curve: CPU time and sleeps of the engine thread, per request, at one rate."""

    rate_rps: float = Field(gt=0, allow_inf_nan=False)
    measured_us: float = Field(gt=0, allow_inf_nan=False)
    fitted_us: float = Field(gt=0, allow_inf_nan=False)
    residual_percent: Percent
    measured_sleeps: float | None = Field(ge=0, le=1, description="per request; never used by the fit")
    predicted_sleeps: float = Field(ge=0, le=1)


class Fit(_Part):
    """How the numbers were fitted and how far to trust them."""

    parameters: dict[str, Interval]
    points: tuple[FitPoint, ...] = Field(min_length=1)
    mean_error_percent: Percent
    worst_error_percent: Percent
    leave_one_out_percent: Percent = Field(description="mean error on points left out of the fit in turn")
    not_identifiable: tuple[str, ...]
    assumed: tuple[str, ...]


class Profile(_Part):
    """Costs of one kind of Redis node, with their origin."""

    schema_version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    title: str
    kind: Literal["fitted_to_projection", "measured"]
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    machine: str
    source: str
    caveat: str
    engine: EngineCosts
    script_overhead_us: Microseconds = Field(description="entering and leaving one script (EVALSHA)")
    commands: dict[str, CommandCost]
    fit: Fit

    @model_validator(mode="after")
    def _every_command_once(self) -> Self:
        known = {command.name for command in Command}
        if missing := sorted(known - self.commands.keys()):
            raise ValueError(f"commands: no cost for {', '.join(missing)}")
        if unknown := sorted(self.commands.keys() - known):
            raise ValueError(f"commands: {', '.join(unknown)} unknown; known are {', '.join(sorted(known))}")
        scans = [name for name, cost in self.commands.items() if cost.per_key_us and name != Command.KEYS.name]
        if scans:
            raise ValueError(f"commands.{scans[0]}.per_key_us: only KEYS walks the keyspace")
        return self

    def cost_table(self) -> NDArray[np.int64]:
        """Return int64[commands, 4] in ns by `Command`: call, element, depth, per key."""
        rows = [self.commands[command.name] for command in Command]
        table_us = [[row.call_us, row.element_us, row.depth_us, row.per_key_us] for row in rows]
        return np.rint(np.array(table_us) * 1e3).astype(np.int64)

    def request_ns(self) -> NDArray[np.int64]:
        """Return int64[3] in ns: io, script overhead, replica feed."""
        costs_us = [self.engine.io_us, self.script_overhead_us, self.engine.replica_feed_us]
        return np.rint(np.array(costs_us) * 1e3).astype(np.int64)

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
        )


def _ns(microseconds: float) -> int:
    return round(microseconds * 1e3)


def profile_names() -> list[str]:
    """Return the names of the profiles that `load_profile` knows, sorted."""
    return sorted(path.stem for path in PROFILES.glob("*.json"))


def load_profile(name: str) -> Profile:
    """Return the profile *name*; `BadInput` names the known ones, or the first thing wrong with the file."""
    if name not in profile_names():
        raise BadInput(f"redis.profile: {name!r} is unknown; known are {', '.join(profile_names())}")
    profile = parse_profile((PROFILES / f"{name}.json").read_bytes(), origin=f"profile {name}")
    if profile.name != name:
        raise BadInput(f"profile {name}: name is {profile.name!r}; it must be the file's")
    return profile


def parse_profile(document: bytes, origin: str) -> Profile:
    """Return the profile that a JSON *document* holds; a `BadInput` about it starts with *origin*."""
    try:
        return Profile.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(step) for step in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BadInput(f"{origin}: {path + ': ' if path else ''}{first['msg']}{more}") from None


def profile_json(profile: Profile) -> str:
    """Return *profile* as the text of its JSON file."""
    return json.dumps(profile.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
