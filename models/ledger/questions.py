"""The central questions: is 1,000 a second right, does Redis hold, do pods come in time, what breaks first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.judge.wording import clock, latency, listed, number, plural
from models.ledger.answer import Answer, Question, keeps, word
from models.ledger.breaking import what_breaks
from models.ledger.checks import Sources, rests_on
from models.ledger.entry import at_most, estimate_text, interval_text
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.luck import luck_text
from models.ledger.rates import RateRow, rate_rows
from models.ledger.runs import MORE_PEOPLE, PEOPLE, POLLS_S, RATES_RPS, SHARDS, WARM_PODS, WINDOWS
from models.ledger.turn import Holds, Turn, all_hold, holds, turn_of


def _rate(question: str, sources: Sources) -> Answer:
    """Ask which rates are good whether people are told or not, and on which setting of the room that hangs."""
    rows, told = ({row.rate_rps: row for row in rate_rows(sources, name)} for name in ("rate", "told"))
    both = {rate: all_hold((row.keeps, told[rate].keeps)) for rate, row in rows.items()}
    mine, mine_told = rows[1000], told[1000]
    text = (
        f"{_standing(both)} At 1,000 people wait {clock(mine.mean_wait_s)} on average and "
        f"{clock(mine.longest_wait_s)} at most, the Reservation API works at {number(mine.backend_percent)} % of its "
        "capacity in its busiest minute (single seconds are fuller; the claim backend.reservation has them), and an "
        f"event costs ${mine.cost_usd:.2f}, or ${mine_told.cost_usd:.2f} if people are told that the seats are gone. "
        f"They are gone {clock(mine.sold_out_s)} after the opening, and {number(mine.in_vain)} people wait for nothing "
        f"({number(min(row.in_vain for row in rows.values()))} or more at every rate tried): that "
        f"nobody tells them matters more. {_windows(sources)}"
    )
    flips = [
        f"admission.rate_rps = {number(row.rate_rps)}: mean wait {clock(row.mean_wait_s)}, backend "
        f"{number(row.backend_percent)} % in its busiest minute{', open' if row.keeps is None else ''}"
        for row in rows.values()
        if not row.keeps
    ]
    flips.extend(_wait_flips(sources))
    flips.append(f"admission.rate_rps: the backend's capacity is kept {sources.flips['rate_backend'].where}")
    flips.append("event.on_sold_out = announce: people are told, and at no rate does anybody wait for nothing")
    columns = (
        "admissions/s", "mean wait", "longest wait", "wait for nothing", "backend, busiest minute", "sold out after",
        "event", "mean wait if told", "event if told",
    )  # fmt: skip
    runs = [sources[f"{name}_{rate}"] for name in ("rate", "told") for rate in RATES_RPS]
    rest = rests_on(*runs, *(sources[f"window_{calls}"] for calls in WINDOWS))
    return Answer(question, text, columns, _rate_table(rows, told, both), tuple(flips), rest)


def _rate_table(
    rows: Mapping[int, RateRow], told: Mapping[int, RateRow], both: Mapping[int, Holds]
) -> tuple[tuple[str, ...], ...]:
    """Return a row for each rate, those that are good whether people are told or not with a star."""
    return tuple(
        (
            number(rate) + (" *" if both[rate] else ""),
            clock(row.mean_wait_s),
            clock(row.longest_wait_s),
            number(row.in_vain),
            f"{number(row.backend_percent)} %",
            clock(row.sold_out_s),
            f"${row.cost_usd:.2f}",
            clock(told[rate].mean_wait_s),
            f"${told[rate].cost_usd:.2f}",
        )
        for rate, row in rows.items()
    )


def _windows(sources: Sources) -> str:
    """Say what the calls that may be outstanding do to the wait at 1,000 a second."""
    runs = [sources[f"window_{calls}"] for calls in WINDOWS]
    found = ", ".join(
        f"{clock(run.best('wait.mean_s'))} with {number(run.scenario.admission.call_window)}" for run in runs
    )
    return f"It hangs on admission.call_window, the calls not yet taken up: the mean wait at 1,000 is {found}."


def _wait_flips(sources: Sources) -> Iterator[str]:
    """Yield from which of the rates on the mean wait is kept, people not told, and with which it is open."""
    runs = {number(rate): sources[f"rate_{rate}"] for rate in RATES_RPS}
    turn = turn_of(
        {rate: holds(at_most(run.kpi("wait.mean_s"), run.scenario.slo.mean_wait_s)) for rate, run in runs.items()}
    )
    if turn.good is not None and (turn.last_bad is not None or turn.open):
        place = turn.place if turn.last_bad is None else f"from {turn.place} on"
        yield (f"admission.rate_rps: {place} the mean wait is kept{turn.open_text} (runs on both sides, not bisected)")


def _standing(both: Mapping[int, Holds]) -> str:
    """Say where 1,000 a second stands among the rates that keep wait and backend, whether people are told or not."""
    good = [number(rate) for rate, kept in both.items() if kept]
    open_ = [number(rate) for rate, kept in both.items() if kept is None and rate != 1000]
    also = f"; with {listed(open_)} it is open" if open_ else ""
    if not both[1000]:
        text = "It does not keep the mean wait and the backend's capacity, told or not"
        if both[1000] is None:
            text = "Whether it keeps the mean wait and the backend's capacity, told or not, is open"
        others = (
            f"{', '.join(good)} per second do" if good else f"no other rate tried does{' for certain' * bool(open_)}"
        )
        return f"{text}; {others}{also}."
    if good == [number(1000)]:
        certain = " for certain" if open_ else ""
        return f"It is the only rate of those tried that keeps the mean wait and the backend's capacity{certain}{also}."
    several = ", ".join(good)
    return f"It is one of several that keep the mean wait and the backend's capacity: {several} per second{also}."


ONE_EVENT, FIVE_EVENTS, TEN_EVENTS = "one event", "five events", "ten events on distinct slots"
TEN_DRAWN = "ten events with names drawn"


def shards_name(shards: int) -> str:
    """Return what ten events on so many shards are called: their names are drawn."""
    return f"ten events on {plural(shards, 'shard')}, names drawn"


REDIS_RUNS = {
    ONE_EVENT: "hot",
    "one event, derived profile": "hot_derived",
    "one event, status from its primary alone": "primary_only",
    "one event, two replicas": "two_replicas",
    **{f"one event, polls every {poll} s": f"poll_{poll}" for poll in POLLS_S},
    FIVE_EVENTS: "five",
    TEN_EVENTS: "spread",
    TEN_DRAWN: "spread_drawn",
    "ten events, derived profile": "spread_derived",
    **{shards_name(shards): f"shards_{shards}" for shards in SHARDS},
}


NO_FEWER = " Fewer shards do not hold ten events."


def _redis(question: str, sources: Sources) -> Answer:
    found = {name: sources[run] for name, run in REDIS_RUNS.items()}
    fewer = {shards: keeps(sources[f"shards_{shards}"]) for shards in SHARDS}
    polls = [poll for poll in POLLS_S if keeps(sources[f"poll_{poll}"])]
    flips = []
    flips.append(f"clients.poll_interval_s, one event: status p99 is kept {sources.flips['poll_hot_p99'].where}")
    turn = turn_of({number(shards): kept for shards, kept in fewer.items()})
    if turn.good is not None and (turn.last_bad is not None or turn.open):
        flips.append(f"redis.shards: {turn.place} ten events begin to hold, names drawn{turn.open_text}")
    wide = interval_text(sources["hot_derived"].kpi(ENGINE), "percent")
    flips.append(f"the profile: the derived one, which is wide, has one hot event at {wide}")
    table = tuple(
        (
            name,
            estimate_text(run.kpi(ENGINE), "percent"),
            f"{number(run.best('latency.status_p99_ms'))} ms",
            clock(run.best("wait.mean_s")),
            f"${number(run.best('cost.month_usd'))}",
            word(keeps(run)),
        )
        for name, run in found.items()
    )
    columns = ("configuration", "engine CPU, worst minute", "status p99", "mean wait", "month", "holds")
    text = _redis_text(found, fewer, polls)
    return Answer(question, text, columns, table, tuple(flips), rests_on(*found.values()))


def _redis_text(found: Mapping[str, Evidence], fewer: Mapping[int, Holds], polls: Sequence[int]) -> str:
    """Say whether the design holds by events, what *fewer* shards and longer *polls* do, and what is cheapest."""
    said = "; ".join(
        f"for {name} {word(keeps(found[name]))}, the busiest engine thread at {number(found[name].best(ENGINE))} % in "
        f"its worst minute and status at {latency(found[name].best('latency.status_p99_ms'))} at p99"
        for name in (ONE_EVENT, FIVE_EVENTS, TEN_EVENTS, TEN_DRAWN)
    )
    text = f"{said[:1].upper()}{said[1:]}. {luck_text(found[TEN_EVENTS].scenario)}"
    for shards in [shards for shards, kept in fewer.items() if kept][:1]:
        run = found[shards_name(shards)]
        text += f" {plural(shards, 'shard')} {'holds' if shards == 1 else 'hold'} ten events too: the busiest is at "
        text += f"{interval_text(run.kpi(ENGINE), 'percent')}, with names drawn anew for each of {run.n} runs."
    if not any(fewer.values()):
        open_ = [number(shards) for shards, kept in fewer.items() if kept is None]
        text += f" Whether fewer shards hold ten events is open with {listed(open_)}." if open_ else NO_FEWER
    if polls:
        text += f" One event holds with polls every {min(polls)} s."
    months = {name: run.best("cost.month_usd") for name, run in found.items() if keeps(run)}
    if months:
        name = min(months, key=lambda name: months[name])
        saved = found[ONE_EVENT].best("cost.month_usd") - months[name]
        text += f" The cheapest that holds of those tried: {name}, ${number(months[name])} a month"
        text += f", ${number(saved)} less than the design." if saved else ", what the design costs."
    return text


SCALING_RUNS = {f"{pods} warm": f"warm_{pods}" for pods in WARM_PODS}


def _scaling(question: str, sources: Sources) -> Answer:
    """Ask it of ten events on distinct slots, where Redis is not what gives way: of one no number of pods would do."""
    found = {name: sources[run] for name, run in SCALING_RUNS.items()}
    first, last = (found[f"{pods} warm"] for pods in (min(WARM_PODS), max(WARM_PODS)))
    states = {name: _enough(run, last) for name, run in found.items()}
    turn = turn_of(states)
    failed, wait, p99 = zip(*(_served(run) for run in (first, last)), strict=True)
    text = (
        f"{_in_time(states, turn)}: the crowd is there in the first second, and "
        f"{_first_pod_text(first)}. Over ten events on distinct slots, with {min(WARM_PODS)} pods warm {failed[0]} of "
        f"the requests fail, people wait {wait[0]} on average and status takes {p99[0]} at p99; with "
        f"{max(WARM_PODS)} it is {failed[1]}, {wait[1]} and {p99[1]}. "
    )
    least = f"Enough, of those tried, is {turn.good} or more{turn.open_text}."
    text += least if turn.good else f"{_none(states)}."
    drawn = interval_text(sources["spread_drawn"].kpi(ENGINE), "percent")
    text += f" That the names fall well decides nothing here: drawn, they have the busiest engine thread at {drawn}."
    table = tuple(
        (
            name,
            *_served(run),
            f"{number(run.best('gateway.pods_peak'))} pods, {number(run.best('nodes.peak'))} nodes",
            f"${run.best('cost.event_usd'):.2f}",
            word(keeps(run)),
        )
        for name, run in found.items()
    )
    columns = ("pods at the opening", "failed", "mean wait", "status p99", "at most", "event", "holds")
    flips = (
        f"gateway.pods at the opening: {_begins(states, turn)}",
        "gateway.pods at the opening: levels of failed requests and status p99 are kept in the first 90 s, which have "
        f"the crowd, {sources.flips['warm_pods'].where}",
    )
    return Answer(question, text, columns, table, flips, rests_on(*found.values()))


def _served(run: Evidence) -> tuple[str, str, str]:
    """Return in words what fails, how long everybody waits on average, and status at p99, failures counted."""
    return (
        f"{number(run.best('errors.rate_percent'))} %",
        clock(run.best("wait.mean_s")),
        latency(run.best("latency.status_p99_ms")),
    )


def _in_time(states: Mapping[str, Holds], turn: Turn) -> str:
    """Answer whether pods come in time if the fewest that were tried are warm, by what is enough."""
    least = next(iter(states))
    return "Yes" if turn.good == least else "No" if states[least] is False else "Open"


def _none(states: Mapping[str, Holds]) -> str:
    """Say that from none of what was tried on all is enough."""
    if True not in states.values():
        return f"None that was tried {'is enough for certain' if None in states.values() else 'is enough'}"
    return "From none that was tried on all are enough for certain"


def _begins(states: Mapping[str, Holds], turn: Turn) -> str:
    """Say between which of the numbers that were tried it begins to be enough."""
    if turn.good is None:
        return f"{_none(states)[:1].lower()}{_none(states)[1:]}: {', '.join(states)}{turn.open_text}"
    if turn.last_bad is None and not turn.open:
        return f"{turn.good} is enough"
    return f"{turn.place} it begins to be enough{turn.open_text}"


def _enough(run: Evidence, other: Evidence) -> Holds:
    """Whether a run keeps every level, fails no more but for a tenth of a percent, and makes people wait no longer."""
    fails = run.best("errors.rate_percent") <= other.best("errors.rate_percent") + 0.1
    return all_hold((keeps(run), fails, run.best("wait.mean_s") <= 1.05 * other.best("wait.mean_s")))


def _first_pod_text(run: Evidence) -> str:
    """Say when the first further pod serves, of all runs, and in how many of them one does."""
    ready = run.every_series("pods_ready")
    more = [next((second for second, now in enumerate(pods) if now > pods[0]), None) for pods in ready]
    found = [second - run.scenario.event.opens_at_s for second in more if second is not None]
    if not found:
        return "no further pod ever serves"
    rarely = f" ({len(found)} of {len(more)} runs)" if len(found) < len(more) else ""
    return f"the first further pod serves after {estimate_text(run.one_more(found, 's'), 's')}{rarely}"


QUESTIONS = (
    Question(
        "Is admitting 1,000 per second right?",
        (
            *(f"{name}_{rate}" for name in ("rate", "told") for rate in RATES_RPS),
            *(f"window_{calls}" for calls in WINDOWS),
        ),
        _rate,
        ("rate_backend",),
    ),
    Question(
        "Do five shards of cache.m7g.xlarge with a replica each hold?",
        tuple(REDIS_RUNS.values()),
        _redis,
        ("poll_hot_p99",),
    ),
    Question(
        "Do pods and nodes come in time, and what must be warm?",
        (*SCALING_RUNS.values(), "spread_drawn"),
        _scaling,
        ("warm_pods",),
    ),
    Question(
        "What breaks first, and at which load?",
        ("hot", "spread_drawn", *(f"people_{n}" for n in PEOPLE), *(f"people_{n}_spread" for n in MORE_PEOPLE)),
        what_breaks,
        ("people_hot_p99", "people_hot", "people_spread"),
    ),
)
