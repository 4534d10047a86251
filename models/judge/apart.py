"""Unequal events: what each shard has of the line, and what became of the largest event and of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.judge.finding import Finding, Severity, bad
from models.judge.wording import clock, number

if TYPE_CHECKING:
    from collections.abc import Collection

    from models.results.result import RunResult
    from models.scenario import Scenario


def line_shares(facts: Mapping[str, Any]) -> list[float]:
    """Return the share of the people who come for the events of each shard, of equal events by their number."""
    held = facts["events_per_shard"]
    if "events_apart" not in facts:
        return [events / max(sum(held), 1) for events in held]
    shares = [0.0] * len(held)
    for row in facts["events_apart"]:
        shares[row["shard"]] += row["people_percent"] / 100
    return shares


def percent(share_percent: float) -> str:
    """Return a share of the people, which is known in hundredths of a percent, in words."""
    return number(round(share_percent, 2))


def events_finding(result: RunResult, scenario: Scenario, broken: Collection[str]) -> Finding | None:
    """What the largest event went through beside the others; None where all are equal."""
    rows = result.facts.get("events_apart")
    if not rows or rows[0]["came"] is None:
        return None
    largest = max(rows, key=lambda row: row["people_percent"])
    others = [row for row in rows if row is not largest and row["came"]]
    text = f"{largest['tag']} has {percent(largest['people_percent'])} % of the people, on shard {largest['shard']}: "
    text += f"{number(largest['came'])} came, {_wait(largest)}; {_stock(largest)}."
    if others:
        slowest = max(others, key=lambda row: row["mean_wait_s"])
        came, fared = number(sum(row["came"] for row in others)), f"{_wait(slowest)}; {_stock(slowest)}."
        if len(rows) == 2:
            text += f" The other is {slowest['tag']}: {came} came, {fared}"
        else:
            text += f" The other {number(len(rows) - 1)} have {came} together; of them {slowest['tag']} waits longest, "
            text += fared
    vain = number(sum(row["without_seat"] for row in others))
    text += f" Without a seat: {number(largest['without_seat'])} of {largest['tag']}, "
    text += f"{vain} of the other{'s' if len(rows) > 2 else ''}."
    late = [row["tag"] for row in rows if row["came"] and row["mean_wait_s"] > scenario.slo.mean_wait_s]
    if late:
        text += f" By itself, {_listed(late)} would break the level of {clock(scenario.slo.mean_wait_s)} of mean wait."
    severity = bad(broken, "mean_wait_s", "unserved_percent") if late else Severity.NEUTRAL
    return Finding("Events", text, severity)


def most_admissions(facts: Mapping[str, Any], seconds: int) -> float | None:
    """Return how many a second unequal events can let in over so many *seconds*, each at its share of the rate and none
    more than came for it; None where events are equal or nobody comes."""
    rows = facts.get("events_apart")
    if not rows or rows[0]["came"] is None:
        return None
    return float(sum(min(row["came"], row["rate_rps"] * seconds) for row in rows) / seconds)


def _wait(row: Mapping[str, Any]) -> str:
    least = "at least " if row["unserved_percent"] else ""
    return f"a mean wait of {least}{clock(row['mean_wait_s'])} at {number(row['rate_rps'])} admissions a second"


def _stock(row: Mapping[str, Any]) -> str:
    sold = f"{number(row['sold'])} of {number(row['seats'])} seats sold"
    return sold if row["sold_out_s"] is None else f"all {number(row['seats'])} seats sold by {clock(row['sold_out_s'])}"


def _listed(tags: list[str]) -> str:
    return tags[0] if len(tags) == 1 else f"each of {', '.join(tags[:3])}{', ...' if len(tags) > 3 else ''}"
