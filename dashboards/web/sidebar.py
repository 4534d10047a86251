"""The design under study, on every page: which scenario, and its settings along the way of a request."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards.options import LARGEST_SEED
from dashboards.web.design import Design, changed_by
from dashboards.web.drawing import small, verbatim, wrong
from dashboards.web.faults import draw_faults
from dashboards.web.knobs import GROUPS, Group, Knob, knob, shown_paths
from dashboards.web.link import MOST_REPLICATIONS
from dashboards.web.own import changes_as_yaml, own_scenario
from dashboards.web.state import change, change_design, view
from dashboards.web.widgets import value_words, widget
from models.judge.asked import setting_text
from models.judge.wording import plural
from models.scenario import scenario_names
from sim.errors import BadInput

OWN_CHOICE = "a scenario of your own"


def sidebar(problems: tuple[str, ...]) -> None:
    """Draw it; *problems* are lines beginning with the path of the setting that they stand at."""
    with st.sidebar:
        _picker()
        if not _is_readable(view().design):
            return
        named = set()
        for number, group in enumerate(GROUPS):
            named |= _group(group, problems, first=number == 0)
        named |= draw_faults(problems)
        _run_settings()
        for line in problems:
            if line.partition(":")[0] not in named:
                wrong(line)


def _picker() -> None:
    names, design = [name for name, _ in scenario_names()], view().design
    st.session_state["scenario"] = OWN_CHOICE if design.text is not None else design.scenario
    st.selectbox("Scenario", [*names, OWN_CHOICE], key="scenario", on_change=_pick)
    if design.text is not None:
        own_scenario()
    else:
        small(design.base().description)
    if design.settings:
        undo, bare = f"Undo {plural(len(design.settings), 'changed setting')}", design.without_changes()
        st.button(undo, key="undo-all", type="tertiary", on_click=change_design, args=(bare,))


def _is_readable(design: Design) -> bool:
    """Whether there is a scenario to change settings of: a text of one's own may be none."""
    try:
        design.base()
    except BadInput:
        return False
    return True


def _pick() -> None:
    name = st.session_state["scenario"]
    if name == OWN_CHOICE:
        change_design(Design(text=f"extends: {view().design.scenario}\n" + _as_yaml(view().design)))
    else:
        change_design(Design(name))


def _as_yaml(design: Design) -> str:
    """What of a design is changed, to begin a scenario of one's own with."""
    return changes_as_yaml(design) or "# what differs, for example\nclients:\n  poll_interval_s: 2\n"


def _group(group: Group, problems: tuple[str, ...], first: bool) -> set[str]:
    """Draw one part of the architecture; return the settings it holds."""
    changed = {path for path, _ in view().design.settings}
    hidden = [path for path in group.more if path in changed]
    arrow = "" if first else "↓ "
    if group.main:
        st.html(f'<div class="part">{arrow}{escape(group.title)}</div>')
    for path in group.main:
        _draw(knob(path), problems)
    wrong_here = any(line.partition(":")[0] in group.more for line in problems)
    with st.expander("more" if group.main else f"**{arrow}{group.title}**", expanded=bool(hidden) or wrong_here):
        for path in group.more:
            if path.startswith("autoscaling.") and view().design.value("autoscaling") is None:
                continue
            _draw(knob(path), problems)
    return {*group.main, *group.more}


def _draw(shown: Knob, problems: tuple[str, ...]) -> None:
    """One setting: its widget, whether it is changed and from what, and what is wrong with it."""
    design = view().design
    value, changed = design.value(shown.path), shown.path in dict(design.settings)
    with st.container(key=f"{'changed' if changed else 'knob'}-{shown.path}", gap="xxsmall"):
        key = f"setting-{shown.path}"
        widget(shown, key, value, design.given(shown.path), _set, shown.path, key)
        if changed:
            was = value_words(shown, design.given(shown.path))
            st.button(
                f"was {was if shown.kind in ('integer', 'number') else verbatim(was)} · undo",
                key=f"undo-{shown.path}",
                type="tertiary",
                on_click=_undo,
                args=(shown.path,),
            )
        for line in problems:
            if line.partition(":")[0] == shown.path:
                wrong(line)


def _undo(path: str) -> None:
    change_design(view().design.without(path))


def _set(path: str, key: str) -> None:
    value, design = st.session_state[key], view().design
    if knob(path).kind == "section":
        design = design.without(path) if value == (design.given(path) is not None) else design
        value = {} if value else None
    change_design(design.with_value(path, value))


def _run_settings() -> None:
    """Any other setting, the seed and the number of runs."""
    st.html('<div class="part">Run</div>')
    looked_at = view()
    st.session_state["replications"] = looked_at.replications
    st.number_input(
        "Replications",
        1,
        MOST_REPLICATIONS,
        key="replications",
        on_change=_take,
        args=("replications",),
        help="Independent runs. With more than one, figures have intervals, and the first run is drawn over time.",
    )
    others = [change for change in looked_at.design.settings if not _has_knob(change[0])]
    with st.expander("seed, and any other setting", expanded=bool(others)):
        st.session_state["seed"] = str(looked_at.seed)
        st.text_input("Seed of all random numbers", key="seed", on_change=_take_seed)
        st.text_input(
            "Any other setting",
            key="any",
            placeholder="gateway.heap.gogc=50",
            on_change=_take_any,
            help="PATH=VALUE, as after `--set`. `breakwater schema` prints every setting.",
        )
        if (line := st.session_state.get("any wrong")) is not None:
            wrong(line)
        for path, value in others:
            st.button(
                f"{verbatim(f'{path}={setting_text(value)}')} · undo",
                key=f"undo-{path}",
                type="tertiary",
                on_click=_undo,
                args=(path,),
            )


def _has_knob(path: str) -> bool:
    return path in shown_paths() or path.partition(".")[0] == "faults"


def _take(name: str) -> None:
    change(**{name: st.session_state[name]})


def _take_seed() -> None:
    text = st.session_state["seed"].strip()
    if text.isascii() and text.isdecimal() and int(text) <= LARGEST_SEED:
        change(seed=int(text))


def _take_any() -> None:
    """Change the setting that was typed, if it can be."""
    st.session_state["any wrong"] = None
    try:
        change_design(changed_by(view().design, [st.session_state["any"]]))
    except BadInput as error:
        st.session_state["any wrong"] = str(error).removeprefix("--set: ")
    else:
        st.session_state["any"] = ""
