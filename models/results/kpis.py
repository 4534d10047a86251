"""The key figures of a run, by the names of the command's contract, worked out from its recording.

`*_peak` is the highest whole second, `*_peak_60s` the highest mean over 60 seconds in a row (of a shorter run: its
mean), which is as bad as a minute of CloudWatch can look. Means are over the time the run lasted.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from models.catalogues.prices import list_prices
from models.engine.record import CLIENTS, FAILURES, NODES, PER_NODE, REQUESTS, WAIT, Column, Level
from models.engine.recording import Recording
from models.plan.events import events_of
from models.plan.node_names import node_names
from models.plan.plan import Plan
from models.results.apart import line_shares
from models.results.cost import cost_of
from models.results.edge import edge_kpis
from models.results.failovers import failover_kpis
from models.results.fairness import order_kept
from models.results.latencies import latency_kpis
from models.results.mesh import mesh_kpis
from models.results.node_use import FULL_IN_A_ROW_S, Use, burst, connections_open, kept_up, memory_held, sustained
from models.results.origins import rests_on
from models.results.people import people_kpis
from models.results.result import Kpi
from models.results.series import busy_share, gateway_share, pods_running
from models.results.usage import usage_of
from models.scenario import Scenario
from models.vocabulary.operations import ENDPOINTS, Op
from models.vocabulary.units import SECOND
from sim.histogram import LogHistogram

Found = tuple[str, float | None]
"""Name and value (None: it did not happen) of a KPI."""
MINUTE = 60
UNITS = (
    ("_percent", "percent"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("_tau", "tau"),
    ("admissions_lost", "admissions"),
    ("admissions_repeated", "admissions"),
    ("places_returned", "places"),
    ("_lost", "places"),
    ("_usd", "usd"),
    ("_gb", "GB"),
    ("_lcu_h", "LCU-h"),
    ("_cores", "cores"),
    ("_mib", "MiB"),
    ("certificates_renewed", "certificates"),
    ("writes", "writes"),
    ("reads", "reads"),
)
"""Endings of names that tell a unit."""


def kpis_of(plan: Plan, recording: Recording) -> dict[str, Kpi]:
    """Return every KPI of one run; without replications, none has an interval."""
    found: list[Found] = [
        *_requests(recording),
        *_engines(plan, recording),
        *_capacities(plan, recording),
        *latency_kpis(recording, plan.params.clients.timeout),
        *people_kpis(plan, recording),
        *_admissions(recording),
        *_seats(plan, recording),
        *_errors(recording),
        *_gateway(plan, recording),
        *_fairness(plan, recording),
        *_money(plan, recording),
        *failover_kpis(plan, recording),
        *mesh_kpis(plan, recording),
        *edge_kpis(plan, recording),
    ]
    observed = {name: value for name, value in found if value is not None}
    return {
        name: Kpi(
            None,
            value,
            None,
            unit_of(name),
            rests_on(name, plan.scenario, plan.profile),
            is_at_least(name, observed, plan.scenario),
        )
        for name, value in found
    }


def is_at_least(kpi: str, observed: Mapping[str, float], scenario: Scenario) -> bool:
    """Tell whether a KPI of a run with these ones is a lower bound: somebody in it was not answered, or not let in.

    A latency that is as long as clients wait at all falls among requests that failed; a wait counts everybody, those
    who gave up or still waited at the end with as long as they had (see `latencies` and `people`).
    """
    if kpi.startswith("latency."):
        return observed.get(kpi, 0.0) >= 1000 * scenario.clients.timeout_s
    return kpi.startswith("wait.") and kpi.endswith("_s") and observed.get("people.unserved_percent", 0.0) > 0


def unit_of(kpi: str) -> str:
    """Return the unit of a KPI, which its name tells."""
    family, _, measure = kpi.partition(".")
    if "rps_" in measure:
        return "rps"
    for ending, unit in UNITS:
        if measure.endswith(ending):
            return unit
    families = {"errors": "requests", "admission": "admissions", "gateway": "pods", "edge": "requests"}
    return families.get(family, family)


def possible(value: float, unit: str) -> float:
    """Return *value*, or the end of what a KPI of this *unit* can be that it lies beyond."""
    least, most = {"percent": (0.0, 100.0), "tau": (-1.0, 1.0)}.get(unit, (0.0, math.inf))
    return min(max(value, least), most)


def histograms_of(recording: Recording) -> dict[str, LogHistogram]:
    """Return the latency of each endpoint's answers as its clients saw it, and the waits of the tabs admitted, in ns.

    What failed, and who was never admitted, is in none of them; the KPIs count everybody.
    """
    counts, total = recording.record.counts.sum(axis=0), recording.record.total.sum(axis=0)
    names = {**{f"latency_{name}": k for k, name in enumerate(ENDPOINTS)}, "wait": WAIT}
    return {name: LogHistogram(counts[row], int(total[row])) for name, row in names.items()}


def highest_minute(per_second: NDArray[np.float64], end_s: float) -> float:
    """Return the highest mean over 60 rows in a row; the mean over `end_s` seconds if there are fewer."""
    if per_second.size < MINUTE:
        return float(per_second.sum() / end_s)
    sums = np.concatenate([[0.0], np.cumsum(per_second)])
    return float((sums[MINUTE:] - sums[:-MINUTE]).max() / MINUTE)


def _requests(recording: Recording) -> Iterator[Found]:
    status = recording.column(Column.SENT + Op.STATUS).astype(np.float64)
    yield "requests.total", float(recording.sent)
    yield "requests.rps_mean", recording.sent / recording.end_s
    yield "run.length_s", recording.end_s
    yield "requests.status_rps_peak", float(status.max())
    yield "requests.status_rps_peak_60s", highest_minute(status, recording.end_s)
    yield "requests.status_rps_mean", float(status.sum()) / recording.end_s


def _engines(plan: Plan, recording: Recording) -> Iterator[Found]:
    """Engine CPU of the busiest engine thread, replicas that are read from included, then of each shard's primary."""
    nodes = [tuple(_percent_of(busy_share(recording, k), recording.end_s)) for k in range(plan.params.redis.nodes)]
    measures = ("engine_cpu_peak_percent", "engine_cpu_peak_60s_percent", "engine_cpu_mean_percent")
    for k, measure in enumerate(measures):
        yield f"redis.{measure}", max(node[k] for node in nodes)
    for shard in range(plan.params.redis.shards):
        for measure, value in zip(measures, nodes[shard], strict=True):
            yield f"redis.shard_{shard}.{measure}", value


def _capacities(plan: Plan, recording: Recording) -> Iterator[Found]:
    """What the fullest Redis node used of what it can hold and pass on, percent; above 100: more than there is.

    Connections and memory by the fullest second, bandwidth by what three seconds in a row, and five minutes, took.
    """
    scenario = plan.scenario
    series = {
        level.name.lower(): recording.column(Column.LEVELS + level).astype(np.float64)
        for level in (Level.WAITING, Level.CALLED)
    }
    for node, name in enumerate(node_names(plan)):
        for part, column in (("requests", REQUESTS), ("connections", CLIENTS)):
            series[f"{name}_{part}"] = recording.column(NODES + PER_NODE * node + column).astype(np.float64)
    yield "redis.connections_peak_percent", _most_used(connections_open(series, scenario))
    yield "redis.memory_peak_percent", _most_used(memory_held(series, scenario, line_shares(plan)))
    yield "redis.bandwidth_burst_percent", _most_used(burst(series, scenario), FULL_IN_A_ROW_S)
    yield "redis.bandwidth_sustained_percent", _most_used(sustained(series, scenario))


def _most_used(use: Use, in_a_row: int = 1) -> float | None:
    return None if use.share is None else 100 * kept_up(use.share, in_a_row)


def _percent_of(share: NDArray[np.float64], end_s: float) -> Iterator[float]:
    yield 100 * float(share.max())
    yield 100 * highest_minute(share, end_s)
    yield 100 * min(1.0, float(share.sum()) / end_s)


def _admissions(recording: Recording) -> Iterator[Found]:
    granted = recording.column(Column.ADMITTED_BY_BUCKET).astype(np.float64)
    yield "admission.total", float(recording.sessions.admitted.sum())
    # enters that were told to try again (429)
    yield "admission.refused", float(recording.column(Column.THROTTLED).sum())
    yield "admission.rps_peak", float(granted.max())
    yield "admission.rps_peak_60s", highest_minute(granted, recording.end_s)


def _seats(plan: Plan, recording: Recording) -> Iterator[Found]:
    at, bought = recording.sold_out_at, recording.sessions.bought
    yield "seats.sold", float(recording.sold.sum())
    yield "seats.oversold", float(np.maximum(recording.sold - plan.seats, 0).sum())
    yield "seats.sold_out_s", at / SECOND if at >= 0 else None
    of_bots = 100 * float(plan.population.bot[bought].mean()) if bought.any() else None
    yield "bots.seat_share_percent", of_bots


def _errors(recording: Recording) -> Iterator[Found]:
    yield "errors.rate_percent", 100 * recording.failed / max(recording.answered + recording.failed, 1)
    for name in FAILURES:
        column = Column[f"FAILED_{name.upper()}"]
        yield f"errors.{name}", float(recording.column(column).sum())
    # an answer (429, try again), not a failure: it is not part of the rate
    yield "errors.throttled", float(recording.column(Column.THROTTLED).sum())


def _gateway(plan: Plan, recording: Recording) -> Iterator[Found]:
    """CPU in percent of the limit of the pods that run, all together; and nodes, where they are modelled."""
    share = gateway_share(plan, recording)
    yield "gateway.pods_peak", float(pods_running(plan, recording).max())
    if plan.scenario.autoscaling is not None:
        yield "nodes.peak", float(recording.column(Column.LEVELS + Level.NODES).max())
    names = ("gateway.cpu_peak_percent", "gateway.cpu_peak_60s_percent", "gateway.cpu_mean_percent")
    yield from zip(names, _percent_of(share, recording.end_s), strict=True)


def _fairness(plan: Plan, recording: Recording) -> Iterator[Found]:
    sessions = recording.sessions
    event = events_of(plan.params.waiting_room.event_cycle, sessions.came_at.size)
    tau, lost = order_kept(sessions.came_at, sessions.call_number, event)
    yield "fairness.kendall_tau", tau
    yield "fairness.max_places_lost", None if lost is None else float(lost)


def _money(plan: Plan, recording: Recording) -> Iterator[Found]:
    """What was used up, and what an event like this run and a month of them cost at list prices, in all and by part."""
    usage = usage_of(plan, recording)
    yield "dynamodb.writes", usage.dynamodb_writes
    yield "dynamodb.reads", usage.dynamodb_reads
    yield "network.egress_gb", usage.egress_gb
    yield "network.cross_zone_gb", usage.cross_zone_gb
    yield "network.balancer_lcu_h", usage.balancer_lcu_h
    bill = cost_of(plan.scenario, usage, list_prices(plan.scenario.cost.region))
    yield "cost.event_usd", bill.event_usd
    yield "cost.month_usd", bill.month_usd
    for part in bill.parts:
        yield f"cost.{part.name}_event_usd", part.event_usd
        yield f"cost.{part.name}_month_usd", part.month_usd
