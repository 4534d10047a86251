"""What is measured: an operation, on a line of so many members, under a load, for some time."""

from dataclasses import dataclass

SHORTEST_S = 0.3
"""Many short windows rather than few long ones: a neighbour on the processor disturbs for a second or two at a time,
and the median of windows forgives as long as most are left alone."""
LONGEST_S = 2.0


@dataclass(frozen=True)
class Load:
    """How requests come: `rate_rps` in Poisson arrivals, or so many `together`; None: `users` who ask again at once."""

    seconds: float
    rate_rps: float | None = None
    together: int = 1
    users: int = 0

    def __post_init__(self) -> None:
        if (self.rate_rps is None) == (self.users == 0):
            raise ValueError(f"rate_rps ({self.rate_rps}) or users ({self.users}) must be given, and not both")

    @property
    def text(self) -> str:
        """Return the load in words."""
        if self.rate_rps is None:
            return f"{self.users} users without a pause"
        return f"{self.rate_rps:g} requests/s" + (f", {self.together} together" if self.together > 1 else "")


@dataclass(frozen=True)
class Case:
    """An operation (see `measure.bench.Bench`) on a line of `members` under a load, with so many `replicas`.

    `keys` that KEYS lists; 0: those that the server has.
    """

    operation: str
    members: int
    load: Load
    replicas: int = 0
    keys: int = 0

    @property
    def name(self) -> str:
        """Return what tells it from all others."""
        where = f" of {self.members:,}" if self.members else ""
        where += f" among {self.keys:,} keys" if self.keys else ""
        return f"{self.operation}{where}, {self.load.text}" + (", a replica attached" if self.replicas else "")


def poisson(operation: str, members: int, rate_rps: float) -> Case:
    """Return a case of Poisson arrivals, long enough for some hundred requests, or `LONGEST_S`."""
    return Case(operation, members, Load(min(max(SHORTEST_S, 300 / rate_rps), LONGEST_S), rate_rps))


def burst(operation: str, members: int, together: int) -> Case:
    """Return a case of *together* requests every 10 ms."""
    return Case(operation, members, Load(SHORTEST_S, together * 100.0, together))


def saturated(operation: str, members: int, users: int = 100, seconds: float = 0.25) -> Case:
    """Return a case of a closed loop that keeps the engine thread busy."""
    return Case(operation, members, Load(seconds, users=users))
