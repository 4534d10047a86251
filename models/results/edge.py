"""What a web ACL did in a run: whom it refused, by which rule, what that cost people, and who got the seats."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.edge.state import ABANDONED, GAVE_UP, PAUSED, SHOWN, SOLVED
from models.engine.recording import Recording
from models.plan.edge import PERSON, Action
from models.plan.plan import Plan
from models.results.people import any_of_each, people_of, who_came
from models.scenario.edge import Edge
from models.vocabulary.units import SECOND

Found = tuple[str, float | None]
ROWS = {
    SHOWN: "captchas_shown_to",
    SOLVED: "captchas_solved_by",
    ABANDONED: "captchas_abandoned_by",
    GAVE_UP: "given_up_by",
}
REFUSES = (Action.BLOCK, Action.CAPTCHA, Action.CHALLENGE)


def edge_kpis(plan: Plan, recording: Recording) -> Iterator[Found]:
    """Yield the KPIs of the edge, if there is one."""
    edge = plan.scenario.edge
    if edge is None:
        return
    found = recording.edge
    yield "edge.refused", float(found.refused)
    yield "edge.refused_percent", _percent(found.refused, recording.sent)
    for name, refused in _by_kind_of_rule(edge, recording).items():
        yield f"edge.refused_by_{name}_percent", _percent(refused, found.refused)
    yield from _of_people(plan, recording)
    yield from _asked(recording)
    yield from _seats(plan, recording, edge)


def edge_facts(plan: Plan, recording: Recording) -> dict[str, Any]:
    """Return by rule how many requests of people and of bots it ended or counted; nothing without an edge."""
    edge = plan.scenario.edge
    if edge is None:
        return {}
    acted = recording.edge.acted
    return {
        "rules": [
            {"rule": rule.kind, "action": rule.action, "people": int(row[PERSON]), "bots": int(row[PERSON + 1 :].sum())}
            for rule, row in zip(edge.web_acl, acted, strict=True)
        ]
    }


def _by_kind_of_rule(edge: Edge, recording: Recording) -> dict[str, int]:
    """Return how many requests rules of each kind refused."""
    found: dict[str, int] = {rule.kind: 0 for rule in edge.web_acl}
    for rule, row in zip(edge.web_acl, recording.edge.acted, strict=True):
        found[rule.kind] += int(row.sum()) if Action[rule.action.upper()] in REFUSES else 0
    return found


def _of_people(plan: Plan, recording: Recording) -> Iterator[Found]:
    """Yield whom of those who came it refused at least once, and how they fared beside the others, bots left out."""
    who, people = plan.population, people_of(plan, recording)
    came = any_of_each(who.person, recording.sessions.came_at >= 0, who.people)
    refused = any_of_each(who.person, recording.edge.refusals > 0, who.people)
    bot = any_of_each(who.person, who.bot, who.people)
    yield "edge.people_refused_percent", _share(refused[came & ~bot])
    yield "edge.bots_refused_percent", _share(refused[came & bot])
    counted = who_came(plan, recording)
    for name, group in (("refused", (refused & ~bot)[counted]), ("other", (~refused & ~bot)[counted])):
        yield f"edge.{name}_people_wait_mean_s", float(people.waited[group].mean()) / SECOND if group.any() else None
        yield f"edge.{name}_people_unserved_percent", _share(~people.served[group])


def _asked(recording: Recording) -> Iterator[Found]:
    """Yield the CAPTCHAs of people and of bots, and how long people were held up by them and by refusals."""
    asked = recording.edge.asked
    for who, kinds in (("people", slice(PERSON, PERSON + 1)), ("bots", slice(PERSON + 1, None))):
        for row, what in ROWS.items():
            yield f"edge.{what}_{who}", float(asked[row, kinds].sum())
    yield "edge.people_held_up_s", float(asked[PAUSED, PERSON]) / SECOND


def _seats(plan: Plan, recording: Recording, edge: Edge) -> Iterator[Found]:
    """Yield who bought the seats that are sold, by kind of bot."""
    bought = recording.sessions.bought
    for number, kind in enumerate(edge.bot_kinds, start=PERSON + 1):
        yield f"bots.{kind.name}_seat_share_percent", _share(plan.params.edge.kind[bought] == number)


def _share(which: NDArray[np.bool_]) -> float | None:
    return 100 * float(which.mean()) if which.size else None


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
