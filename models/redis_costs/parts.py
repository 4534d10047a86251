"""The parts of a profile: costs, where they were learnt and in what state, how well the fit holds, what is uncertain.

All of it is strict: a number is finite and in its range, a key that nobody knows is refused.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.documents.strict import Strict

Microseconds = Annotated[float, Field(ge=0, le=1e6)]
CallMicroseconds = Annotated[float, Field(ge=0, le=1e4)]
Slowness = Annotated[float, Field(ge=0, le=1e4)]
LastingMicroseconds = Annotated[float, Field(ge=0.001, le=1e9)]
Bytes = Annotated[float, Field(ge=0)]
MAX_DRAWS = 200


class EngineCosts(Strict):
    """What the event loop itself costs."""

    wake_warm_us: Microseconds = Field(description="wake-up after the shortest sleep")
    wake_cold_us: Microseconds = Field(description="wake-up after a very long sleep")
    wake_tau_ms: float = Field(gt=0, le=1e6, description="time constant between the two")
    wake_delay_us: Microseconds = Field(default=0.0, description="until the thread runs; no CPU time")
    pass_us: Microseconds = Field(default=0.0, description="one pass of the event loop, whatever it does")
    near_slow: Slowness = Field(default=0.0, description="how much slower work is while the core's own caches are cold")
    near_lost_us: LastingMicroseconds = Field(default=1.0, description="time constant with which sleep empties them")
    far_slow: Slowness = Field(default=0.0, description="the same of the caches behind the core's own")
    far_lost_us: LastingMicroseconds = Field(default=1.0, description="time constant with which sleep empties those")
    rewarm_us: LastingMicroseconds = Field(default=1.0, description="time constant with which work fills both")
    io_us: Microseconds = Field(description="reading one request and writing its reply")
    io_warm_us: Microseconds = Field(default=0.0, description="of that, what meets warm caches in any case")
    replica_feed_us: Microseconds = Field(description="passing one writing request on to one replica")
    listing_swing: float = Field(
        default=0.0, ge=0, le=1, description="share of its cost that a KEYS of a script takes less, and the next more"
    )
    garbage_us: Microseconds = Field(
        default=0.0, description="collecting Lua's garbage twice in a row; every 50th script"
    )

    @model_validator(mode="after")
    def _cold_costs_more(self) -> Self:
        if self.wake_cold_us < self.wake_warm_us:
            raise ValueError(f"wake_cold_us {self.wake_cold_us} is below wake_warm_us {self.wake_warm_us}")
        return self

    @model_validator(mode="after")
    def _warm_is_a_part(self) -> Self:
        if self.io_warm_us > self.io_us:
            raise ValueError(f"io_warm_us {self.io_warm_us} is above io_us {self.io_us}, of which it is a part")
        return self


ENGINE_CPU_TIMES = (
    "wake_warm_us",
    "wake_cold_us",
    "pass_us",
    "rewarm_us",
    "io_us",
    "io_warm_us",
    "replica_feed_us",
    "garbage_us",
)
"""Of `EngineCosts` what is CPU time; the rest is time that passes, or a ratio."""


class CommandCost(Strict):
    """One call of one command from a script; the terms are those of `models.redis_costs.commands`."""

    call_us: CallMicroseconds = Field(description="one call, whatever it handles")
    element_us: CallMicroseconds = Field(description="each field, member or field-value pair")
    depth_us: CallMicroseconds = Field(description="each level of the walk through a sorted set, for each element")
    per_key_us: float = Field(0.0, ge=0, le=100, description="each key of the node's keyspace; KEYS only")
    per_key_doubling_us: float = Field(
        0.0, ge=0, le=100, description="added to that by each doubling of the keyspace beyond the caches; KEYS only"
    )


class ScriptCost(Strict):
    """What is a script's own: entering and leaving it, its arguments, and the Lua between its calls."""

    overhead_us: Microseconds


class Server(Strict):
    """The server that was measured."""

    name: str = Field(description="redis, valkey, ...")
    version: str
    settings: dict[str, str] = Field(description="settings that matter, as CONFIG GET gives them")


class MachineSpeed(Strict):
    """How fast the processor ran that the costs are of, by two yardsticks, and what another speed makes of them.

    Where the yardsticks take c and m times as long, work takes c^p m^q as long, and what cold caches add to it m^r.
    """

    core_ns: float = Field(gt=0, le=1e6, description="a step of arithmetic in registers")
    memory_ns: float = Field(gt=0, le=1e6, description="a load from beyond the core's own caches")
    work_by_core: float = Field(ge=0, le=10, description="the exponent p")
    work_by_memory: float = Field(ge=0, le=10, description="the exponent q")
    cold_by_memory: float = Field(ge=0, le=10, description="the exponent r")


class MachineState(Strict):
    """What the machine was like while it was measured: a window that was disturbed does not count."""

    steal_median_percent: float = Field(ge=0, le=100, description="hypervisor steal, over the windows kept")
    steal_worst_percent: float = Field(ge=0, le=100, description="in the worst of them")
    windows_kept: int = Field(ge=0)
    windows_discarded: dict[str, Annotated[int, Field(ge=0)]] = Field(description="how many, by reason")
    speed: MachineSpeed | None = Field(None, description="null: not measured")


class Precision(Strict):
    """Whether the measurement became as precise as it was meant to be."""

    reached: bool
    not_reached: tuple[str, ...] = Field(description="what was not, a line for each")

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.reached == bool(self.not_reached):
            raise ValueError(f"reached {str(self.reached).lower()} does not go with {len(self.not_reached)} misses")
        return self


class Memory(Strict):
    """What the server's data take."""

    per_client_bytes: Bytes = Field(description="each person in line: their entries in line and seen")
    per_index_entry_bytes: Bytes = Field(description="one member of one sorted set")
    fixed_bytes: Bytes = Field(description="the server without anybody in line")
    error_percent: float = Field(ge=0, description="of the model, at worst, where it was measured")
    clients: int = Field(ge=1, description="people in line when it was measured")


class Interval(Strict):
    """A fitted value with its 95 % interval: low <= best <= high."""

    low: float = Field(ge=0)
    best: float = Field(ge=0)
    high: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.best <= self.high:
            raise ValueError(f"low {self.low} <= best {self.best} <= high {self.high} does not hold")
        return self


class Measured(Strict):
    """A measured value with its 95 % interval, if it is known how far the measurement repeats."""

    low: float | None = Field(ge=0)
    best: float = Field(gt=0)
    high: float | None = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"low {self.low} and high {self.high}: both or neither")
        if self.low is not None and self.high is not None and not self.low <= self.best <= self.high:
            raise ValueError(f"low {self.low} <= best {self.best} <= high {self.high} does not hold")
        return self


class Case(Strict):
    """One load that was measured and fitted: CPU time and sleeps of the engine thread, per request."""

    name: str
    what: str = Field(description="the requests, the people in line, the replicas")
    rate_rps: float | None = Field(gt=0, description="Poisson arrivals of bursts, in requests; null: a closed loop")
    together: int = Field(ge=1, description="requests released at the same instant; in a closed loop: outstanding")
    windows: int | None = Field(ge=1, description="windows that were kept; null: not known")
    measured_us: Measured
    fitted_us: float = Field(gt=0)
    residual_percent: float = Field(description="fitted over measured, less 100 %")
    measured_sleeps: float | None = Field(ge=0, le=1, description="never used by the fit")
    predicted_sleeps: float = Field(ge=0, le=1)


class Fit(Strict):
    """How the numbers were fitted and how far to trust them."""

    parameters: dict[str, Interval]
    cases: tuple[Case, ...] = Field(description="what was fitted; none where others' numbers were taken over")
    mean_error_percent: float | None = Field(ge=0, description="over the cases; null without any")
    worst_error_percent: float | None = Field(ge=0)
    leave_one_out_percent: float | None = Field(
        ge=0, description="mean error on cases left out of the fit in turn; null if that was not tried"
    )
    not_identifiable: tuple[str, ...]
    assumed: tuple[str, ...]

    @model_validator(mode="after")
    def _errors_are_those_of_cases(self) -> Self:
        for name in ("mean_error_percent", "worst_error_percent"):
            if (getattr(self, name) is None) == bool(self.cases):
                raise ValueError(f"{name}: {getattr(self, name)} does not go with {len(self.cases)} cases")
        return self


Quantity = Literal["members", "keys", "rate_rps", "connections", "payload_bytes"]
"""What decides about a cost: members of the sorted set that a call walks, keys that KEYS meets, requests a second at
one engine thread, open connections to a node, bytes of the larger of request and reply."""


class Range(Strict):
    """Over what a cost was measured or fitted."""

    low: float = Field(ge=0)
    high: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Beyond(Strict):
    """What was seen beyond a range, and is in no cost."""

    at: float = Field(gt=0, description="so much of the quantity")
    adds_us: float = Field(ge=0, le=1e6, description="CPU of a request over that within the range, microseconds")


class Reading(Strict):
    """One way to understand what a profile was fitted to, where its source leaves it open."""

    factor: float = Field(
        gt=0, le=1000, description="engine threads that shared the published load: every time is so many times as long"
    )
    description: str = Field(min_length=1, max_length=500)


class Draws(Strict):
    """Joint draws of the parameters: each row of `values` has a value for each of `parameters`.

    A parameter is the dotted path of a cost, which the value replaces ("engine.wake_warm_us",
    "script_overhead_us", "commands.ZADD.call_us"), or "commands.*" or "commands.ZADD.*": the value is then a
    factor for every cost of all commands, or of one, but for the cost per key, which is measured by itself.
    They are applied in their order.
    """

    parameters: tuple[str, ...] = Field(max_length=100)
    values: tuple[tuple[Annotated[float, Field(ge=0)], ...], ...] = Field(max_length=MAX_DRAWS)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.parameters)) < len(self.parameters):
            twice = next(name for k, name in enumerate(self.parameters) if name in self.parameters[:k])
            raise ValueError(f"parameters: {twice!r} stands there twice")
        if bool(self.parameters) != bool(self.values):
            raise ValueError(f"{len(self.values)} rows of values do not go with {len(self.parameters)} parameters")
        for k, row in enumerate(self.values):
            if len(row) != len(self.parameters):
                raise ValueError(f"values.{k}: {len(row)} values; must be {len(self.parameters)}, one per parameter")
        return self
