"""The link that restores the view on this page."""

from __future__ import annotations

import streamlit as st

from dashboards.web.link import LONGEST, query_of
from dashboards.web.state import view


def share(page: str) -> None:
    """A button that shows the link, to be copied."""
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
