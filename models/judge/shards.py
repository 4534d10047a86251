"""Whether the shards carry the load, and if not, why: one judgement, which the headline and the answers tell alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.judge.wording import clock, plural

if TYPE_CHECKING:
    from models.judge.limit import Limit
    from models.judge.slo_row import SloRow
    from models.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Shards:
    """What the shards are judged by: the service levels of engine CPU and status p99, and the limits of the run.

    They do not hold if a capacity that must not be is exhausted, if the engine's own level is broken, or if status is
    too slow while an engine thread is what gives way first: a minute's mean says little of a queue of some seconds.
    """

    cpu: SloRow
    p99: SloRow
    limits: tuple[Limit, ...]

    @property
    def exhausted(self) -> bool:
        """Whether a hard capacity is exhausted."""
        return any(limit.fails for limit in self.limits)

    @property
    def strained(self) -> bool:
        """Whether an engine thread has more to do than it may."""
        first = self.limits[0]
        return not self.cpu.met or (not self.p99.met and first.bound and first.key == "engine")

    @property
    def holds(self) -> bool:
        """Whether they carry the load."""
        return not self.exhausted and not self.strained

    @property
    def cause(self) -> Limit | None:
        """What was exhausted first of all that they do not hold for; None if nothing was."""
        causes = ("failover", "engine") if self.strained else ()
        return next((limit for limit in self.limits if limit.fails or (limit.bound and limit.key in causes)), None)

    @property
    def first_text(self) -> str:
        """Say what was exhausted before all else: `the CPU of 30 gateway pods is exhausted first`."""
        return f"{self.limits[0].end_text} first" if self.limits[0].bound else "nothing is exhausted"


def shards_of(slo: tuple[SloRow, ...], limits: tuple[Limit, ...]) -> Shards:
    """Return what the shards are judged by, of the service levels and limits of a run."""
    rows = {row.name: row for row in slo}
    return Shards(rows["engine_cpu_percent"], rows["status_p99_ms"], limits)


def shards_text(scenario: Scenario, shards: Shards) -> str:
    """Say whether they hold, and what is exhausted for which they do not, or although they do."""
    one, first = scenario.redis.shards == 1, shards.limits[0]
    name = f"{plural(scenario.redis.shards, 'shard')} of {scenario.redis.node_type}"
    if shards.holds:
        text = f"{name} {'holds' if one else 'hold'}"
        but = "although" if first.key == "engine" else "but"
        return f"{text}, {but} {when_text(first, scenario)}" if first.bound else text
    why = f"the busiest engine thread is {shards.cpu.text} busy in its worst minute"
    if shards.cause is not None:
        why = when_text(shards.cause, scenario)
    return f"{name} {'does' if one else 'do'} not hold: {why}"


def when_text(limit: Limit, scenario: Scenario) -> str:
    """Say of a limit that was reached what and when: `the Redis memory is exhausted in the first second`."""
    since = (limit.first_s or 0) - scenario.event.opens_at_s
    return f"{limit.end_text} {f'{clock(since)} after the opening' if since >= 1 else 'in the first second'}"
