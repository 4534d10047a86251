"""What a profile is fitted to: a measured or published curve, and the measured ratios between operations.

The data lie in `models/profiles/curves/`, each file with its source in its first lines.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import COLUMNS, Command, call_cost_ns
from models.redis_costs.profile import PROFILES
from models.waiting_room.specification import WaitingRoom
from real_adapter.measure.work import Calls

CURVES = PROFILES / "curves"


@dataclass(frozen=True)
class Curve:
    """Engine CPU in us per request at each offered rate; sleeps per request where counted, else NaN.

    *members* people were in line and *replicas* were attached to the node.
    """

    rate_rps: NDArray[np.float64]
    cpu_us: NDArray[np.float64]
    sleeps: NDArray[np.float64]
    members: int
    replicas: int

    def only(self, chosen: NDArray[np.bool_]) -> "Curve":
        """Return the curve of the *chosen* points, bool[n]."""
        columns = (self.rate_rps[chosen], self.cpu_us[chosen], self.sleeps[chosen])
        return Curve(*columns, self.members, self.replicas)


@dataclass(frozen=True)
class Shape:
    """Costs in us of which a fit keeps the ratios.

    *table_us*, float64[commands, 3], holds what a call, an element and a level cost; then the I/O of one request and
    the overhead of one script.
    """

    table_us: NDArray[np.float64]
    io_us: float
    script_overhead_us: float

    def request_us(self, calls: Calls) -> float:
        """Return the cost of one request whose script makes *calls*."""
        table_ns = np.zeros((len(Command), len(COLUMNS)), np.int64)  # no level is free
        table_ns[:, : self.table_us.shape[1]] = np.rint(self.table_us * 1e3)
        calls_ns = sum(call_cost_ns(table_ns, *call) for call in calls)
        return self.io_us + self.script_overhead_us + calls_ns / 1e3


def read_curve(name: str) -> Curve:
    """Return the curve that the profile *name* is fitted to."""
    rows = _read(CURVES / f"{name}.csv")
    return Curve(
        rows["rate_rps"].to_numpy(float),
        rows["cpu_us_per_request"].to_numpy(float),
        rows["sleeps_per_request"].to_numpy(float),
        members=int(rows["members"].iloc[0]),
        replicas=int(rows["replicas"].iloc[0]),
    )


def read_operations() -> dict[str, float]:
    """Return the CPU in us of each operation that was measured one by one."""
    rows = _read(CURVES / "x86-operations.csv")
    return dict(zip(rows["operation"], rows["cpu_us"].astype(float), strict=True))


def read_shape() -> Shape:
    """Return the measured ratios: a PING is I/O alone, a script that does nothing adds the overhead."""
    commands = _read(CURVES / "x86-commands.csv").set_index("command")
    rows = commands.loc[[command.name for command in Command], ["call_us", "element_us", "depth_us"]]
    operations = read_operations()
    return Shape(
        table_us=rows.to_numpy(float),
        io_us=operations["PING"],
        script_overhead_us=operations["EVALSHA no-op"] - operations["PING"],
    )


def calls_by_operation(members: int) -> dict[str, Calls]:
    """Return what the waiting room calls with *members* in line: a status, a new place, a granted entry.

    A load test waits for nobody, so the status and the join see a line that does not move; for the entry
    the line is opened and as many are called as one operation calls.
    """
    calls: Calls = []
    rules = RoomRules(
        rate_micro_per_ms=members * MICRO,
        burst_micro=members * MICRO,
        call_window=members,
        call_ttl_ms=60_000,
        heartbeat_ttl_ms=60_000,
    )
    room = WaitingRoom(rules, trace=lambda *call: calls.append(call), effect=lambda token, answer, deadline_ms: None)
    for token in range(members):
        room.join(token, 0, float(token))
    first, last = 0, members - 1
    found: dict[str, Calls] = {}
    calls.clear()
    room.status(last, 1)
    found["status"] = calls.copy()
    calls.clear()
    room.join(members, 1, float(members))
    found["join"] = calls.copy()
    room.open(1)
    room.status(last, 2)
    calls.clear()
    room.enter(first, 2)
    found["enter"] = calls.copy()
    return found


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, comment="#")
