"""The central questions: is 1,000 a second right, does Redis hold, do pods come in time, what breaks first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.judge.wording import clock, number
from models.ledger.checks import Sources, rests_on
from models.ledger.entry import at_most, estimate_text, interval_text
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.rates import good_rates, rate_rows
from models.ledger.runs import MORE_PEOPLE, PEOPLE, POLLS_S, RATES_RPS, SHARDS, WARM_PODS


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
    """A question, the runs it is answered from, and how; the flips that are searched for it."""

    text: str
    runs: tuple[str, ...]
    find: Callable[[str, Sources], Answer]
    searches: tuple[str, ...] = ()

    def answer(self, sources: Sources) -> Answer:
        """Return the answer."""
        return self.find(self.text, sources)


def _rate(question: str, sources: Sources) -> Answer:
    rows = rate_rows(sources)
    good = good_rates(rows)
    mine = next(row for row in rows if row.rate_rps == 1000)
    text = (
        f"{_standing(good)} At 1,000 people wait {clock(mine.mean_wait_s)} on average and "
        f"{clock(mine.longest_wait_s)} at most, the Reservation API works at {number(mine.backend_percent)} % of its "
        f"capacity, and an event costs ${mine.cost_usd:.2f}. The seats are gone {clock(mine.sold_out_s)} after the "
        f"opening, and {number(mine.in_vain)} people wait for nothing ({number(min(row.in_vain for row in rows))} or "
        "more at every rate tried): that nobody tells them matters more."
    )
    flips = [
        f"admission.rate_rps = {number(row.rate_rps)}: mean wait {clock(row.mean_wait_s)}, backend "
        f"{number(row.backend_percent)} %"
        for row in rows
        if not row.keeps
    ]
    flips.append("event.on_sold_out = announce: people are told, and at no rate does anybody wait for nothing")
    columns = (
        "admissions/s", "mean wait", "longest wait", "wait for nothing", "backend used", "sold out after", "event",
        "mean wait if told",
    )  # fmt: skip
    table = tuple(
        (
            number(row.rate_rps) + (" *" if row.keeps else ""),
            clock(row.mean_wait_s),
            clock(row.longest_wait_s),
            number(row.in_vain),
            f"{number(row.backend_percent)} %",
            clock(row.sold_out_s),
            f"${row.cost_usd:.2f}",
            clock(sources[f"told_{row.rate_rps}"].best("wait.mean_s")),
        )
        for row in rows
    )
    rest = rests_on(*(sources[f"{name}_{rate}"] for name in ("rate", "told") for rate in RATES_RPS))
    return Answer(question, text, columns, table, tuple(flips), rest)


def _standing(good: tuple[int, ...]) -> str:
    """Say where 1,000 a second stands among the rates that keep the mean wait and the capacity of the backend."""
    if 1000 not in good:
        others = f"{', '.join(map(number, good))} per second do" if good else "no other rate tried does"
        return f"It does not keep the mean wait and the backend's capacity; {others}."
    if good == (1000,):
        return "It is the only rate of those tried that keeps the mean wait and the backend's capacity."
    several = ", ".join(map(number, good))
    return f"It is one of several that keep the mean wait and the backend's capacity: {several} per second."


ONE_EVENT, TEN_EVENTS = "one hot event", "ten events on distinct slots"
REDIS_RUNS = {
    ONE_EVENT: "hot",
    "one hot event, derived profile": "hot_derived",
    TEN_EVENTS: "spread",
    "ten events, derived profile": "spread_derived",
    **{f"one hot event, polls every {poll} s": f"poll_{poll}" for poll in POLLS_S},
    "one hot event, status from one replica": "replica_reads",
    "one hot event, status from two replicas": "replica_reads_2",
    **{f"ten events on {shards} shard{'s' if shards > 1 else ''}": f"shards_{shards}" for shards in SHARDS},
}


def _redis(question: str, sources: Sources) -> Answer:
    found = {name: sources[run] for name, run in REDIS_RUNS.items()}
    fewer = [shards for shards in SHARDS if keeps(sources[f"shards_{shards}"])]
    polls = [poll for poll in POLLS_S if keeps(sources[f"poll_{poll}"])]
    flips = []
    flips.append(f"clients.poll_interval_s, one event: the engine's level is kept {sources.flips['poll_hot'].where}")
    if fewer and min(fewer) > 1:
        flips.append(f"redis.shards: between {min(fewer) - 1} and {min(fewer)} ten events begin to hold")
    wide = interval_text(sources["hot_derived"].kpi(ENGINE), "percent")
    flips.append(f"the profile: the derived one, which is wide, has one hot event at {wide}")
    table = tuple(
        (
            name,
            estimate_text(run.kpi(ENGINE), "percent"),
            f"{number(run.best('latency.status_p99_ms'))} ms",
            clock(run.best("wait.mean_s")),
            f"${number(run.best('cost.month_usd'))}",
            _word(keeps(run)),
        )
        for name, run in found.items()
    )
    columns = ("configuration", "engine CPU, worst minute", "status p99", "mean wait", "month", "holds")
    text = _redis_text(found, fewer, polls)
    return Answer(question, text, columns, table, tuple(flips), rests_on(*found.values()))


def _redis_text(found: Mapping[str, Evidence], fewer: Sequence[int], polls: Sequence[int]) -> str:
    """Say whether the design, *fewer* shards and longer *polls* hold, and which of what holds is cheapest."""
    hot, spread = found[ONE_EVENT], found[TEN_EVENTS]
    text = (
        f"For one event {_word(keeps(hot))}: one of the {number(hot.scenario.redis.shards)} shards does all the work "
        f"and is {number(hot.best(ENGINE))} % busy in its worst minute. Over ten events on distinct slots "
        f"{_word(keeps(spread))}, at {number(spread.best(ENGINE))} %; "
    )
    text += f"{min(fewer)} shards hold these too." if fewer else "fewer shards do not."
    if polls:
        text += f" One event holds with polls every {min(polls)} s."
    months = {name: run.best("cost.month_usd") for name, run in found.items() if keeps(run)}
    if months:
        name = min(months, key=lambda name: months[name])
        saved = hot.best("cost.month_usd") - months[name]
        text += f" The cheapest that holds of those tried: {name}, ${number(months[name])} a month"
        text += f", ${number(saved)} less than the design." if saved else ", what the design costs."
    return text


SCALING_RUNS = {"3 warm": "from_3", **{f"{pods} warm": f"warm_{pods}" for pods in WARM_PODS}, "30 warm": "prewarmed"}


def _scaling(question: str, sources: Sources) -> Answer:
    found = {name: sources[run] for name, run in SCALING_RUNS.items()}
    cold, warm = found["3 warm"], found["30 warm"]
    enough = next(name for name, run in found.items() if _as_good(run, warm))
    (failed, wait), (failed_warm, wait_warm) = (
        (number(run.best("errors.rate_percent")), clock(run.best("wait.mean_s"))) for run in (cold, warm)
    )
    text = (
        f"{'Yes' if enough == '3 warm' else 'No'}: the crowd is there in the first second, and "
        f"{_first_pod_text(cold)}. With three pods warm {failed} % of the requests fail and people wait {wait} "
        f"on average, with thirty {failed_warm} % and {wait_warm}. As good as thirty, of those tried, is {enough} or "
        "more."
    )
    table = tuple(
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
    )
    columns = ("pods at the opening", "failed", "mean wait", "status p99", "pods at most", "nodes at most", "event")
    flips = (f"gateway.pods at the opening: {enough} is enough",)
    return Answer(question, text, columns, table, flips, rests_on(*found.values()))


def _as_good(run: Evidence, other: Evidence) -> bool:
    """Whether a run fails no more requests than another, but for a tenth of a percent, and makes no longer waits."""
    fails = run.best("errors.rate_percent") <= other.best("errors.rate_percent") + 0.1
    return fails and run.best("wait.mean_s") <= 1.05 * other.best("wait.mean_s")


def _first_pod_text(run: Evidence) -> str:
    ready = run.series("pods_ready")
    first = next((second for second, pods in enumerate(ready) if pods > ready[0]), None)
    if first is None:
        return "no further pod ever serves"
    return f"the first further pod serves after {clock(first - run.scenario.event.opens_at_s)}"


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
        (*_edges(one, "one event"), *_edges(many, "ten events"), *_crowds(sources)),
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


def _crowds(sources: Sources) -> Iterator[str]:
    """Say up to which crowd an engine keeps its level, as bisection finds it."""
    for design, name in (("one event", "people_hot"), ("ten events", "people_spread")):
        yield f"clients.count, {design}: the engine's level is kept {sources.flips[name].where}"


def _edges(found: list[tuple[int, Evidence]], design: str) -> Iterator[str]:
    for (fewer, a), (more, b) in pairwise(found):
        if keeps(a) and not keeps(b):
            yield f"clients.count, {design}: holds with {number(fewer)}, no longer with {number(more)}"


def keeps(run: Evidence) -> bool | None:
    """Whether every service level is met; None if the interval of one spans its limit and the others are."""
    verdicts = [at_most(run.kpi(kpi), limit) for kpi, limit in run.levels]
    return False if "refuted" in verdicts else None if "conditional" in verdicts else True


def _word(holds: bool | None) -> str:
    return {True: "yes", False: "no", None: "open"}[holds]


QUESTIONS = (
    Question(
        "Is admitting 1,000 per second right?",
        (*(f"rate_{rate}" for rate in RATES_RPS), *(f"told_{rate}" for rate in RATES_RPS)),
        _rate,
    ),
    Question(
        "Do five shards of cache.m7g.xlarge with a replica each hold?",
        tuple(REDIS_RUNS.values()),
        _redis,
        ("poll_hot",),
    ),
    Question("Do pods and nodes come in time, and what must be warm?", tuple(SCALING_RUNS.values()), _scaling),
    Question(
        "What breaks first, and at which load?",
        ("hot", "spread", *(f"people_{n}" for n in PEOPLE), *(f"people_{n}_spread" for n in MORE_PEOPLE)),
        _breaks,
        ("people_hot", "people_spread"),
    ),
)
