"""The whole ledger: every claim judged, in the order in which they are published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from models.documents.text import nearest, shown
from models.judge.wording import plural
from models.ledger import before_index, design, gateway, money, people, redis, scaling, waiting_room
from models.ledger.answer import Answer, Question
from models.ledger.checks import Check, Sources
from models.ledger.claims import claims
from models.ledger.entry import Entry
from models.ledger.evidence import Evidence
from models.ledger.questions import QUESTIONS
from models.ledger.runs import RUNS
from models.robustness.stored import SHIPPED, Stored, stored_for
from models.robustness.words import conditions, depends_text, scope_text, survivors
from models.scenario import load_scenario
from sim.errors import BadInput
from sim.estimate import rarer_than

if TYPE_CHECKING:
    import pandas as pd

CHECKS: Mapping[str, Check] = MappingProxyType(
    waiting_room.CHECKS
    | people.CHECKS
    | redis.CHECKS
    | before_index.CHECKS
    | gateway.CHECKS
    | scaling.CHECKS
    | money.CHECKS
    | design.CHECKS
)
"""How each claim is judged, by its id."""


@dataclass(frozen=True)
class Ledger:
    """Claims with their verdicts, and the central questions where all claims were asked for.

    `robustness`: by scenario, what of its verdict survives which assumption, or why that is not shown; of those on
    which a claim rests, or a question.
    """

    entries: tuple[Entry, ...]
    answers: tuple[Answer, ...]
    robustness: Mapping[str, Stored] = field(default_factory=dict)

    @property
    def count(self) -> Counter[str]:
        """Return how many claims have each verdict."""
        return Counter(entry.verdict for entry in self.entries)


def wanted_claims(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids in the order of the file, all of them if none is given. BadInput for one that is none."""
    known = claims()
    for name in ids:
        if name not in known:
            raise BadInput(
                f"claim: {shown(name)} is not known{nearest(name, list(known))}; must be an id of the ledger, which "
                "breakwater validate --stored lists"
            )
    return tuple(name for name in known if not ids or name in ids)


def runs_for(ids: Collection[str], questions: bool) -> set[str]:
    """Return the names of the runs from which these claims, and the central questions, are answered."""
    asked = {run for name in ids for run in CHECKS[name].runs}
    return asked | ({run for question in QUESTIONS for run in question.runs} if questions else set())


def searches_for(ids: Collection[str], questions: bool) -> set[str]:
    """Return the names of the flips that are searched for these claims, and for the central questions."""
    asked = {search for name in ids for search in CHECKS[name].searches}
    return asked | ({search for question in QUESTIONS for search in question.searches} if questions else set())


def unsettled(ids: Collection[str], questions: bool, sources: Sources) -> set[str]:
    """Return the runs on the width of whose intervals a claim or a central question hangs.

    A claim hangs on a run if its verdict, or what it flips to, is another by the run's intervals than with all figures
    taken for certain; a question if a service level of its run may be kept or broken.
    """
    found = {run for name in ids for run in _hanging(name, sources)}
    if questions:
        asked = {run for question in QUESTIONS for run in question.runs}
        found |= {run for run in asked if not sources[run].decided}
    return found


def _hanging(name: str, sources: Sources) -> set[str]:
    """Return the runs on whose intervals one claim hangs."""
    certain = {run: replace(item, certain=True) for run, item in sources.runs.items()}
    check, claim = CHECKS[name], claims()[name]

    def comes_to(runs: Mapping[str, Evidence]) -> tuple[object, ...]:
        entry = check.judge(claim, replace(sources, runs=runs))
        return entry.verdict, *((flip.setting, flip.verdict) for flip in entry.flips)

    sure = comes_to(certain)
    return {run for run in check.runs if comes_to({**certain, run: sources[run]}) != sure}


def judged(ids: Sequence[str], sources: Sources, questions: bool) -> Ledger:
    """Return the ledger of these claims."""
    names = {RUNS[run].scenario for run in runs_for(ids, questions)}
    stored = {name: stored_for(load_scenario(name)) for name in SHIPPED if name in names}
    entries = tuple(_with_ground(_judged(name, sources), stored) for name in ids)
    answers = tuple(_answered(question, sources) for question in QUESTIONS) if questions else ()
    return Ledger(entries, answers, stored)


def _judged(name: str, sources: Sources) -> Entry:
    return replace(CHECKS[name].judge(claims()[name], sources), seeds=seeds_text(CHECKS[name].runs, sources))


def _answered(question: Question, sources: Sources) -> Answer:
    return replace(question.answer(sources), seeds=seeds_text(question.runs, sources))


def seeds_text(runs: Sequence[str], sources: Sources) -> str:
    """Say with how many seeds runs were made, and why with no more; nothing if there is none.

    What was the same in all of them says little of how rare it is otherwise, so that is said, too.
    """
    counts = Counter((sources[run].n, sources[run].why_enough) for run in runs)
    if not counts:
        return ""
    made = "; ".join(
        f"{n} for {'each of ' if count > 1 else ''}{plural(count, 'run')} ({why})" for (n, why), count in counts.items()
    )
    few, *more = ((n, f"in up to {100 * rarer_than(n):.0f} %") for n in sorted({n for n, _ in counts}))
    rare = f"what is the same with all {few[0]} may be otherwise {few[1]} of on-sales"
    return f"{made}; {rare}{''.join(f', with all {n} {share}' for n, share in more)}"


def _with_ground(entry: Entry, stored: Mapping[str, Stored]) -> Entry:
    """Return a claim that says on which assumptions the scenarios depend that its runs are of, where that is known."""
    tables = ((name, stored[name].table) for name in hangs_on(entry.claim.id))
    grounds = (
        f"the verdict of {name}: {depends_text(table).rstrip('.')}" for name, table in tables if table is not None
    )
    return replace(entry, rests_on=(*entry.rests_on, *grounds))


def hangs_on(name: str) -> tuple[str, ...]:
    """Return the scenarios with a robustness table that the runs of a claim are of."""
    scenarios = {RUNS[run].scenario for run in CHECKS[name].runs}
    return tuple(scenario for scenario in SHIPPED if scenario in scenarios)


def table_of(ledger: Ledger) -> pd.DataFrame:
    """Return one row per claim, for notebooks: id, verdict, published, unit, the twin's low, best and high, why."""
    import pandas as pd

    rows = [
        {
            "claim": entry.claim.id,
            "says": entry.claim.says,
            "verdict": entry.verdict,
            "published": entry.claim.value,
            "unit": entry.unit,
            **_twin(entry),
            "why": entry.why,
        }
        for entry in ledger.entries
    ]
    return pd.DataFrame(rows).set_index("claim")


def document_of(ledger: Ledger) -> dict[str, Any]:
    """Return what `validate --json` prints."""
    return {
        "claims": [
            {
                "id": entry.claim.id,
                "says": entry.claim.says,
                "verdict": entry.verdict,
                "published": entry.claim.value,
                "published_unit": entry.claim.unit,
                "twin": _twin(entry) | {"unit": entry.unit},
                "samples": None if entry.twin is None else entry.twin.n,
                "seeds": entry.seeds or None,
                "no_interval": entry.no_interval or None,
                "rests_on": list(entry.rests_on),
                "why": entry.why,
                "flips": [
                    {"setting": f.setting, "at": f.at, "verdict": f.verdict, "found": f.found} for f in entry.flips
                ],
                "no_flip": entry.why_no_flip or None,
                "later": entry.later,
                "robustness": list(hangs_on(entry.claim.id)),
            }
            for entry in ledger.entries
        ],
        "questions": [
            {
                "question": answer.question,
                "answer": answer.text,
                "table": {"columns": list(answer.columns), "rows": [list(row) for row in answer.rows]},
                "flips": list(answer.flips),
                "rests_on": list(answer.rests_on),
                "seeds": answer.seeds or None,
            }
            for answer in ledger.answers
        ],
        "verdicts": dict(ledger.count),
        "robustness": {name: _robustness(stored) for name, stored in ledger.robustness.items()},
    }


def _robustness(stored: Stored) -> dict[str, Any]:
    """Return what survives of a scenario and what does not, or why that is not shown."""
    table = stored.table
    if table is None:
        return {"survives": None, "conditions": None, "scope": None, "stale": stored.stale}
    kept, lost = list(survivors(table)), list(conditions(table))
    return {"survives": kept, "conditions": lost, "scope": scope_text(table), "stale": None}


def _twin(entry: Entry) -> dict[str, Any]:
    found = entry.twin
    return {name: None if found is None else getattr(found, name) for name in ("low", "best", "high")}
