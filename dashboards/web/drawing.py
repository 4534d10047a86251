"""What all pages draw with: HTML of ours, its style, and figures."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboards.options import shortened
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
    st.html(f'<div class="breakwater"><div class="wrong">✗ {escape(shortened(line))}</div></div>')


def notice(text: str, *, bad: bool = False, place: Any = st) -> None:
    """Draw a line about the whole page in a frame. What it quotes from a link or a file is text, never Markdown."""
    kind = "notice bad" if bad else "notice"
    place.html(f'<div class="breakwater"><div class="{kind}" role="alert">{escape(shortened(text))}</div></div>')


def small(text: str) -> None:
    """Draw a dim line, as a caption; what it quotes is text, never Markdown."""
    st.html(f'<div class="breakwater"><p class="dim small">{escape(text)}</p></div>')


def verbatim(text: str) -> str:
    """Return text for a label of Streamlit's, which are Markdown: in a span of code nothing is an image or a link."""
    line = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if line else ""


def figure(drawn: go.Figure, key: str) -> None:
    """Draw a figure as it is, in the page's colours."""
    st.plotly_chart(
        drawn, theme=None, key=key, config={"displaylogo": False, "toImageButtonOptions": {"filename": key, "scale": 2}}
    )
