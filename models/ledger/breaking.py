"""The central question what breaks first: with which crowd a service level is broken, and what is exhausted then."""

from __future__ import annotations

from collections.abc import Iterator

from models.judge.verdict import SLO_KPIS
from models.judge.wording import number, with_unit
from models.ledger.answer import Answer, keeps, word
from models.ledger.checks import Sources, rests_on
from models.ledger.claims import ClaimVerdict
from models.ledger.entry import at_most, interval_text
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.luck import first_to_give_way, in_first
from models.ledger.runs import MORE_PEOPLE, PEOPLE
from models.ledger.turn import open_text
from models.robustness.conclusions import NAMES


def what_breaks(question: str, sources: Sources) -> Answer:
    """Ask it of one event and of ten, over the crowds that were tried."""
    one = [(people, sources[f"people_{people}"]) for people in PEOPLE] + [(300_000, sources["hot"])]
    more = [(people, sources[f"people_{people}_spread"]) for people in MORE_PEOPLE]
    many = [(300_000, sources["spread_drawn"]), *more]
    text = f"For one event: {_first_break(one)} Over ten events, names drawn: {_first_break(many)}"
    rows = [*(("one event", people, run) for people, run in one), *(("ten events", n, run) for n, run in many)]
    return Answer(
        question,
        text,
        ("design", "people", "status RPS, worst minute", "engine CPU", "failed", "gives way first, first run", "holds"),
        tuple(
            (
                design,
                number(people),
                number(run.best("requests.status_rps_peak_60s")),
                f"{number(run.best(ENGINE))} %",
                f"{number(run.best('errors.rate_percent'))} %",
                (first_to_give_way(run) or "nothing").removeprefix("the "),
                word(keeps(run)),
            )
            for design, people, run in rows
        ),
        (*_edges(one, "one event"), *_edges(many, "ten events"), *_crowds(sources)),
        rests_on(*(run for _, run in one), *(run for _, run in many)),
    )


def _first_break(found: list[tuple[int, Evidence]]) -> str:
    """Say with which crowd levels are broken first, which, and what is exhausted then; with which fewer it is open."""
    at = next((place for place, (_, run) in enumerate(found) if keeps(run) is False), None)
    people, run = found[-1 if at is None else at]
    cpu = f"{number(run.best(ENGINE))} % engine CPU"
    if at is None:
        tight = next(((n, each, first) for n, each in found if (first := first_to_give_way(each))), None)
        more = f"; the first to be exhausted is {tight[2]}, at {number(tight[0])} {in_first(tight[1])}" if tight else ""
        sure = " for certain" if any(keeps(each) is None for _, each in found) else ""
        text = f"nothing{sure} up to {number(people)} people ({cpu}){more}."
    else:
        load = f"{number(people)} people and {number(run.best('requests.status_rps_peak_60s'))} status RPS"
        text = f"at {load} ({cpu}), {_levels_text(run, 'refuted')}; {first_to_give_way(run) or 'nothing'} is exhausted "
        text += f"first {in_first(run)}."
    for people, run in found[:at]:
        if keeps(run) is None:
            text += f" It is open at {number(people)}: {_levels_text(run, 'conditional')}."
    return text


def _levels_text(run: Evidence, verdict: ClaimVerdict) -> str:
    """Name the service levels with this verdict, each with its figure and with what is allowed."""
    names = {kpi: (NAMES.get(level, level), "" if unit == "seats" else unit) for level, (kpi, unit) in SLO_KPIS.items()}
    found = [(*names[kpi], run.kpi(kpi), limit) for kpi, limit in run.levels]
    return "; ".join(
        f"{name} is {interval_text(figure, unit)}, with {with_unit(limit, unit)} allowed"
        for name, unit, figure, limit in found
        if at_most(figure, limit) == verdict
    )


def _crowds(sources: Sources) -> Iterator[str]:
    """Say up to which crowd levels are kept, as bisection finds it."""
    asked = (
        ("one event: status p99", "people_hot_p99"),
        ("one event: the engine's level", "people_hot"),
        ("ten events: the engine's level", "people_spread"),
    )
    for what, name in asked:
        yield f"clients.count, {what} is kept {sources.flips[name].where}"


def _edges(found: list[tuple[int, Evidence]], design: str) -> Iterator[str]:
    """Say up to which of the crowds that were tried it holds, and whether it is open or broken with the next ones."""
    last = next((place for place, (_, run) in enumerate(found) if keeps(run) is not True), len(found)) - 1
    if last == len(found) - 1:
        return
    broken = next((people for people, run in found[last + 1 :] if keeps(run) is False), None)
    spans = [people for people, run in found[last + 1 :] if keeps(run) is None and people < (broken or people + 1)]
    text = f"clients.count, {design}: holds with {number(found[last][0]) if last >= 0 else 'none of those tried'}"
    text += open_text([number(people) for people in spans])
    yield f"{text}{f', no longer with {number(broken)}' if broken else ''} (not bisected)"
