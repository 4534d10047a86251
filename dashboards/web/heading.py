"""The head of a page: its title, what can be done, and the place where a run shows how far it is."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Job
from dashboards.web.link import LONGEST, query_of
from dashboards.web.running import ask, begin, is_asked, press, pressed, settle
from dashboards.web.state import view


def heading(title: str, page: str, job: Job | None, files: Callable[[], None]) -> DeltaGenerator:
    """Draw it and return the place. Without a *job* nothing can be run; *files* draws what can be downloaded."""
    settle(job, page)
    if pressed(page) and job is not None:
        ask(job.key, page)
    begin(job, page)
    left, run, link, load = st.columns([5, 1.4, 1.1, 1.4], vertical_alignment="center")
    left.title(title, anchor=False)
    fresh = job is not None and FINISHED.get(job.key) is not None
    run.button(
        "Run",
        type="secondary" if fresh else "primary",
        disabled=job is None or fresh or is_asked(job, page),
        on_click=press,
        args=(page,),
        width="stretch",
        key="run",
    )
    with link:
        share()
    with load:
        files()
    return st.empty()


def share() -> None:
    """Draw a button that shows the link of what is seen, to be copied."""
    with st.popover("Link", width="stretch"):
        query = query_of(view())
        if query is None:
            st.write(
                f"This scenario is too long for a link of {LONGEST:,} characters. "
                "Download it instead; it can be opened here as a scenario of one's own."
            )
            return
        st.write("This link restores what you see, wherever Breakwater runs:")
        st.code(f"{(st.context.url or '').partition('?')[0]}?{query}", language=None, wrap_lines=True)
