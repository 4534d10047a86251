"""*Compare*: up to four designs on the same people, with the differences from the first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd
import streamlit as st

from dashboards.comparison import interval_of, signed
from dashboards.figures.differences import differences
from dashboards.page import card, folded, table
from dashboards.web.design import Design, changed_by
from dashboards.web.downloads import button, figures_page
from dashboards.web.drawing import figure, html, notice, small, wrong
from dashboards.web.finished import FINISHED
from dashboards.web.heading import heading
from dashboards.web.jobs import Compare
from dashboards.web.link import LETTERS, MOST_DESIGNS, MOST_REPLICATIONS, View
from dashboards.web.running import Awaited, hint, last_shown
from dashboards.web.state import change, view
from dashboards.words import FEW, SHOWN_KPIS, SLO_WORDS, told
from models.judge.ranges import compared_node_notes
from models.judge.verdict import SLO_KPIS
from models.judge.wording import NOTHING, plural, with_unit
from models.results.result import Difference
from models.scenario import scenario_names
from sim.errors import BadInput
from sim.outcome import FEWEST_PAIRS

PAGE = "compare"
SUGGESTED = "onsale-300k-spread"
WRONG = "wrong designs"
SLO_NAMES = {kpi: SLO_WORDS[level] for level, (kpi, _) in SLO_KPIS.items()}


def show(problems: tuple[str, ...]) -> Awaited:
    """Draw the page; with *problems* the design in the sidebar cannot be run."""
    looked_at = view()
    job = None if problems or not looked_at.others else current_comparison(looked_at)
    place = heading("Compare", PAGE, job, lambda: _files(job))
    st.caption(
        "The design in the sidebar is A. All run with the same people, so what differs is the design, not chance."
    )
    _designs(looked_at)
    shown = last_shown(PAGE, job, _names(looked_at))
    if shown is not None:
        (compared, names), found = shown
        if job is None or job.key != compared.key:
            notice("The designs have changed; this is the comparison before that.")
        for note in compared_node_notes(*compared.designs):
            notice(note)
        _differences(names, found, compared.replications)
    elif job is not None:
        runs = plural(job.replications * len(job.designs), "run")
        hint(job, PAGE, f"Press **Run** for {runs}: every design with the same {job.replications} seeds.")
    return Awaited(job, place)


def current_comparison(looked_at: View) -> Compare:
    """The comparison of the design in the sidebar with the others."""
    designs = (looked_at.design, *looked_at.others)
    return Compare(tuple(design.built() for design in designs), looked_at.seed, looked_at.pairs)


def _names(looked_at: View) -> tuple[str, ...]:
    designs = (looked_at.design, *looked_at.others)
    return tuple(f"{letter} {design.label}" for letter, design in zip("ABCD", designs, strict=False))


def _designs(looked_at: View) -> None:
    """A card for each design, and what could be added."""
    for column, place in zip(st.columns(MOST_DESIGNS), range(len(looked_at.others) + 2), strict=False):
        with column.container(border=True, height="stretch"):
            if place == 0:
                st.markdown("**A** · the design in the sidebar")
                _described(looked_at.design)
            elif place <= len(looked_at.others):
                _other(place - 1, looked_at.others[place - 1])
            else:
                _add(looked_at)
    st.session_state["pairs"] = looked_at.pairs
    st.columns(4)[0].number_input(
        "Runs of each design",
        2,
        MOST_REPLICATIONS,
        key="pairs",
        on_change=_take_pairs,
        help=f"Pairs on common random numbers. Fewer than {FEWEST_PAIRS} can tell no difference from chance.",
    )


def _described(design: Design) -> None:
    lines = "".join(f"<div><code>{escape(text)}</code></div>" for text in design.changes) or "no changed setting"
    name = design.built().name if design.text is not None else design.scenario
    html(f'<div><b>{escape(name)}</b></div><div class="dim">{lines}</div>')


def _other(place: int, design: Design) -> None:
    """One of the designs that A is compared with: scenario, changes, and a way to be rid of it."""
    letter = LETTERS[place]
    top, right = st.columns([3, 1], vertical_alignment="center")
    top.markdown(f"**{letter.upper()}**")
    right.button("✕", key=f"remove-{letter}", type="tertiary", on_click=_remove, args=(place,), help="Remove")
    if design.text is not None:
        _described(design)
        return
    names = [name for name, _ in scenario_names()]
    st.session_state[f"{letter} scenario"] = design.scenario
    st.selectbox("Scenario", names, key=f"{letter} scenario", on_change=_rename, args=(place,))
    wrongs: dict[str, tuple[str, str]] = st.session_state.setdefault(WRONG, {})
    typed, problem = wrongs.get(letter, ("\n".join(design.changes), ""))
    st.session_state[f"{letter} changes"] = typed
    st.text_area(
        "Changes, one PATH=VALUE a line",
        key=f"{letter} changes",
        height=110,
        placeholder="redis.shards=3",
        on_change=_rewrite,
        args=(place,),
    )
    if problem:
        wrong(problem)


def _add(looked_at: View) -> None:
    st.markdown(f"Add **{LETTERS[len(looked_at.others)].upper()}**")
    design = looked_at.design
    offers = {"a copy of A, to change": design}
    if design.settings:
        offers["A without its changes"] = design.without_changes()
    if design.scenario != SUGGESTED and design.text is None:
        offers[SUGGESTED] = Design(SUGGESTED)
    for label, offered in offers.items():
        st.button(label, key=f"add-{label}", width="stretch", on_click=_append, args=(offered,))


def _append(design: Design) -> None:
    change(others=(*view().others, design))


def _remove(place: int) -> None:
    others = view().others
    st.session_state.pop(WRONG, None)
    change(others=(*others[:place], *others[place + 1 :]))


def _replace(place: int, design: Design) -> None:
    others = view().others
    change(others=(*others[:place], design, *others[place + 1 :]))


def _rename(place: int) -> None:
    """Take another scenario, with the changes that were made to the one before if it takes them."""
    letter, old = LETTERS[place], view().others[place]
    st.session_state.setdefault(WRONG, {}).pop(letter, None)
    named = Design(st.session_state[f"{letter} scenario"])
    try:
        _replace(place, changed_by(named, old.changes))
    except BadInput:
        _replace(place, named)


def _rewrite(place: int) -> None:
    """Take the changes that were typed; what is wrong with them is shown under them, and they stay as they were."""
    letter, old = LETTERS[place], view().others[place]
    typed, wrongs = st.session_state[f"{letter} changes"], st.session_state.setdefault(WRONG, {})
    try:
        _replace(place, changed_by(Design(old.scenario), typed.splitlines()))
        wrongs.pop(letter, None)
    except BadInput as error:
        wrongs[letter] = typed, str(error).removeprefix("--set: ")


def _take_pairs() -> None:
    change(pairs=st.session_state["pairs"])


def _differences(names: Sequence[str], found: Sequence[Mapping[str, Difference]], replications: int) -> None:
    """The levels in a table, the figure, and every KPI."""
    others = dict(zip(names[1:], found, strict=True))
    html(card(_table(names, found, list(SLO_NAMES), SLO_NAMES)))
    grounds = {ground: None for each in found for item in each.values() for ground in item.rests_on}
    small(f"{plural(replications, 'run')} of each design; {'; '.join(grounds)}.")
    kpis = [kpi for kpi in dict.fromkeys([*SLO_NAMES, *SHOWN_KPIS]) if any(kpi in each for each in found)]
    figure(differences(others, kpis, names[0]), "differences")
    every = sorted({kpi for each in found for kpi in each})
    html(folded("Every key figure", card(_table(names, found, every, {}))))


def _files(job: Compare | None) -> None:
    """The comparison as a table and a figure to take along."""
    found = None if job is None else FINISHED.get(job.key)
    with st.popover("Download", disabled=found is None, width="stretch"):
        if found is None:
            return
        names = _names(view())
        stem = f"compared-{hashlib.sha256(chr(10).join(names).encode()).hexdigest()[:8]}"
        button("Differences (CSV)", f"{stem}.csv", "text/csv", lambda: _csv(names, found))
        drawn = differences(dict(zip(names[1:], found, strict=True)), [*SLO_NAMES, *SHOWN_KPIS], names[0])
        button(
            "Figure (HTML)", f"{stem}.html", "text/html", lambda: figures_page("; ".join(names), {"differences": drawn})
        )


def _csv(names: Sequence[str], found: Sequence[Mapping[str, Difference]]) -> str:
    rows = [
        {
            "design": name,
            "kpi": kpi,
            "unit": item.unit,
            "first": item.a.best,
            "value": item.b.best,
            "difference": item.difference.best,
            "low": item.difference.low,
            "high": item.difference.high,
            "detectable": item.detectable,
        }
        for name, each in zip(names[1:], found, strict=True)
        for kpi, item in each.items()
    ]
    return pd.DataFrame(rows).to_csv(index=False)


def _table(
    names: Sequence[str], found: Sequence[Mapping[str, Difference]], kpis: Sequence[str], words: Mapping[str, str]
) -> str:
    rows = []
    for kpi in kpis:
        known = next((each[kpi] for each in found if kpi in each), None)
        if known is None:
            continue
        cells = [escape(words.get(kpi, kpi)), escape(with_unit(known.a.best, known.unit))]
        rows.append((*cells, *(_cell(each.get(kpi)) for each in found)))
    return table(("", *names), rows, ("key", "number", *["number"] * len(found)))


def _cell(item: Difference | None) -> str:
    if item is None:
        return NOTHING
    value = escape(with_unit(item.b.best, item.unit))
    by = escape(f"{signed(item.difference.best, item.unit)} ({interval_of(item)})")
    words = told(item)
    if item.detectable:
        return f"{value}<br><b>{by}</b>"
    return f'{value}<br><span class="dim">{f"{by}: {words}" if words == FEW else words}</span>'
