"""The script that Streamlit runs for every session and click: the design in the sidebar, and the page.

The page stands in the link, not in the path: below another path the browser would look for the server there first.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards.web import breaks, compare, cost, hold, trust
from dashboards.web.drawing import notice, style
from dashboards.web.link import PAGES
from dashboards.web.own import problems_in
from dashboards.web.running import finish, leave_others
from dashboards.web.sidebar import sidebar
from dashboards.web.state import LINK_ERROR, change, restore, view, write_link

ICON = str(Path(__file__).with_name("icon.svg"))
SHOW = {module.PAGE: module.show for module in (hold, compare, breaks, trust, cost)}


def main() -> None:
    """Draw the page that the session looks at."""
    st.set_page_config(page_title="Breakwater", page_icon=ICON, layout="wide", initial_sidebar_state="expanded")
    style()
    restore()
    problems = problems_in(view().design)
    write_link()
    _navigation()
    if (line := st.session_state.get(LINK_ERROR)) is not None:
        notice(line, bad=True)
    page = view().page
    leave_others(page)
    awaited = None
    try:
        awaited = SHOW[page](problems)  # first of all: it starts the worker, and has the verdict
    finally:
        sidebar(problems)
    if awaited is not None:
        finish(awaited, page)


def _navigation() -> None:
    st.session_state["page"] = view().page
    st.segmented_control(
        "Page",
        list(PAGES),
        key="page",
        format_func=PAGES.__getitem__,
        on_change=_turn,
        label_visibility="collapsed",
        required=True,
    )


def _turn() -> None:
    change(page=st.session_state["page"])


if __name__ == "__main__":
    main()
