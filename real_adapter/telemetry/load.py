"""What the minutes of telemetry asked of an engine thread, by a profile: requests a second, and the work of each.

Telemetry counts calls, not requests: those that scripts make are among them. So it has to be told, or guessed, what
the requests are:

    scripts    the waiting room's own way: every call that is no script comes from one
    commands   whoever works without scripts: each call is a request; a script is one more

The guess goes by the calls for each script: where there are more than any of the waiting room's scripts makes, most of
them cannot come from scripts like these.

A call costs what `models.redis_costs.commands` says of it, with the elements and members that the waiting room's
operations give it, in the mix of the measured curve. A family of ElastiCache's costs what the waiting room's calls in
it cost on average. Where only all calls together are known, they are the waiting room's.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from models.redis_costs.commands import WRITES, Command, call_cost_ns
from models.redis_costs.engine_thread import EngineThread
from models.redis_costs.profile import Profile
from models.vocabulary.operations import Op
from real_adapter.fit.curves import calls_by_operation
from real_adapter.measure.work import MIX
from real_adapter.measure.work import Calls as RoomCalls
from real_adapter.telemetry.minutes import ALL_COMMANDS, Telemetry, Vector

Requests = Literal["scripts", "commands"]

SCRIPTS = ("EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO", "EvalBasedCmds")
TALK = {
    *(
        "ACL",
        "ASKING",
        "AUTH",
        "CLIENT",
        "CLUSTER",
        "COMMAND",
        "CONFIG",
        "DBSIZE",
        "DEBUG",
        "ECHO",
        "FUNCTION",
        "HELLO",
    ),
    *("INFO", "LATENCY", "MEMORY", "MODULE", "MONITOR", "PING", "PSYNC", "QUIT", "READONLY", "READWRITE", "REPLCONF"),
    *("ROLE", "SCRIPT", "SELECT", "SLOWLOG", "WAIT", "NonKeyTypeCmds"),
}
"""What clients send that touches no key: reading it and answering is taken to be all it costs."""
FAMILY_OF: Mapping[str, str | tuple[str, ...]] = {
    "SortedSetBasedCmds": "Z",
    "HashBasedCmds": "H",
    "StreamBasedCmds": "X",
    "StringBasedCmds": ("SET", "GET", "INCR"),
    "KeyBasedCmds": ("KEYS", "EXPIRE", "EXISTS"),
}
"""ElastiCache's families, by what the commands that a profile has a price for begin with."""
STAND_IN = {"KeyBasedCmds": Command.EXPIRE, "StreamBasedCmds": Command.XADD}
"""Of a family that the waiting room does not call: what is called most elsewhere (an assumption)."""
UNKNOWN = Command.GET
"""A call that a profile has no price for costs what the plainest read costs (an assumption)."""


Shape = tuple[tuple[float, Command, int, int], ...]
"""The calls that a name stands for: share, command, elements, members."""


class Load(NamedTuple):
    """float64[n] each: requests per second, and the mean work of one in us on the engine thread."""

    rate_rps: Vector
    request_us: Vector


@dataclass(frozen=True, eq=False)
class Calls:
    """Calls per second by what a profile prices, of n minutes; all float64[n] but for the names."""

    requests: Vector
    scripts: Vector
    feeds: Vector
    by_name: Mapping[str, Vector]
    shapes: Mapping[str, Shape]
    assumed: tuple[str, ...]

    def thread(self, profile: Profile) -> EngineThread:
        """Return the engine thread of *profile*, which collects garbage after scripts only."""
        thread = profile.engine_thread()
        scripted = float(self.scripts.sum()) / max(float(self.requests.sum()), 1e-9)
        return thread._replace(garbage=round(thread.garbage * min(scripted, 1.0)))

    def load(self, profile: Profile) -> Load:
        """Return the load by the prices of *profile*; no work where there was no request."""
        table = profile.cost_table()
        io_ns, _, feed_ns = profile.request_ns()
        own_ns = profile.script_ns()
        script_ns = sum(share * own_ns[Op[operation.upper()]] for operation, share in MIX.items())
        work_ns = script_ns * self.scripts + feed_ns * self.feeds
        for name, per_s in self.by_name.items():
            work_ns += per_s * sum(share * call_cost_ns(table, *call) for share, *call in self.shapes[name])
        asked = self.requests > 0
        request_ns = io_ns + np.divide(work_ns, self.requests, out=np.zeros_like(work_ns), where=asked)
        return Load(self.requests, request_ns / 1e3)


def calls_of(
    telemetry: Telemetry, requests: Requests | None = None, members: int = 100_000, replicas: int = 0
) -> Calls:
    """Return the calls of *telemetry*. *requests* None: guessed, which `assumed` says (see the module).

    *members* people in line; each of *replicas* is fed whatever writes: each script, or each command known to.
    """
    room = calls_by_operation(members)
    told = requests is not None
    per_s = dict(telemetry.per_s)
    scripts = _sum(per_s.pop(name) for name in SCRIPTS if name in per_s) + np.zeros(telemetry.cpu.size)
    talk = _sum(per_s.pop(name) for name in sorted(per_s) if name.partition("|")[0] in TALK)
    if ALL_COMMANDS in per_s:
        per_script = sum(share * len(room[operation]) for operation, share in MIX.items())
        scripts = per_s[ALL_COMMANDS] / (1 + per_script)
        per_s[ALL_COMMANDS] = scripts * per_script
    others = _sum(per_s.values())
    each = float(others.sum() / scripts.sum()) if scripts.any() else math.inf
    most = max(map(len, room.values()))
    by_scripts = requests == "scripts" if told else not per_s or each <= most
    writes = _sum(rate for name, rate in per_s.items() if name in Command.__members__ and WRITES[Command[name]])
    return Calls(
        requests=scripts + talk + (0.0 if by_scripts else others),
        scripts=scripts,
        feeds=replicas * (scripts if by_scripts else scripts + writes),
        by_name=per_s,
        shapes={name: _shape(name, room, members) for name in per_s},
        assumed=(*_meaning(by_scripts, told, each, most), *_assumed(per_s, members, replicas)),
    )


def _shape(name: str, room: Mapping[str, RoomCalls], members: int) -> Shape:
    """Return the calls that *name* stands for, with their shares."""
    of_all = [(share, *call) for operation, share in MIX.items() for call in room[operation]]
    weighed = [call for call in of_all if _is_of(call[1].name, name)]
    total = sum(call[0] for call in weighed)
    if weighed:
        return tuple((share / total, command, elements, size) for share, command, elements, size in weighed)
    return ((1.0, Command.__members__.get(name, STAND_IN.get(name, UNKNOWN)), 1, members),)


def _is_of(command: str, name: str) -> bool:
    """Tell whether *command* is what *name* counts."""
    beginnings = FAMILY_OF.get(name)
    return name in (command, ALL_COMMANDS) or (beginnings is not None and command.startswith(beginnings))


def _meaning(by_scripts: bool, told: bool, each: float, most: int) -> Iterator[str]:
    """Say what a request was taken to be, and why where nobody has told."""
    what = "each script is a request and makes the other calls" if by_scripts else "each call is a request"
    if told or not math.isfinite(each):
        yield f"requests: {what}"
        return
    bound = f"the waiting room's scripts make {most} at most"
    why = f"{each:.3g} calls for each script, and {bound}"
    yield f"requests: {what} (guessed: {why}; --requests says otherwise)"


def _assumed(per_s: Mapping[str, Vector], members: int, replicas: int) -> tuple[str, ...]:
    lines = [f"people in line: {members:,}", f"replicas that are fed: {replicas}"]
    unknown = sorted(name for name in per_s if name not in {*Command.__members__, *FAMILY_OF, ALL_COMMANDS})
    total = float(_sum(per_s.values()).sum()) if per_s else 0.0
    if unknown and total:
        share = 100 * sum(float(per_s[name].sum()) for name in unknown) / total
        lines.append(
            f"{len(unknown)} commands without a price, {share:.1f} % of the calls, cost what {UNKNOWN.name} does"
        )
    return tuple(lines)


def _sum(parts: Iterable[Vector]) -> Vector:
    return sum(parts, np.zeros(1))
