"""Two clients at once: the interleaving that the server chose, replayed in the specification.

A server executes one command at a time and a script is one command, so every run has an order in which the operations
happened, and MONITOR tells it: the server writes each EVALSHA to its monitors as it executes it. It names the client by
its address, and each client's operations are executed in the order sent, so every line is one known operation.
The replies and the final state must be those of the specification in that order, which is then a linearisation: it is
consistent with each client's own order, and with real time, as the server executes between request and reply.
"""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any, cast

import redis

from real_adapter.conformance.operations import Crowd, Operation, call_of, random_settings
from real_adapter.conformance.report import Case
from real_adapter.conformance.trial import Site, Trial, clock_us
from real_adapter.room.redis_room import Call, run_pipelined
from real_adapter.server.server import TIMEOUT_S, LocalServer
from sim.errors import BadInput

CLIENTS = 2
MOST_AT_ONCE = 6
"""A client has up to so many operations in flight."""
PER_TRIAL = 2000
END = "end"


class Sender(threading.Thread):
    """A client with a connection of its own: sends its calls in pieces of random size and keeps the replies."""

    def __init__(self, server: LocalServer, calls: Sequence[Call], seed: int) -> None:
        super().__init__()
        self.client = server.client(max_connections=1)
        self.name = cast(str, self.client.client_info()["addr"])
        self.calls, self.random = calls, Random(seed)
        self.replies: list[Any] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        """Send everything, then say so where the monitor sees it."""
        try:
            while len(self.replies) < len(self.calls):
                size = self.random.randint(1, MOST_AT_ONCE)
                at = len(self.replies)
                self.replies += run_pipelined(self.client, self.calls[at : at + size])
            self.client.echo(END)
        except Exception as error:  # told to the thread that waits for this one
            self.failure = error


def two_clients(name: str, site: Site, server: LocalServer, operations: int, seed: int) -> Case:
    """Let two clients do so many *operations* between them on *server*, which is that of *site*."""
    began, random = time.monotonic(), Random(seed)
    differences: list[str] = []
    played = changes = 0
    site.prepare()
    while played < operations and not differences:
        count = min(PER_TRIAL, operations - played)
        with Trial(site, random_settings(random, 2)) as trial:
            told, changed = _interleave(trial, server, count, random)
        differences += told
        changes += changed
        played += count
    return Case(name, played, tuple(differences), time.monotonic() - began, {"changes of client": changes})


def _interleave(trial: Trial, server: LocalServer, count: int, random: Random) -> tuple[list[str], int]:
    """Run one trial; return the first difference, if any, and how often the server changed clients."""
    plan = _planned(trial, count, random)
    calls = [[call_of(o, trial.rooms[o.event]) for o in own] for own in plan]
    senders = [Sender(server, own, random.randrange(2**32)) for own in calls]
    client = cast("redis.Redis", trial.site.client)
    began_us = clock_us(client)
    try:
        order = _executed(server, senders)
        for sender in senders:
            if sender.failure is not None:
                raise sender.failure
    finally:
        for sender in senders:
            sender.client.close()
    trial.clock_us = began_us, clock_us(client)
    changes = sum(a is not b for (a, _), (b, _) in pairwise(order))
    return _replayed(trial, plan, senders, order), changes


def _planned(trial: Trial, count: int, random: Random) -> list[list[Operation]]:
    """Return the operations of each client, thought up as if they were executed one by one in the order of thought."""
    crowd = Crowd(random, trial.settings)
    plan: list[list[Operation]] = [[] for _ in range(CLIENTS)]
    for _ in range(count):
        random.choice(plan).append(crowd.next())
    return plan


def _executed(server: LocalServer, senders: Sequence[Sender]) -> list[tuple[Sender, list[str]]]:
    """Let the senders run and return every EVALSHA as the server executed it: who sent it, and its words."""
    by_name = {sender.name: sender for sender in senders}
    order: list[tuple[Sender, list[str]]] = []
    with server.client() as client, client.monitor() as monitor:
        for sender in senders:
            sender.start()
        ended = 0
        try:
            while ended < len(senders):
                event = monitor.next_command()
                sent_by = by_name.get(f"{event['client_address']}:{event['client_port']}")
                if sent_by is None:
                    continue
                words = event["command"].split(" ")
                if words[0].upper() == "ECHO":
                    ended += 1
                else:
                    order.append((sent_by, words))
        except redis.exceptions.TimeoutError:
            told = BadInput(f"the server stopped telling what it executes: nothing for {TIMEOUT_S:.0f} s")
            raise next((sender.failure for sender in senders if sender.failure is not None), told) from None
        finally:
            for sender in senders:
                sender.join()
    return order


def _replayed(
    trial: Trial,
    plan: Sequence[Sequence[Operation]],
    senders: Sequence[Sender],
    order: Sequence[tuple[Sender, list[str]]],
) -> list[str]:
    """Run the operations in the server's order in the specification; return the first difference, if there is one."""
    at = dict.fromkeys(senders, 0)
    history: list[str] = []
    for sender, words in order:
        k, number = at[sender], senders.index(sender)
        at[sender] += 1
        call, operation = sender.calls[k], plan[number][k]
        history.append(f"client {number}: {operation}")
        if words[1:] != [call.script.sha1, str(len(call.keys)), *call.keys, *call.arguments]:
            return [f"operation {k} of client {number} reached the server as {' '.join(words)}"]
        told = trial.judge(operation, sender.replies[k])
        if told is not None:
            return ["\n".join([*history[-40:], told])]
    if any(at[sender] != len(sender.calls) for sender in senders):
        return [f"the server executed {len(order)} operations of {sum(len(sender.calls) for sender in senders)}"]
    found = trial.states()
    return [] if found is None else ["\n".join([*history[-40:], found])]
