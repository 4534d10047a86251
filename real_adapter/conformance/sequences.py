"""Random sequences of operations: equal replies, equal states, and the same Redis commands."""

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import cast

import redis

from real_adapter.conformance.operations import Crowd, Operation, call_of, random_settings
from real_adapter.conformance.report import Case
from real_adapter.conformance.trial import Site, Trial, described, shrunk

PER_COMPARISON = 250
"""States are compared so often."""
LEAST_TRIALS = 8
"""However few operations there are, they are split among several rooms with rules of their own."""
OWN_COMMANDS = {"evalsha", "evalsha_ro", "eval", "info", "script|load", "client|setinfo", "hello", "ping"}
"""What the checker itself sends while it counts commands."""
QUIET_S = 0.3


def random_sequences(
    name: str, site: Site, operations: int, seed: int, done: Callable[[int], None], keys: bool = True
) -> Case:
    """Compare so many random *operations*, in trials with rooms of their own; the first that fails is made small."""
    began, random = time.monotonic(), Random(seed)
    differences: list[str] = []
    played, outcomes = 0, Counter[str]()
    longest = max(operations // LEAST_TRIALS, PER_COMPARISON)
    site.prepare()
    while played < operations and not differences:
        settings = random_settings(random, random.randint(1, len(site.tags)))
        sequence: list[Operation] = []
        with Trial(site, settings) as trial:
            crowd = Crowd(random, settings, keys)
            found = None
            for size in _pieces(min(settings.operations, longest, operations - played)):
                piece = [crowd.next() for _ in range(size)]
                found = trial.play(piece)
                sequence += piece if found is None else piece[: found[0] + 1]
                played += size
                if found is not None:
                    break
            outcomes += trial.outcomes
        if found is not None:
            smaller = shrunk(site, settings, sequence)
            told = described(settings, sequence, f"{found[1]} (not again when repeated)")
            differences.append(told if smaller is None else described(settings, *smaller))
        done(played)
    differences += site.left_over()
    return Case(name, played, tuple(differences), time.monotonic() - began, dict(sorted(outcomes.items())))


def commands_run(
    name: str, site: Site, operations: int, seed: int, done: Callable[[int], None], keys: bool = True
) -> Case:
    """Compare the commands that each operation runs on the server (`commandstats`) with those of the specification.

    What a script costs is predicted from its commands, so these must be the true ones. The server must have no other
    users meanwhile; the case is not run if it has, or if INFO is not permitted.
    """
    began, random, client = time.monotonic(), Random(seed), cast("redis.Redis", site.client)
    site.prepare()
    try:
        before = _calls(client)
        time.sleep(QUIET_S)
        if _calls(client) != before:
            return Case(name, 0, (), 0.0, not_run="others use this server, so commands cannot be told apart")
    except redis.exceptions.NoPermissionError:
        return Case(name, 0, (), 0.0, not_run="it needs INFO, which this user of the server may not run")
    differences: list[str] = []
    played = 0
    while played < operations and not differences:
        settings = random_settings(random, 1)
        with Trial(site, settings) as trial:
            crowd = Crowd(random, settings, keys)
            for _ in range(min(PER_COMPARISON, operations - played)):
                operation = crowd.next()
                told = _compare_commands(client, trial, operation)
                played += 1
                if told is not None:
                    differences.append(f"{settings.rules[0]}\n{operation}\n{told}")
                    break
        done(played)
    return Case(name, played, tuple(differences), time.monotonic() - began)


def _compare_commands(client: "redis.Redis", trial: Trial, operation: Operation) -> str | None:
    before = _calls(client)
    raw = trial.rooms[0].evaluate(call_of(operation, trial.rooms[0]))
    ran = _calls(client) - before
    trial.rooms[0].lease()
    told = trial.judge(operation, raw)
    if told is not None or operation.name == "open":
        return told
    expected = trial.models[0].commands
    return None if ran == expected else f"the server ran {dict(ran)}, the specification {dict(expected)}"


def _calls(client: "redis.Redis") -> Counter[str]:
    """Return how often each command has been called on the server, those of the checker itself left out."""
    stats = client.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): value["calls"] for name, value in stats.items()}
    return Counter({name.upper(): n for name, n in calls.items() if name not in OWN_COMMANDS})


def _pieces(total: int) -> list[int]:
    whole, rest = divmod(total, PER_COMPARISON)
    return [PER_COMPARISON] * whole + [rest] * (rest > 0)
