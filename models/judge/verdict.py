"""The judge of one run: do the service levels hold, what binds first, and what follows from it.

Pure: a `RunResult` and its `Scenario` in, a frozen `Verdict` out. Every face (terminal, report, JSON) shows
this value and adds no judgement of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.judge.cautions import cautions
from models.judge.central import CentralAnswer, central_answers
from models.judge.finding import Finding
from models.judge.findings import findings_of
from models.judge.invoice import Invoice, cost_finding, invoice_of
from models.judge.limit import FULL, Limit
from models.judge.limits import busy_by_shard, limits_of, mean_busy
from models.judge.published import PUBLISHED_ENGINE_CPU
from models.judge.ranges import range_notes, reading_note, with_node
from models.judge.remedies import Action, actions_for
from models.judge.sale import KEPT_SHARE, achieved_admissions_rps, is_onsale
from models.judge.shards import shards_of, shards_text
from models.judge.slo_row import SloRow
from models.judge.standing import standing_of
from models.judge.wording import clock, number, plural, with_unit
from models.results.result import INTERVALS, PREDICTION

if TYPE_CHECKING:
    from models.judge.robustness import Robustness
    from models.results.result import Kpi, RunResult, Stage
    from models.scenario import Scenario

FITTED = "fitted_to_projection"
"""`kind` of a profile that was fitted to published expectations instead of a measurement."""

SLO_KPIS = {
    "mean_wait_s": ("wait.mean_s", "s"),
    "unserved_percent": ("people.unserved_percent", "percent"),
    "status_p99_ms": ("latency.status_p99_ms", "ms"),
    "error_percent": ("errors.rate_percent", "percent"),
    "engine_cpu_percent": ("redis.engine_cpu_peak_60s_percent", "percent"),
    "oversold": ("seats.oversold", "seats"),
}
"""Which KPI each service level is held against; each counts everybody (see `results.people` and `results.latencies`).
Engine CPU by 60 s means, as CloudWatch would show it."""

CAPACITIES = {
    "redis.connections_peak_percent": "Redis connections",
    "redis.memory_peak_percent": "Redis memory",
    "redis.bandwidth_burst_percent": "Redis burst bandwidth",
    "redis.bandwidth_sustained_percent": "Redis sustained bandwidth",
}
"""KPIs of hard capacities, and their names among the limits: a design that exhausts one does not hold."""

_ONSALE_ONLY = {"mean_wait_s", "unserved_percent", "oversold"}


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One shard's engine thread over the run: events it carries, busiest second, mean, requests served."""

    shard: int
    events: int
    peak_percent: float
    mean_percent: float
    requests: int
    hot: bool


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of a load ladder beside the published engine CPU (None where none was published)."""

    stage: Stage
    published_percent: float | None
    broken: tuple[str, ...]

    @property
    def difference_points(self) -> float | None:
        """Twin minus published, in percentage points."""
        return None if self.published_percent is None else self.stage.engine_cpu_percent - self.published_percent


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run means. `holds` is true if every service level is met and no hard capacity (see `Limit`) is exhausted;
    `binding` is what gave way first.

    A load ladder is no event, so it has no `invoice`. `standing` is what every face shows beside the headline: what of
    it can be trusted, and what is not known of the machine. `robustness`: what of it survives which assumption, where
    that is known (see `models.robustness.verdicts`).
    """

    holds: bool
    headline: str
    slo: tuple[SloRow, ...]
    limits: tuple[Limit, ...]
    findings: tuple[Finding, ...]
    shards: tuple[ShardRow, ...]
    stages: tuple[StageRow, ...]
    actions: tuple[Action, ...]
    caveats: tuple[str, ...]
    invoice: Invoice | None
    answers: tuple[CentralAnswer, ...] = ()
    standing: tuple[str, ...] = ()
    known: bool = True
    robustness: Robustness | None = None

    @property
    def outcome(self) -> bool | None:
        """Whether it holds; None, open, where nothing is known of the Redis CPU of the node type."""
        return self.holds if self.known else None

    @property
    def binding(self) -> Limit | None:
        """The limit that was reached first; None if nothing was exhausted."""
        return self.limits[0] if self.limits[0].bound else None


def judge(result: RunResult, scenario: Scenario) -> Verdict:
    """The verdict on *result*, a run of *scenario*."""
    slo = slo_rows(result.kpis, scenario)
    limits = limits_of(result, scenario)
    stages = _stage_rows(result, scenario)
    broken = {row.name for row in slo if not row.met}
    invoice = invoice_of(result, scenario) if is_onsale(scenario) else None
    cost = () if invoice is None else (cost_finding(invoice, scenario),)
    return Verdict(
        holds=all(row.met for row in slo) and not any(limit.fails for limit in limits),
        headline=with_node(
            _ladder_headline(stages, limits) if stages else _onsale_headline(result, scenario, slo, limits), result
        ),
        slo=slo,
        limits=limits,
        findings=(*findings_of(result, scenario, limits, broken), *cost),
        shards=_shard_rows(result),
        stages=stages,
        actions=actions_for(result, scenario, limits),
        caveats=(*_caveats(result, slo, bool(stages)), *cautions(result, scenario)),
        invoice=invoice,
        answers=central_answers(result, scenario, shards_of(slo, limits)),
        standing=standing_of(result),
        known=bool(result.facts["node_known"]),
    )


def slo_rows(kpis: Mapping[str, Kpi], scenario: Scenario) -> tuple[SloRow, ...]:
    """Every service level of *scenario* that applies to it, beside the KPI it is held against."""
    rows = []
    for name, (kpi_name, unit) in SLO_KPIS.items():
        if name in _ONSALE_ONLY and not is_onsale(scenario):
            continue
        limit, kpi = float(getattr(scenario.slo, name)), kpis[kpi_name]
        met = kpi.best <= limit if kpi.best is not None else _nothing_asked(kpis, name)
        if name == "status_p99_ms" and kpi.at_least:
            met = False  # one in a hundred was never answered, however short the time that clients wait
        rows.append(SloRow(name, limit, kpi.best, met, unit, kpi.low, kpi.high, kpi.at_least))
    return tuple(rows)


def _nothing_asked(kpis: Mapping[str, Kpi], slo: str) -> bool:
    """A level without a value is met only if nobody asked for what it measures; unanswered is not met."""
    asked = {
        "mean_wait_s": "requests.total",
        "unserved_percent": "requests.total",
        "status_p99_ms": "requests.status_rps_mean",
    }.get(slo)
    return asked is not None and kpis[asked].best == 0


def _shard_rows(result: RunResult) -> tuple[ShardRow, ...]:
    busy, mean, hot = busy_by_shard(result), mean_busy(result), int(result.facts["hot_shard"])
    return tuple(
        ShardRow(
            shard=shard,
            events=int(result.facts["events_per_shard"][shard]),
            peak_percent=100 * float(busy[:, shard].max()),
            mean_percent=100 * float(mean[shard]),
            requests=int(result.series[f"shard_{shard}_requests"].sum()),
            hot=shard == hot,
        )
        for shard in range(busy.shape[1])
    )


def _stage_rows(result: RunResult, scenario: Scenario) -> tuple[StageRow, ...]:
    published = PUBLISHED_ENGINE_CPU[scenario.waiting_room.core]
    slo, timeout_ms = scenario.slo, 1000 * scenario.clients.timeout_s
    rows = []
    for stage in result.stages:
        p99 = stage.status_p99_ms or 0.0
        checks = (
            (stage.engine_cpu_percent, slo.engine_cpu_percent, "engine CPU {} %"),
            (p99, min(slo.status_p99_ms, timeout_ms * (1 - 1e-9)), "status p99 {} ms"),
            (stage.error_percent, slo.error_percent, "errors {} %"),
        )
        broken = tuple(text.format(number(value)) for value, limit, text in checks if value > limit)
        rate = None if stage.rate_rps is None else round(stage.rate_rps)
        rows.append(StageRow(stage, None if rate is None else published.get(rate), broken))
    return tuple(rows)


def exceeded(kpis: Mapping[str, Kpi]) -> tuple[str, ...]:
    """The hard capacities that are exhausted in a run with these KPIs, by name."""
    used = {name: kpis[kpi].best for kpi, name in CAPACITIES.items() if kpi in kpis}
    return tuple(name for name, percent in used.items() if percent is not None and percent >= 100 * FULL)


def _onsale_headline(result: RunResult, scenario: Scenario, slo: tuple[SloRow, ...], limits: tuple[Limit, ...]) -> str:
    """Whether the levels hold, then the two choices of the design: its admission rate and its shards."""
    broken = sum(not row.met for row in slo)
    wrong = [f"{broken} of {plural(len(slo), 'service level')} broken"] if broken else []
    wrong += [f"{limit.name} exhausted" for limit in limits if limit.fails]
    if any(row.name == "unserved_percent" and not row.met for row in slo):
        share = number(result.best("people.unserved_percent"))
        wrong.append(f"{share} % of the people gave up or were still waiting at the end")
    opening = f"The design does not hold: {', '.join(wrong)}."
    if not wrong:
        opening = f"The design holds: all {len(slo)} service levels are met."
    return f"{opening} {_admissions_answer(result, scenario)}; {shards_text(scenario, shards_of(slo, limits))}."


def _admissions_answer(result: RunResult, scenario: Scenario) -> str:
    reached, rate = achieved_admissions_rps(result, scenario), scenario.admission.rate_rps
    if reached is None:
        return f"The line was never long enough to need {number(rate)} admissions per second"
    if reached >= KEPT_SHARE * rate:
        return f"{number(rate)} admissions per second are kept up"
    return f"{number(rate)} admissions per second are not reached ({number(reached)} while people waited)"


def _ladder_headline(stages: tuple[StageRow, ...], limits: tuple[Limit, ...]) -> str:
    hard = next((limit for limit in limits if limit.fails), None)
    if hard is not None:
        return f"The ladder does not hold: {hard.name} exhausted from second {hard.first_s}, {hard.evidence}."
    held = [row.stage.name for row in stages if not row.broken]
    fallen = next((row for row in stages if row.broken), None)
    if fallen is None:
        return f"The ladder holds: all {len(stages)} stages keep the service levels, up to {held[-1]}."
    until = "No stage holds" if stages[0].broken else f"The ladder holds up to {_last_before(stages, fallen)}"
    return f"{until}; {fallen.stage.name} breaks it: {', '.join(fallen.broken)}."


def _last_before(stages: tuple[StageRow, ...], fallen: StageRow) -> str:
    return stages[stages.index(fallen) - 1].stage.name


def _caveats(result: RunResult, slo: tuple[SloRow, ...], ladder: bool) -> tuple[str, ...]:
    manifest = result.manifest
    notes = [_profile_note(manifest, ladder), *reading_note(result), *range_notes(result)]
    if manifest["replications"] == 1:
        notes.append("One replication: no interval. --replications 10 gives one.")
    else:
        drawn = manifest["interval"] == PREDICTION
        notes.append(
            f"{manifest['replications']} replications; an interval is the {INTERVALS[manifest['interval']]}. "
            "The series and what is read off them (limits, shards by second) are those of "
            f"seed {manifest['seed']}{' and of the costs drawn for it' if drawn else ''}."
        )
        undecided = "an on-sale may turn out on either side" if drawn else "more replications would tell"
        notes.extend(
            f"{row.name}: the interval {with_unit(row.low, row.unit)} to {with_unit(row.high, row.unit)} "
            f"spans the limit of {with_unit(row.limit, row.unit)}; {undecided}."
            for row in slo
            if row.certain is False
        )
    notes.append(f"Simulated time ended at {clock(manifest['end_s'])}: {manifest['end_reason']}.")
    return tuple(notes)


def _profile_note(manifest: Mapping[str, Any], ladder: bool) -> str:
    """What the CPU of Redis rests on: the profile, the machine it is of, and what is the matter with it."""
    note = f"Redis CPU: {manifest['profile_origin']} of {manifest['profile_machine'].rstrip('.')}."
    missed = manifest["profile_not_reached"]
    if manifest["profile_kind"] == FITTED:
        note += " It is not a measurement."
        if ladder:
            note += " Agreement with the published 10 / 40 / 70 / 90 % is the quality of a fit, not evidence."
    elif missed:
        more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
        note += f" Its precision was not reached: {missed[0].rstrip('.')}{more}."
    return note
