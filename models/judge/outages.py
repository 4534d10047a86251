"""Dead primaries, one after the other or several at once, each with the requests that failed for it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from models.judge.limit import per_second

if TYPE_CHECKING:
    from models.results.result import RunResult


@dataclass(frozen=True, slots=True)
class Outage:
    """Primaries that are dead at the same time: their shards, and the death of the first.

    `seconds` is until a pod knows the last of their successors, None if that is not within the run; `known_to_all_s`
    when every pod does. `failed`: requests whose connection broke from then until the next outage. Of deaths that
    overlap, nothing tells whose requests those were.
    """

    shards: tuple[int, ...]
    at_s: float
    seconds: float | None
    known_to_all_s: float
    failed: float

    @property
    def names(self) -> str:
        """`primary of shard 3 dies`, or `primaries of shards 1 and 3 die`."""
        if len(self.shards) == 1:
            return f"primary of shard {self.shards[0]} dies"
        first, last = ", ".join(map(str, self.shards[:-1])), self.shards[-1]
        return f"primaries of shards {first} and {last} die"


def outages(result: RunResult) -> tuple[Outage, ...]:
    """Return the outages of a run in order."""
    groups: list[list[dict[str, Any]]] = []
    for failover in sorted(result.facts["failovers"], key=lambda one: one["at_s"]):
        if groups and failover["at_s"] <= max(one["known_to_all_s"] for one in groups[-1]):
            groups[-1].append(failover)
        else:
            groups.append([failover])
    failed, seconds = per_second(result, "failed_connection"), result.series.index.to_numpy()
    borders = [*(int(group[0]["at_s"]) for group in groups), int(seconds[-1]) + 1]
    found = []
    for group, (begin, following) in zip(groups, pairwise(borders), strict=True):
        known_s = max(one["known_from_s"] for one in group)
        found.append(
            Outage(
                shards=tuple(sorted({int(one["shard"]) for one in group})),
                at_s=group[0]["at_s"],
                seconds=known_s - group[0]["at_s"] if known_s < result.manifest["end_s"] else None,
                known_to_all_s=max(one["known_to_all_s"] for one in group),
                failed=float(failed[(seconds >= begin) & (seconds < following)].sum()),
            )
        )
    return tuple(found)
