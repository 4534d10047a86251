"""A setting as a widget of Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

import streamlit as st

from dashboards.web.knobs import Knob, step_of
from models.judge.asked import setting_text


def widget(shown: Knob, key: str, value: Any, base: Any, take: Callable[..., None], *args: Any) -> None:
    """Draw it with *value*, under *key* in the session; *take* is called with *args* when it is changed.

    One click changes a number by a part of *base*, so that the step stays the same while it is changed.
    """
    st.session_state[key] = _for_widget(shown, value)
    common: dict[str, Any] = {"key": key, "help": shown.help, "on_change": take, "args": args}
    match shown.kind:
        case "integer":
            step = step_of(base, "integer")
            st.number_input(shown.label, int(shown.low or 0), int(shown.high or 0), step=int(step), **common)
        case "number":
            step = step_of(base, "number")
            st.number_input(
                shown.label, float(shown.low or 0), float(shown.high or 0), step=step, format="%g", **common
            )
        case "choice":
            st.selectbox(shown.label, choices_with(shown, value), **common)
        case "switch" | "section":
            st.toggle(shown.label, **common)
        case _:
            assert_never(shown.kind)


def choices_with(shown: Knob, value: Any) -> tuple[Any, ...]:
    """What can be chosen; the value that it has is always among it, such as a profile of one's own."""
    return shown.choices if value in shown.choices else (*shown.choices, value)


def value_words(shown: Knob, value: Any) -> str:
    """A value of it as people read it."""
    if shown.kind == "section":
        return "off" if value is None else "on"
    return f"{value:,g}" if isinstance(value, int | float) and not isinstance(value, bool) else setting_text(value)


def _for_widget(shown: Knob, value: Any) -> Any:
    if shown.kind == "section":
        return value is not None
    return float(value) if shown.kind == "number" else value
