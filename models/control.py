"""What acts on the system as a whole, as SimPy processes: the opening, expiry, the announcement, the scraping.

Every process works on a `Plane`, which either engine offers; what it does to the data plane is a request of its own and
costs the shard.
"""

from collections.abc import Generator
from typing import Protocol

import simpy

from models.scenario import Scenario
from models.units import SECOND, ns

Process = Generator[simpy.Event, None, None]


class Plane(Protocol):
    """The data plane as control sees it."""

    def open_sale(self) -> None:
        """Begin to call and to admit."""

    def announce_sold_out(self) -> None:
        """Let the gateways tell everybody of the events that have sold out."""

    def expire(self, event: int) -> None:
        """Ask the event's primary to remove silent and lapsed places."""

    def sample(self, second: int) -> None:
        """Write the levels down (line, calls, queues, requests in flight) that stand at the end of this second."""


class Control:
    """The control processes of one run; `sold_out` is triggered anew whenever an event sells out."""

    def __init__(self, env: simpy.Environment, plane: Plane, scenario: Scenario) -> None:
        self.env = env
        self.plane = plane
        self.sold_out = env.event()
        env.process(self._scrape())
        env.process(self._expiry(ns(scenario.waiting_room.expire_every_s), scenario.waiting_room.events))
        if scenario.clients.load.mode == "onsale":
            env.process(self._opening(ns(scenario.event.opens_at_s)))
        if scenario.event.on_sold_out == "announce":
            env.process(self._announcement())

    def watched(self, cause: str) -> None:
        """Wake who waits for an event to sell out, the one thing that is watched for so far."""
        sold_out, self.sold_out = self.sold_out, self.env.event()
        sold_out.succeed(cause)

    def _opening(self, at: int) -> Process:
        """Open the sale. In a generated load nobody is let in: the line stands still while it is measured."""
        yield self.env.timeout(at)
        self.plane.open_sale()

    def _expiry(self, every: int, events: int) -> Process:
        while True:
            yield self.env.timeout(every)
            for event in range(events):
                self.plane.expire(event)

    def _announcement(self) -> Process:
        while True:
            yield self.sold_out
            self.plane.announce_sold_out()

    def _scrape(self) -> Process:
        second = 0
        while True:
            yield self.env.timeout(SECOND)
            self.plane.sample(second)
            second += 1
