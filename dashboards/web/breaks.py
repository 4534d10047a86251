"""*What breaks first?*: settings of the design over several values, and where each service level gives way."""

from __future__ import annotations

from typing import assert_never

import streamlit as st

from dashboards.figures.sweep import figures_of, shares_of_limits
from dashboards.page import folded
from dashboards.sweep.page import cells_table, findings_list, headline_box
from dashboards.web.design import Design
from dashboards.web.downloads import button, figures_page
from dashboards.web.drawing import figure, html, notice, wrong
from dashboards.web.finished import FINISHED
from dashboards.web.heading import heading
from dashboards.web.jobs import RunSweep
from dashboards.web.knobs import GROUPS, knob
from dashboards.web.link import MOST_REPLICATIONS, View
from dashboards.web.running import Awaited, hint, last_shown
from dashboards.web.state import change, view
from models.experiments.sweep.cells import cells_from
from models.experiments.sweep.design import design_of
from models.experiments.sweep.records import table_of
from models.experiments.sweep.run import Sweep
from models.judge.asked import setting_text
from models.judge.wording import plural
from sim.errors import BadInput

PAGE = "breaks"
FIRST, NONE = "clients.count", "nothing else"
SHARES = (0.25, 0.5, 0.75, 1.0, 1.5)
"""Values that a number is varied over unless others are typed, as shares of the one it has."""
MOST_CELLS = 60
"""More of them are the work of `breakwater sweep`."""


def show(problems: tuple[str, ...]) -> Awaited:
    """Draw the page; with *problems* the design cannot be varied."""
    looked_at = view()
    vary = looked_at.vary or (default_values(looked_at.design, FIRST),) if not problems else ()
    job, problem = (None, None) if problems else current_sweep(looked_at, vary)
    place = heading("What breaks first?", PAGE, job, lambda: _files(job, looked_at.design))
    st.caption("The design in the sidebar, over values of one or two settings: what holds where, and where it breaks.")
    if not problems:
        _axes(looked_at, vary)
    if problem is not None:
        wrong(problem)
    shown = last_shown(PAGE, job, looked_at.design.label)
    if shown is not None:
        (swept, label), sweep = shown
        if job is None or job.key != swept.key:
            notice(f"What is varied has changed; this is the sweep of {label} before that.")
        _sweep(sweep)
    elif job is not None:
        runs = plural(len(job.cells) * job.replications, "run")
        hint(job, PAGE, f"Press **Run** for {runs}, on all processors. What a cancelled sweep has finished is kept.")
    return Awaited(job, place)


def current_sweep(looked_at: View, vary: tuple[str, ...]) -> tuple[RunSweep | None, str | None]:
    """The sweep that is asked for, or what is wrong with it."""
    try:
        design = design_of(vary, None, looked_at.seed)
        if len(design.points) > MOST_CELLS:
            return None, f"{len(design.points):,} cells are too many for this page; at most {MOST_CELLS}"
        fixed = looked_at.design
        for path in design.paths:
            fixed = fixed.without(path)
        cells = cells_from(fixed.varied, design, drawn=looked_at.runs_per_cell > 1)
    except BadInput as error:
        return None, str(error).removeprefix("--vary: ")
    return RunSweep(design, cells, looked_at.seed, looked_at.runs_per_cell), None


def default_values(design: Design, path: str) -> str:
    """What a setting is varied over at first: its choices, or shares of the number that it has."""
    shown, value = knob(path), design.value(path)
    if shown.kind == "choice":
        values = [value, *(choice for choice in shown.choices if choice != value)][:4]
    elif shown.kind == "switch":
        values = [False, True]
    elif shown.kind == "integer" or shown.kind == "number":
        low, high = shown.low or 0, shown.high or value
        scaled = [min(high, max(low, share * (value or 1))) for share in SHARES]
        values = [max(1 if low >= 1 else low, round(each)) for each in scaled] if shown.kind == "integer" else scaled
    elif shown.kind == "section":
        raise ValueError(f"{path}: a section has no values to vary over")
    else:
        assert_never(shown.kind)
    return f"{path}={','.join(setting_text(each) for each in dict.fromkeys(values))}"


def _axes(looked_at: View, vary: tuple[str, ...]) -> None:
    """Which settings are varied and over what; the number of runs of each cell."""
    known = [path for group in GROUPS for path in (*group.main, *group.more) if knob(path).kind != "section"]
    if looked_at.design.value("autoscaling") is None:
        known = [path for path in known if not path.startswith("autoscaling.")]
    for place in range(2):
        text = vary[place] if place < len(vary) else ""
        path, _, values = text.partition("=")
        choices = [*([] if place == 0 else [NONE]), *known, *([path] if path and path not in known else [])]
        left, right = st.columns([2, 3])
        st.session_state[f"vary {place}"] = path or NONE
        left.selectbox(
            "Vary" if place == 0 else "and",
            choices,
            key=f"vary {place}",
            format_func=lambda path: path if path not in known else f"{path} · {knob(path).label}",
            on_change=_pick,
            args=(place, vary),
        )
        if text:
            st.session_state[f"values {place}"] = values
            right.text_input("Values, with commas between", key=f"values {place}", on_change=_type, args=(place, vary))
    st.session_state["runs_per_cell"] = looked_at.runs_per_cell
    st.columns([2, 3])[0].number_input(
        "Runs of each cell",
        1,
        MOST_REPLICATIONS,
        key="runs_per_cell",
        on_change=_take_runs,
        help="With more than one, levels have intervals.",
    )


def _pick(place: int, vary: tuple[str, ...]) -> None:
    path = st.session_state[f"vary {place}"]
    others = [text for k, text in enumerate(vary[:2]) if k != place]
    if path == NONE:
        change(vary=tuple(others))
        return
    chosen = default_values(view().design, path)
    change(vary=(chosen, *others) if place == 0 else (*others, chosen))


def _type(place: int, vary: tuple[str, ...]) -> None:
    path = vary[place].partition("=")[0]
    texts = [*vary]
    texts[place] = f"{path}={st.session_state[f'values {place}'].strip()}"
    change(vary=tuple(texts))


def _take_runs() -> None:
    change(runs_per_cell=st.session_state["runs_per_cell"])


def _sweep(sweep: Sweep) -> None:
    html(headline_box(sweep) + findings_list(sweep))
    shares = shares_of_limits(sweep)
    if shares is not None:
        figure(shares, "shares-of-limits")
    with st.expander("A figure of each level, and of what else differs", expanded=shares is None):
        for name, drawn in figures_of(sweep).items():
            figure(drawn, f"sweep-{name}")
    html(folded("Every cell", cells_table(sweep)))
    if len(sweep.seeds) == 1:
        st.caption("One run of each cell: no interval.")


def _files(job: RunSweep | None, design: Design) -> None:
    found = None if job is None else FINISHED.get(job.key)
    with st.popover("Download", disabled=found is None, width="stretch"):
        if found is not None:
            over, title = "-".join(found.design.paths), f"Sweep of {design.label}"
            name = design.asked.stem(f"{design.base().name}-over-{over}")
            button("Table (CSV)", f"{name}.csv", "text/csv", lambda: table_of(found).to_csv(index=False))
            button("Figures (HTML)", f"{name}.html", "text/html", lambda: figures_page(title, figures_of(found)))
