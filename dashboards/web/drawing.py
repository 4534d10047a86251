"""What all pages draw with: HTML of ours, its style, and figures."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from dashboards.page import style_of

WEB_STYLE = Path(__file__).with_name("web.css")


def style() -> None:
    """Put the style sheets into the page."""
    st.html(f"<style>{_style()}</style>")


@cache
def _style() -> str:
    parts, web = style_of(["parts.css"]), WEB_STYLE.read_text(encoding="utf-8")
    return f"{style_of(['colours.css'])}\n.breakwater {{\n{parts}}}\n{web}"


def html(body: str) -> None:
    """Draw HTML of `dashboards.parts` or `dashboards.page`, its texts escaped by them."""
    st.html(f'<div class="breakwater">{body}</div>')


def wrong(line: str) -> None:
    """Draw one line that says what is wrong, at the place it is about."""
    st.html(f'<div class="breakwater"><div class="wrong">✗ {escape(line)}</div></div>')


def figure(drawn: go.Figure, key: str) -> None:
    """Draw a figure as it is, in the page's colours."""
    st.plotly_chart(
        drawn, theme=None, key=key, config={"displaylogo": False, "toImageButtonOptions": {"filename": key, "scale": 2}}
    )
