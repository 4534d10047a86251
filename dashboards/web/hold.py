"""*Will it hold?*: the verdict on the design under study, why, one timeline, and what to try."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from dashboards.figures.ladder import stages
from dashboards.figures.timeline import timeline
from dashboards.page import folded
from dashboards.parts import (
    answers,
    assumptions,
    beside_table,
    findings_table,
    kpis_table,
    limits_table,
    shards_table,
    stages_table,
    tiles,
    verdict_box,
)
from dashboards.robustness import TITLE, robustness_html
from dashboards.web.design import Design
from dashboards.web.downloads import downloads
from dashboards.web.drawing import figure, html, notice
from dashboards.web.finished import FINISHED
from dashboards.web.heading import heading
from dashboards.web.jobs import Run
from dashboards.web.link import MOST_DESIGNS
from dashboards.web.running import Awaited, ask, first_visit, hint, is_asked, last_shown
from dashboards.web.state import change, change_design, view
from dashboards.words import CAPACITIES_TITLE, NOTEWORTHY, SHARDS_TITLE
from models.judge.beside import Judged
from models.judge.remedies import Action
from models.judge.verdict import Verdict
from models.judge.wording import clock, number, plural
from models.results.result import RunResult
from models.scenario import Scenario
from sim.errors import BadInput

PAGE = "hold"
BESIDE = "beside"
"""Where a session keeps which runs it has asked for beside others: one that was stopped is not asked for again."""


def show(problems: tuple[str, ...]) -> Awaited:
    """Draw the page; with *problems* the design cannot be run."""
    job = None if problems else current_run()
    if job is not None and first_visit(PAGE):
        ask(job.key, PAGE)  # the first visit, and a link, need no click
    other = None if job is None else run_beside(view().design)
    waited = _next(job, other)
    place = heading("Will it hold?", PAGE, waited, lambda: downloads(job, view().design))
    shown = last_shown(PAGE, job, view().design)
    if shown is not None:
        (run, design), (result, verdict) = shown
        _stale(job, run, design)
        _verdict(result, run.scenario, verdict, design, run_beside(design))
    else:
        hint(job, PAGE, "No result yet. Press **Run**.")
    return Awaited(waited, place)


def current_run() -> Run:
    """The run of the design under study."""
    return Run(view().design.built(), view().seed, view().replications)


def run_beside(design: Design) -> Run | None:
    """The run of the scenario that the design's is to be seen with, changed alike; None if there is none."""
    beside = None if design.text is not None else design.base().beside
    if beside is None:
        return None
    try:
        return Run(replace(design, scenario=beside).built(), view().seed, view().replications)
    except BadInput:  # the changes do not fit it
        return None


def _next(job: Run | None, other: Run | None) -> Run | None:
    """What the page waits for: the run of the design, then, once that is there, the one beside it, asked for once."""
    if job is None or other is None or FINISHED.get(job.key) is None or FINISHED.get(other.key) is not None:
        return job
    asked: set[str] = st.session_state.setdefault(BESIDE, set())
    if other.key not in asked:
        asked.add(other.key)
        ask(other.key, PAGE)
    return other if is_asked(other, PAGE) else job


def _stale(job: Run | None, shown: Run, design: Design) -> None:
    """Say so if the design has changed since what is shown was run."""
    if job is not None and job.key == shown.key:
        return
    running = job is not None and is_asked(job, PAGE)
    now = "Those of now are being run" if running else "Press Run for those of now"
    notice(f"The settings have changed; this is the result of {design.label}. {now}.")


def _verdict(result: RunResult, scenario: Scenario, verdict: Verdict, design: Design, other: Run | None) -> None:
    html(verdict_box(verdict) + _line(result, design))
    if other is not None and (found := FINISHED.get(other.key)) is not None:
        html(beside_table([Judged(result, scenario, verdict), Judged(found[0], other.scenario, found[1])]))
    html(tiles(verdict, _before(shown_design=design, seed=result.manifest["seed"])))
    if design.settings:
        st.button("Compare with the scenario without these changes", on_click=_compare, args=(design,), key="compare")
    st.subheader("Why", anchor=False)
    _findings(verdict)
    figure(timeline(result, scenario, verdict), "timeline")
    if verdict.stages:
        figure(stages(result, verdict), "stages")
        html(stages_table(verdict))
    if verdict.robustness:
        st.subheader(TITLE, anchor=False)
        html(robustness_html(verdict.robustness))
    if verdict.answers:
        st.subheader("The central questions", anchor=False)
        html(answers(verdict))
    if verdict.actions:
        st.subheader("What to try", anchor=False)
        for number_, action in enumerate(verdict.actions):
            _action(action, number_, design)
    st.subheader("What it rests on", anchor=False)
    html(
        folded("Caveats and assumptions", assumptions(result, scenario, verdict))
        + folded(CAPACITIES_TITLE, limits_table(verdict))
        + folded(SHARDS_TITLE, shards_table(verdict))
        + folded("All key figures, and what they rest on", kpis_table(result))
    )


def _line(result: RunResult, design: Design) -> str:
    """What was run, in one line under the verdict."""
    manifest, total = result.manifest, result.best("requests.total") or 0
    text = (
        f"{design.label} · {number(total)} requests in {clock(manifest['wall_s'])} · profile {manifest['profile']} "
        f"· seed {manifest['seed']} · {plural(manifest['replications'], 'replication')}"
    )
    return f'<p class="dim">{escape(text)}</p>'


def _before(shown_design: Design, seed: int) -> dict[str, str] | None:
    """What each service level is without the changes, if that has been run."""
    if not shown_design.settings:
        return None
    base = Run(shown_design.base(), seed, view().replications)
    found = FINISHED.get(base.key)
    if found is None:
        return None
    return {row.name: f"before: {row.text}" for row in found[1].slo}


def _findings(verdict: Verdict) -> None:
    """What is wrong first; what is neither wrong nor good, or good, a click away."""
    wrong = [finding for finding in verdict.findings if finding.severity in NOTEWORTHY]
    others = [finding for finding in verdict.findings if finding.severity not in NOTEWORTHY]
    rest = folded(f"{plural(len(others), 'more finding')}", findings_table(others)) if wrong and others else ""
    html((findings_table(wrong or others)) + rest)


def _compare(design: Design) -> None:
    """Turn to the page that compares, with the scenario of the design beside it."""
    base = design.without_changes()
    others = view().others if base in view().others else (base, *view().others)[: MOST_DESIGNS - 1]
    change(page="compare", design=design, others=others)


def _action(action: Action, place: int, design: Design) -> None:
    text, button = st.columns([6, 1], vertical_alignment="center")
    settings = " ".join(f"`{path}={value}`" for path, value in action.settings)
    text.markdown(f"{action.text.replace('$', chr(92) + '$')}: {settings}")
    button.button("Try it", key=f"try-{place}", on_click=_try, args=(action, design), width="stretch")


def _try(action: Action, design: Design) -> None:
    """Apply what is proposed to the design that it was proposed for, and run it."""
    for path, value in action.settings:
        design = design.with_value(path, value)
    change_design(design)
    ask(current_run().key, PAGE)
