"""The central questions: is 1,000 a second right, does Redis hold, do pods come in time, what breaks first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from models.judge.verdict import SLO_KPIS
from models.judge.wording import clock, number
from models.ledger.checks import Sources, rests_on
from models.ledger.entry import at_most
from models.ledger.evidence import Evidence
from models.ledger.rates import good_rates, rate_rows
from models.ledger.runs import MORE_PEOPLE, PEOPLE, POLLS_S, RATES_RPS, RUSH, SHARDS, WARM_PODS

ENGINE = "redis.engine_cpu_peak_60s_percent"


@dataclass(frozen=True)
class Answer:
    """The answer to a question, the table it is read off, and where it would be another."""

    question: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    flips: tuple[str, ...]
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question, the runs it is answered from, and how."""

    text: str
    runs: tuple[str, ...]
    find: Callable[[str, Sources], Answer]

    def answer(self, sources: Sources) -> Answer:
        """Return the answer."""
        return self.find(self.text, sources)


def _rate(question: str, sources: Sources) -> Answer:
    rows, good = rate_rows(sources), good_rates(sources)
    mine = next(row for row in rows if row.rate_rps == 1000)
    broken = [row for row in rows if not row.keeps]
    text = (
        f"It is one of several that keep the service levels: {_span(good)} per second. At 1,000 those let in wait "
        f"{clock(mine.mean_wait_s)}"
        f" on average and {clock(mine.longest_wait_s)} at most, the Reservation API works at "
        f"{number(mine.backend_percent)} % of its capacity, and an event costs ${mine.cost_usd:.2f}. The seats are "
        "gone "
        f"{clock(mine.sold_out_s)} after the opening, and {number(mine.in_vain)} people wait for nothing "
        f"({number(min(row.in_vain for row in rows))} or more at every rate tried): that nobody tells them matters "
        "more."
    )
    flips = tuple(
        f"admission.rate_rps = {number(row.rate_rps)}: mean wait {clock(row.mean_wait_s)}, backend "
        f"{number(row.backend_percent)} %"
        for row in broken
    )
    return Answer(
        question,
        text,
        ("admissions/s", "mean wait", "longest wait", "wait for nothing", "backend used", "sold out after", "event",
         "mean wait if told"),
        tuple(
            (
                number(row.rate_rps) + (" *" if row.rate_rps in good else ""),
                clock(row.mean_wait_s),
                clock(row.longest_wait_s),
                number(row.in_vain),
                f"{number(row.backend_percent)} %",
                clock(row.sold_out_s),
                f"${row.cost_usd:.2f}",
                clock(row.told_mean_wait_s),
            )
            for row in rows
        ),
        (*flips, "event.on_sold_out = announce: people are told, and at no rate does anybody wait for nothing"),
        rests_on(*(sources[f"rate_{rate}"] for rate in RATES_RPS)),
    )  # fmt: skip


REDIS_RUNS = {
    "one hot event": "hot",
    "one hot event, derived profile": "hot_derived",
    "ten events on distinct slots": "spread",
    "ten events, derived profile": "spread_derived",
    **{f"one hot event, polls every {poll} s": f"poll_{poll}" for poll in POLLS_S},
    "one hot event, status from one replica": "replica_reads",
    "one hot event, status from two replicas": "replica_reads_2",
    **{f"ten events on {shards} shard{'s' if shards > 1 else ''}": f"shards_{shards}" for shards in SHARDS},
}


def _redis(question: str, sources: Sources) -> Answer:
    found = {name: sources[run] for name, run in REDIS_RUNS.items()}
    hot, spread = sources["hot"], sources["spread"]
    holding = {name: run for name, run in found.items() if keeps(run)}
    fewer = [shards for shards in SHARDS if keeps(sources[f"shards_{shards}"])]
    polls = [poll for poll in POLLS_S if keeps(sources[f"poll_{poll}"])]
    text = (
        f"For one event {_word(keeps(hot))}: one of the five shards does all the work and is "
        f"{number(hot.best(ENGINE))} % busy in its worst minute. Over ten events on distinct slots "
        f"{_word(keeps(spread))}, at {number(spread.best(ENGINE))} %"
    )
    text += f"; {min(fewer)} shards hold these too." if fewer else "; fewer shards do not."
    if polls:
        text += f" One event holds with polls every {min(polls)} s."
    cheapest = min(holding, key=lambda name: holding[name].best("cost.month_usd"), default=None)
    if cheapest is not None:
        saved = hot.best("cost.month_usd") - holding[cheapest].best("cost.month_usd")
        text += (
            f" The cheapest that holds of those tried: {cheapest}, "
            f"${number(holding[cheapest].best('cost.month_usd'))} a "
            f"month, ${number(saved)} less than the design."
        )
    flips = []
    if polls:
        below = [poll for poll in (5, *POLLS_S) if poll < min(polls)]
        flips.append(f"clients.poll_interval_s: between {max(below)} and {min(polls)} one event begins to hold")
    if fewer and min(fewer) > 1:
        flips.append(f"redis.shards: between {min(fewer) - 1} and {min(fewer)} ten events begin to hold")
    low, high = sources["hot_derived"].kpi(ENGINE).low, sources["hot_derived"].kpi(ENGINE).high
    flips.append(f"the profile: the derived one, which is wide, has one hot event at {number(low)} to {number(high)} %")
    return Answer(
        question,
        text,
        ("configuration", "engine CPU, worst minute", "status p99", "mean wait", "month", "holds"),
        tuple(
            (
                name,
                _range(run, ENGINE),
                f"{number(run.best('latency.status_p99_ms'))} ms",
                clock(run.best("wait.mean_s")),
                f"${number(run.best('cost.month_usd'))}",
                _word(keeps(run)),
            )
            for name, run in found.items()
        ),
        tuple(flips),
        rests_on(*found.values()),
    )


SCALING_RUNS = {"3 warm": "from_3", **{f"{pods} warm": f"warm_{pods}" for pods in WARM_PODS}, "30 warm": "prewarmed"}


def _scaling(question: str, sources: Sources) -> Answer:
    found = {name: sources[run] for name, run in SCALING_RUNS.items()}
    least = found["30 warm"]
    as_good = [
        name for name, run in found.items()
        if run.best("errors.rate_percent") <= least.best("errors.rate_percent") + 0.1
        and run.best("wait.mean_s") <= 1.05 * least.best("wait.mean_s")
    ]  # fmt: skip
    cold = found["3 warm"]
    ready = cold.series("pods_ready")
    first = next((second for second, pods in enumerate(ready) if pods > ready[0]), None)
    opened = cold.scenario.event.opens_at_s
    came = (
        "no further pod ever serves" if first is None else f"the first further pod serves after {clock(first - opened)}"
    )
    text = (
        f"No: the crowd is there in the first second, and {came}. With three pods warm "
        f"{number(cold.best('errors.rate_percent'))} % of the requests fail and those let in wait "
        f"{clock(cold.best('wait.mean_s'))} on average, with thirty {number(least.best('errors.rate_percent'))} % and "
        f"{clock(least.best('wait.mean_s'))}. "
    )
    text += f"As good as thirty is {as_good[0]}; fewer are not." if as_good else ""
    return Answer(
        question,
        text,
        ("pods at the opening", "failed", "mean wait", "status p99", "pods at most", "nodes at most", "event"),
        tuple(
            (
                name,
                f"{number(run.best('errors.rate_percent'))} %",
                clock(run.best("wait.mean_s")),
                f"{number(run.best('latency.status_p99_ms'))} ms",
                number(run.best("gateway.pods_peak")),
                number(run.best("nodes.peak")),
                f"${run.best('cost.event_usd'):.2f}",
            )
            for name, run in found.items()
        ),
        (f"gateway.pods at the opening: {as_good[0]} is enough" if as_good else "gateway.pods: none of those tried",),
        rests_on(*found.values()),
    )


def _breaks(question: str, sources: Sources) -> Answer:
    one = [(people, sources[f"people_{people}"]) for people in PEOPLE] + [(300_000, sources["hot"])]
    many = [(300_000, sources["spread"])] + [(people, sources[f"people_{people}_spread"]) for people in MORE_PEOPLE]
    text = f"For one event: {_first_break(one)} Over ten events on distinct slots: {_first_break(many)}"
    rows = [*(("one hot event", people, run) for people, run in one), *(("ten events", n, run) for n, run in many)]
    return Answer(
        question,
        text,
        ("design", "people", "status RPS, worst minute", "engine CPU", "failed", "gives way first", "holds"),
        tuple(
            (
                design,
                number(people),
                number(run.best("requests.status_rps_peak_60s")),
                f"{number(run.best(ENGINE))} %",
                f"{number(run.best('errors.rate_percent'))} %",
                run.limits[0].name if run.limits[0].bound else "nothing",
                _word(keeps(run)),
            )
            for design, people, run in rows
        ),
        tuple(_edges(one, "one event")) + tuple(_edges(many, "ten events")),
        rests_on(*(run for _, run in one), *(run for _, run in many)),
    )


def _first_break(found: list[tuple[int, Evidence]]) -> str:
    broken = next(((people, run) for people, run in found if not keeps(run)), None)
    if broken is None:
        people, run = found[-1]
        tight = next(((n, r.limits[0].name) for n, r in found if r.limits[0].bound), None)
        more = f"; the first to be exhausted is the {tight[1]}, at {number(tight[0])}" if tight else ""
        return f"nothing up to {number(people)} people ({number(run.best(ENGINE))} % engine CPU){more}."
    people, run = broken
    first = next((limit.name for limit in run.limits if limit.bound), "engine thread")
    return (
        f"the {first}, at {number(people)} people and {number(run.best('requests.status_rps_peak_60s'))} status RPS "
        f"({number(run.best(ENGINE))} % engine CPU)."
    )


def _edges(found: list[tuple[int, Evidence]], design: str) -> Iterator[str]:
    for (fewer, a), (more, b) in pairwise(found):
        if keeps(a) and not keeps(b):
            yield f"clients.count, {design}: holds with {number(fewer)}, no longer with {number(more)}"


def keeps(run: Evidence) -> bool | None:
    """Whether every service level is met; None if the interval of one spans its limit and the others are."""
    verdicts = [at_most(run.kpi(kpi), float(getattr(run.scenario.slo, level))) for level, kpi in _levels(run)]
    return False if "refuted" in verdicts else None if "conditional" in verdicts else True


def _levels(run: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the service levels and their KPIs; no waits of a run that ends before all have been let in."""
    for level, (kpi, _) in SLO_KPIS.items():
        if run.seen(kpi) and not (level == "mean_wait_s" and RUSH in run.run.settings):
            yield level, kpi


def _word(holds: bool | None) -> str:
    return {True: "yes", False: "no", None: "open"}[holds]


def _range(run: Evidence, kpi: str) -> str:
    found = run.kpi(kpi)
    if found.low is None or found.high is None:
        return f"{number(found.best)} %"
    return f"{number(found.best)} % ({number(found.low)} to {number(found.high)})"


def _span(rates: tuple[int, ...]) -> str:
    if not rates:
        return "none of those tried"
    return number(rates[0]) if len(rates) == 1 else f"{number(min(rates))} to {number(max(rates))}"


QUESTIONS = (
    Question(
        "Is admitting 1,000 per second right?",
        (*(f"rate_{rate}" for rate in RATES_RPS), *(f"told_{rate}" for rate in RATES_RPS)),
        _rate,
    ),
    Question("Do five shards of cache.m7g.xlarge with a replica each hold?", tuple(REDIS_RUNS.values()), _redis),
    Question("Do pods and nodes come in time, and what must be warm?", tuple(SCALING_RUNS.values()), _scaling),
    Question(
        "What breaks first, and at which load?",
        ("hot", "spread", *(f"people_{n}" for n in PEOPLE), *(f"people_{n}_spread" for n in MORE_PEOPLE)),
        _breaks,
    ),
)
