"""A scenario of one's own: its text, pasted or from a file, and what is wrong with it at the line it stands on."""

from __future__ import annotations

import io
from collections.abc import Callable
from copy import deepcopy
from html import escape
from itertools import takewhile
from typing import Any

import streamlit as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dashboards.options import shortened
from dashboards.web.design import Design
from dashboards.web.state import change_design, view
from models.documents.yaml_text import composed, line_in
from models.judge.asked import value_at
from models.judge.wording import plural
from models.scenario import BadScenario, Scenario
from sim.errors import BadInput

MOST_SHOWN = 20
"""Problems shown of a text; with more of them it is no scenario yet."""


def own_scenario() -> None:
    """Draw the text of the scenario, and the errors in it."""
    text = view().design.text or ""
    st.session_state["own text"] = text
    st.text_area(
        "Scenario (YAML)",
        key="own text",
        height=220,
        on_change=_take_text,
        help="Says what differs from the scenario it extends. Press Ctrl+Enter to apply.",
    )
    st.file_uploader("or a file", type=["yaml", "yml"], key="own file", on_change=_take_file)
    problems = problems_in(view().design)
    if problems:
        st.html(f'<div class="breakwater">{annotated(text, problems)}</div>')


def problems_in(design: Design) -> tuple[str, ...]:
    """Return what is wrong with a design, a line each; none if it can be simulated."""
    try:
        design.built()
    except BadScenario as error:
        return error.lines
    except BadInput as error:
        return (str(error),)
    return ()


def changes_as_yaml(design: Design) -> str:
    """Return the changed settings of a design as YAML; of a list all items, as it replaces the one it changes."""
    nested: dict[str, Any] = {}
    for path, value in design.settings:
        place = nested
        *sections, last = takewhile(lambda step: not step.isdecimal(), path.split("."))
        for section in sections:
            place = place.setdefault(section, {})
        whole = ".".join([*sections, last])
        place[last] = deepcopy(value) if whole == path else _list_at(design, whole)  # what is below may go into it
    return _yaml_text(nested) if nested else ""


def _list_at(design: Design, path: str) -> list[Any]:
    return design.changed_list(path, value_at(design.base().model_dump(mode="json"), path) or [])


def scenario_yaml(scenario: Scenario) -> str:
    """Return a whole scenario as a file that reproduces it."""
    return _yaml_text(scenario.model_dump(mode="json"))


def _yaml_text(data: dict[str, Any]) -> str:
    yaml: Any = YAML(typ="safe", pure=True)
    stream = io.StringIO()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # in the order of the schema
    yaml.dump(data, stream)
    return stream.getvalue()


def _take_text() -> None:
    change_design(Design(text=st.session_state["own text"]))


def _take_file() -> None:
    uploaded = st.session_state["own file"]
    if uploaded is not None:
        change_design(Design(text=uploaded.getvalue().decode("utf-8-sig", errors="replace")))


def annotated(text: str, problems: tuple[str, ...]) -> str:
    """Return every problem as HTML, under the line of the text that it is about where there is one."""
    lines, rows = text.splitlines(), []
    where = _finder(text)
    for line, problem in sorted(((where(problem), problem) for problem in problems[:MOST_SHOWN]), key=_place):
        if line is not None and line <= len(lines):
            rows.append(f'<div class="yaml"><span class="no">{line}</span>{escape(shortened(lines[line - 1]))}</div>')
        rows.append(f'<div class="wrong">✗ {escape(shortened(problem))}</div>')
    if len(problems) > MOST_SHOWN:
        rows.append(f'<div class="wrong">and {plural(len(problems) - MOST_SHOWN, "more problem")}</div>')
    return "".join(rows)


def _place(found: tuple[int | None, str]) -> int:
    """Where a problem is shown: in the order of the lines, those about no line first."""
    return found[0] or 0


def _finder(text: str) -> Callable[[str], int | None]:
    """What tells the line that a problem is about: named by its path, or in its words. The text is read once."""
    try:
        node = composed(text)
    except (YAMLError, ValueError):  # the text cannot be read at all, and the problem says so
        node = None

    def line(problem: str) -> int | None:
        path, _, rest = problem.partition(": ")
        if rest.startswith("line ") and (number := rest[5:].partition(":")[0]).isdecimal():
            return int(number)
        return None if node is None else line_in(node, path)

    return line
