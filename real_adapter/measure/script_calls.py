"""Which Redis commands every script calls, on each way through it, as a real server sees them: the gate's evidence.

Every script is run on a small room of a server that is started for it, while MONITOR watches. The specification
(`models.waiting_room.specification`), whose calls the simulation bills, goes the same way. What the script calls more
or fewer than that becomes `waiting_room.extra_calls`, so that the predicted engine CPU is that of the scripts as they
are. A comment, or other work of the Lua interpreter between the calls, changes nothing here.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import get_args

import redis

from models.documents.text import printable
from models.plan.room_rules import MICRO, RoomRules
from models.redis_costs.commands import Command
from models.regression.compare import CALLS, Measured
from models.scenario.waiting_room import ExtraCall
from models.waiting_room.scripts import FOLDER, Script
from real_adapter.conformance.operations import START_MS, ModelRoom, Operation, call_of
from real_adapter.measure.tracing import Called, kinds_of, watch
from real_adapter.room.redis_room import PASS_TTL_MS, RedisRoom, all_scripts
from real_adapter.server.server import start_server
from sim.errors import BadInput

RULES = RoomRules(
    rate_micro_per_ms=MICRO // 1000, burst_micro=MICRO, call_window=100, call_ttl_ms=30_000, heartbeat_ttl_ms=60_000
)
"""One call and one admission per second, and one at once: time that passes decides what happens."""
PRICED = frozenset(get_args(ExtraCall.model_fields["command"].annotation))
"""Commands that `waiting_room.extra_calls` takes: those with a cost, but KEYS, whose cost is that of the keyspace."""
MOST_ELEMENTS = 1000


def _at(second: float, name: str, token: int = 0, order: str = "score") -> Operation:
    score = float(token) if order == "score" else 0.0
    return Operation(name, 0, START_MS + round(1000 * second), token, order, score, limit=500)


_LINE = tuple(_at(0, "join", token) for token in range(1, 7))
_OPENED = (*_LINE, _at(0, "open"))
_CALLED = (*_OPENED, _at(1, "status", 6))
"""Token 1 has been called, and the next call is a second away."""
_ENTERED = (*_CALLED, _at(2, "status", 6), _at(2, "enter", 1))
"""Token 2 has been called too, token 1 has gone in, and the bucket is empty."""


@dataclass(frozen=True)
class Way:
    """A way through a script: what happened before, and the operation that goes it.

    `prices` says that the operation's extra calls are those on this way, which most requests go.
    """

    name: str
    before: tuple[Operation, ...]
    operation: Operation
    prices: bool = False

    @property
    def script(self) -> str:
        """The script that is run."""
        return self.operation.name


WAYS = (
    Way("first", _LINE, _at(0, "open")),
    Way("new", _LINE, _at(0, "join", 7), prices=True),
    Way("new_by_counter", _LINE, _at(0, "join", 7, "counter")),
    Way("new_by_time", _LINE, _at(0, "join", 7, "time")),
    Way("again", _LINE, _at(0, "join", 3)),
    Way("again_called", _CALLED, _at(1, "join", 1)),
    Way("again_lapsed_calling_one", _CALLED, _at(31, "join", 1)),
    Way("in_line", _LINE, _at(0, "status", 3), prices=True),
    Way("called", _CALLED, _at(1, "status", 1)),
    Way("unknown", _LINE, _at(0, "status", 99)),
    Way("calling_two", _OPENED, _at(2, "status", 6)),
    Way("in_line", _LINE, _at(0, "status_read", 3)),
    Way("called", _CALLED, _at(1, "status_read", 1)),
    Way("granted", _CALLED, _at(1, "enter", 1), prices=True),
    Way("not_called", _LINE, _at(0, "enter", 3)),
    Way("bucket_empty", _ENTERED, _at(2, "enter", 2)),
    Way("in_line", _LINE, _at(0, "leave", 3), prices=True),
    Way("nothing_to_do", _LINE, _at(0, "expire"), prices=True),
    Way("silent", _LINE, _at(61, "expire")),
    Way("lapsed", _CALLED, _at(31, "expire")),
    Way("in_line", _LINE, _at(0, "status_keys", 3)),
    Way("called_calling_one", _CALLED, _at(2, "status_keys", 1)),
)


@dataclass(frozen=True)
class ScriptCalls:
    """What the scripts call, what of it is more or less than the specification, and what that cannot tell."""

    measured: Measured
    extra: tuple[ExtraCall, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Traced:
    """The calls on one way: those of the script on the server, and those of the specification."""

    way: Way
    script: tuple[Called, ...]
    specified: tuple[Called, ...]

    def differences(self) -> Counter[Called]:
        """Return the calls that the script makes more (positive) or fewer than the specification, in this order."""
        specified, script = ([call.command for call in calls] for calls in (self.specified, self.script))
        found: Counter[Called] = Counter()
        for kind, i, j, k, m in SequenceMatcher(None, specified, script, autojunk=False).get_opcodes():
            if kind != "equal":
                found.update(self.script[k:m])
                found.subtract(self.specified[i:j])
        return found


def script_calls(folder: Path = FOLDER) -> ScriptCalls:
    """Trace every way through the scripts in *folder* on a server that is started for it.

    BadInput if there is no server to start, or if it refuses a script.
    """
    scripts = all_scripts(folder)
    with start_server() as server, server.client() as client:
        traced = [_traced(client, f"{number}", way, scripts) for number, way in enumerate(WAYS)]
    values: dict[str, float | None] = {}
    for trace in traced:
        for call, times in sorted(Counter(trace.script).items()):
            values[f"{trace.way.script}.{trace.way.name}.{call_text(call)}"] = float(times)
    texts = {path.name: path.read_bytes() for path in sorted(folder.glob("*.lua"))}
    made_of = {name: hashlib.sha256(text).hexdigest()[:16] for name, text in texts.items()}
    measured = Measured(values, dict.fromkeys(values, CALLS), made_of)
    return ScriptCalls(measured, tuple(_extra(traced)), tuple(dict.fromkeys(_notes(traced))))


def call_text(call: Called) -> str:
    """Return a kind of call in words: ZADD(called, 64) walks the called and handles 64 at once."""
    details = [call.on] if call.on != "none" else []
    details += [str(call.elements)] if call.elements != 1 else []
    return f"{call.command}({', '.join(details)})" if details else call.command


def _traced(client: "redis.Redis", tag: str, way: Way, scripts: Mapping[str, Script]) -> Traced:
    room = RedisRoom(client, tag, RULES, scripts=scripts)
    model = ModelRoom(RULES, PASS_TTL_MS)
    specified: list[Called] = []

    def note(command: Command, elements: int, members: int) -> None:
        sizes = {len(model.room.score): "line", len(model.room.called): "called", len(model.room.seen): "seen"}
        specified.append(Called(command.name, sizes.get(members, "none") if members else "none", max(1, elements)))

    model.room.trace = note
    for operation in way.before:
        _evaluated(room, operation)
        model.apply(operation, operation.now_ms * 1000)
    specified.clear()
    model.apply(way.operation, way.operation.now_ms * 1000)
    commands = watch(client, lambda: _evaluated(room, way.operation), 1)
    return Traced(way, tuple(kinds_of(commands, room.keys)), tuple(specified))


def _evaluated(room: RedisRoom, operation: Operation) -> None:
    try:
        room.evaluate(call_of(operation, room))
    except redis.exceptions.ResponseError as error:
        raise BadInput(f"{operation.name}.lua: the server refuses it: {printable(str(error))}") from None


def _extra(traced: Sequence[Traced]) -> Iterator[ExtraCall]:
    """Return what changed scripts call more or fewer, as far as it has a price."""
    for trace in traced:
        if trace.way.prices:
            for call, times in trace.differences().items():
                if times and call.command in PRICED:
                    entry = {"operation": trace.way.script, "command": call.command, "on": call.on}
                    elements = min(call.elements, MOST_ELEMENTS)
                    yield ExtraCall.model_validate({**entry, "elements": elements, "calls": times})


def _notes(traced: Sequence[Traced]) -> Iterator[str]:
    """Tell which differences predicted CPU does not have in it."""
    priced = {trace.way.script: trace.differences() for trace in traced if trace.way.prices}
    for trace in traced:
        script, way = trace.way.script, trace.way.name
        if script == "open":  # it runs once in an event, and is billed nowhere
            continue
        for call, times in trace.differences().items():
            if times and call.command not in PRICED:
                yield f"{script}.lua calls {call.command}, which has no cost that could be put into predicted CPU."
            elif times and times != priced.get(script, Counter())[call]:
                note = f"{script}.lua, {way}: {call_text(call)} {times:+d} against the models"
                yield f"{note}; predicted CPU has only what the usual way of an operation calls."
