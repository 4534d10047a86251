"""The script that Streamlit runs for every session and click: the design in the sidebar, and the page."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from dashboards.web import hold
from dashboards.web.drawing import style
from dashboards.web.own import problems_in
from dashboards.web.running import leave_others
from dashboards.web.sidebar import sidebar
from dashboards.web.state import LINK_ERROR, restore, view, write_link

ICON = str(Path(__file__).with_name("icon.svg"))
PAGES = {hold.PAGE: ("Will it hold?", hold.show)}


def main(first: str = hold.PAGE) -> None:
    """Draw one run of the script; *first* is the page that is shown without a path."""
    st.set_page_config(page_title="Breakwater", page_icon=ICON, layout="wide", initial_sidebar_state="expanded")
    style()
    restore()
    problems = problems_in(view().design)
    pages = [
        st.Page(partial(_page, name, problems), title=title, url_path=name, default=name == first)
        for name, (title, _) in PAGES.items()
    ]
    chosen = st.navigation(pages, position="top")
    write_link()
    sidebar(problems)
    if (line := st.session_state.get(LINK_ERROR)) is not None:
        st.error(line)
    chosen.run()


def _page(name: str, problems: tuple[str, ...]) -> None:
    leave_others(name)
    _, show = PAGES[name]
    show(problems)


if __name__ == "__main__":
    main()
