"""What a session remembers: its view, restored from a link at its start and written into the address bar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboards.web.design import Design
from dashboards.web.link import View, params_of, query_of, view_of
from sim.errors import BadInput

VIEW, LINK_ERROR = "view", "link error"


def restore() -> None:
    """At the start of a session take the view from its link, if there is one; else, or if it is wrong, the default."""
    if VIEW in st.session_state:
        return
    st.session_state[VIEW] = View()
    if st.query_params.to_dict():
        try:
            st.session_state[VIEW] = view_of(st.query_params.get_all)
        except BadInput as error:
            st.session_state[LINK_ERROR] = f"This link cannot be restored, the default is shown. {error}"


def view() -> View:
    """What this session looks at."""
    return st.session_state[VIEW]


def change(**changes: Any) -> None:
    """Change some of what this session looks at."""
    st.session_state.pop(LINK_ERROR, None)
    st.session_state[VIEW] = replace(view(), **changes)


def change_design(design: Design) -> None:
    """Look at another design."""
    change(design=design)


def write_link() -> None:
    """Let the address bar hold the link of the view; nothing if it is too long for one."""
    params = params_of(view()) if query_of(view()) is not None else {}
    if {name: st.query_params.get_all(name) for name in st.query_params} != _as_lists(params):
        st.query_params.from_dict(params)


def _as_lists(params: dict[str, str | list[str]]) -> dict[str, list[str]]:
    return {name: [value] if isinstance(value, str) else value for name, value in params.items()}
