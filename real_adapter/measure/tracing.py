"""Which Redis commands a script runs, as the server sees them, and what that is more than the specification's.

A script is run on a small room while a second connection watches with MONITOR, which shows every command a script
calls with its arguments; the counts of `commandstats` must be the same. What the specification
(`models.waiting_room.specification`) does not call is a *changed script*: as `waiting_room.extra_calls` it gives a new
prediction from an old profile, before anyone measures it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis

from models.redis_costs.commands import Command
from models.waiting_room.scripts import RoomKeys
from sim.errors import BadInput

_OPTIONS = {b"GT", b"LT", b"NX", b"XX", b"CH"}


@dataclass(frozen=True, order=True)
class Called:
    """One call of a script: command, the sorted set it walks ("none", "line", "called", "seen") and its elements."""

    command: str
    on: str
    elements: int


def watch(client: "redis.Redis", run: Callable[[], object], calls: int) -> list[tuple[bytes, ...]]:
    """Return the commands that scripts call while *run* runs one script *calls* times, in order, as byte strings.

    BadInput if the server does not let MONITOR be used.
    """
    seen: list[tuple[bytes, ...]] = []
    try:
        with client.monitor() as monitor:
            run()
            client.echo("end of the watch")
            while True:
                event = monitor.next_command()
                if "end of the watch" in event["command"]:
                    return seen
                if event["client_type"] == "lua":
                    seen.append(tuple(_unquoted(part) for part in event["command"].split(" ")))
    except redis.exceptions.NoPermissionError:
        raise BadInput("tracing a script needs MONITOR, which this user of the server may not run") from None


def called(commands: Sequence[tuple[bytes, ...]], keys: RoomKeys) -> Counter[Called]:
    """Return how often each kind of call occurs. BadInput for a command that profiles have no cost for."""
    found = Counter(kinds_of(commands, keys))
    for call in found:
        if call.command not in Command.__members__:
            known = ", ".join(Command.__members__)
            raise BadInput(f"the script calls {call.command}, for which no profile has a cost; {known} have")
    return found


def kinds_of(commands: Sequence[tuple[bytes, ...]], keys: RoomKeys) -> list[Called]:
    """Return what kind of call each of *commands* is, in their order, whether profiles have a cost for it or not."""
    sets = {keys.line: "line", keys.called: "called", keys.seen: "seen"}
    found = []
    for name, *arguments in commands:
        command = name.decode().upper()
        walks = arguments and _walks(command, arguments)
        on = sets.get(arguments[0].decode(), "none") if walks else "none"
        found.append(Called(command, on, _elements(command, arguments)))
    return found


def extra_calls(
    operation: str, changed: Counter[Called], original: Counter[Called], runs: int
) -> tuple[dict[str, str | int], ...]:
    """Return `waiting_room.extra_calls` of *operation*: what *runs* of the changed script call more, or less."""
    found: list[dict[str, str | int]] = []
    for call in sorted(changed.keys() | original.keys()):
        difference = changed[call] - original[call]
        if difference % runs:
            mean = changed[call] / runs
            raise BadInput(f"{operation}: {call.command} is called {mean:g} times on average; must be a whole number")
        if difference:
            found.append(
                {
                    "operation": operation,
                    "command": call.command,
                    "on": call.on,
                    "elements": call.elements,
                    "calls": difference // runs,
                }
            )
    return tuple(found)


def _walks(command: str, arguments: Sequence[bytes]) -> bool:
    """Tell whether a call walks to somewhere in a sorted set: to count all of it, the ends are enough."""
    if command == "ZCOUNT":
        return not {bound.lower().lstrip(b"+") for bound in arguments[1:3]} <= {b"-inf", b"inf"}
    return command.startswith("Z")


def _elements(command: str, arguments: Sequence[bytes]) -> int:
    if command == "ZADD":
        return len([a for a in arguments[1:] if a.upper() not in _OPTIONS]) // 2
    if command in ("ZREM", "HMGET"):
        return len(arguments) - 1
    if command == "HSET":
        return (len(arguments) - 1) // 2
    return int(arguments[1]) if command == "ZPOPMIN" and len(arguments) > 1 else 1


def _unquoted(part: str) -> bytes:
    return part.strip('"').encode()
