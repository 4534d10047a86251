"""What a run shows beyond its service levels, a sentence or two each."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from models.judge.apart import events_finding, line_shares, percent
from models.judge.edge import edge_finding
from models.judge.finding import Finding, Severity, bad
from models.judge.limit import SUSTAINED_S, Limit, within_reach
from models.judge.limits import busy_by_shard, mean_busy
from models.judge.lone_primary import without_replica
from models.judge.mesh import mesh
from models.judge.outages import outages
from models.judge.people import bots, lost_turns, order, waits
from models.judge.sale import admissions, is_onsale, load, seats
from models.judge.scaling import scaling
from models.judge.wording import clock, number, plural, with_unit

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

NOT_FAILURES = ("errors.rate_percent", "errors.throttled")
"""What is reported under errors and is no cause of failed requests: being told to try again is an answer."""


def findings_of(
    result: RunResult, scenario: Scenario, limits: tuple[Limit, ...], broken: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Everything worth a line, most important first; *broken* names the service levels that are not met."""
    onsale = is_onsale(scenario)
    found = [
        _binding(limits, broken),
        _failovers(result, broken) if result.facts["failovers"] else None,
        _replica(result, scenario) if onsale else None,
        _shards(result, scenario, broken),
        events_finding(result, scenario, broken) if onsale else None,
        admissions(result, scenario, broken) if onsale else None,
        load(result, scenario) if onsale else None,
        seats(result, scenario) if onsale else None,
        waits(result, scenario, broken) if onsale else None,
        order(result, scenario) if onsale else None,
        lost_turns(result, scenario) if onsale else None,
        bots(result, scenario) if onsale else None,
        edge_finding(result),
        scaling(result, scenario, broken) if scenario.autoscaling else None,
        mesh(result, scenario) if scenario.mesh.on else None,
        _errors(result, broken),
    ]
    return tuple(finding for finding in found if finding is not None)


def _binding(limits: tuple[Limit, ...], broken: Collection[str]) -> Finding:
    first = limits[0]
    if not first.bound:
        enough = f" for {SUSTAINED_S} s in a row" if first.touched else ""
        text = f"Nothing is exhausted{enough}. Closest: {first.name}, {first.evidence}."
        return Finding("Binds first", text, Severity.REMARK if first.touched else Severity.GOOD)
    text = f"The {first.name}, from second {first.first_s} and for {clock(first.seconds)}: {first.evidence}."
    others = [limit for limit in limits[1:] if limit.bound]
    together = [limit.name for limit in others if within_reach(limit, first)]
    if together:
        text += f" With it: {', '.join(together)}."
    later = [f"{limit.name} (second {limit.first_s})" for limit in others if not within_reach(limit, first)]
    if later:
        text += f" Then: {', '.join(later)}."
    fails = any(limit.fails for limit in limits) or bool(broken)
    return Finding("Binds first", text, Severity.BROKEN if fails else Severity.REMARK)


def _failovers(result: RunResult, broken: Collection[str]) -> Finding:
    """What each death of a primary did, and in all: what was lost, and when the line moved as before."""
    text = " ".join(
        f"The {outage.names} at second {outage.at_s:g}: "
        + ("not replaced within the run" if outage.seconds is None else f"for {clock(outage.seconds)} nobody serves")
        + f", and {number(outage.failed)} requests fail."
        for outage in outages(result)
    )
    places, granted = result.best("faults.places_lost") or 0, result.best("faults.admissions_lost") or 0
    text += f" Lost, as no replica had them: {plural(places, 'place')} and {plural(granted, 'admission')}"
    again = result.best("faults.admissions_repeated")
    text += f"; {number(again)} of those people are let in a second time." if again else "."
    recovery = result.best("faults.recovery_s")
    if recovery is not None:
        text += f" Admissions are what they were {clock(recovery)} after the death at the latest."
    elif result.best("admission.total"):
        text += " Admissions do not come back to what they were."
    return Finding("Failover", text, bad(broken, "error_percent", "status_p99_ms", "unserved_percent"))


def _replica(result: RunResult, scenario: Scenario) -> Finding | None:
    text = without_replica(result, scenario)
    return None if text is None else Finding("No replica", text, Severity.REMARK)


def _shards(result: RunResult, scenario: Scenario, broken: Collection[str]) -> Finding:
    by_second = busy_by_shard(result)
    busy = 100 * mean_busy(result)
    hot = int(result.facts["hot_shard"])
    mean = float(busy.mean())
    held = int(result.facts["events_per_shard"][hot])
    share = percent(100 * line_shares(result.facts)[hot])
    crowd = f", {share} % of the people," if "events_apart" in result.facts else ""
    text = (
        f"Shard {hot} carries {held} of {plural(sum(result.facts['events_per_shard']), 'event')}{crowd} "
        f"and its primary is {number(busy[hot])} % busy on average; the mean of all {busy.size} is {number(mean)} %."
    )
    if busy.size == 1 or mean == 0:
        return Finding("Hottest shard", text)
    ratio = float(busy[hot]) / mean
    text += f" That is {number(ratio)} times the mean." if ratio >= 1.05 else " The load is spread evenly."
    if ratio < 1.5:
        return Finding("Hottest shard", text, Severity.GOOD)
    strained = 100 * float(by_second[:, hot].max()) > scenario.slo.engine_cpu_percent
    return Finding("Hottest shard", text, bad(broken, "engine_cpu_percent") if strained else Severity.NEUTRAL)


def _errors(result: RunResult, broken: Collection[str]) -> Finding:
    rate = result.best("errors.rate_percent")
    causes = {
        name.removeprefix("errors."): kpi.best
        for name, kpi in result.kpis.items()
        if name.startswith("errors.") and name not in NOT_FAILURES and kpi.best
    }
    if not causes:
        return Finding("Errors", "No request failed.", Severity.GOOD)
    listed = ", ".join(f"{number(count)} {name.replace('_', ' ')}" for name, count in causes.items())
    text = f"{with_unit(rate, 'percent')} of {number(result.best('requests.total'))} requests failed: {listed}."
    return Finding("Errors", text, bad(broken, "error_percent"))
