"""What goes wrong in the design of the sidebar: faults that are added, changed and removed."""

from __future__ import annotations

from typing import Any, get_args

import streamlit as st

from dashboards.web.design import Design
from dashboards.web.drawing import wrong
from dashboards.web.knobs import Knob, knob_of_field
from dashboards.web.state import change_design, view
from dashboards.web.widgets import widget
from models.scenario.base import Section
from models.scenario.faults import Deploy, RedisFailover, SpotWave

Fault = dict[str, Any]
SHOWN: dict[type[Section], tuple[str, ...]] = {
    RedisFailover: ("at_s", "lost", "detection_s"),
    SpotWave: ("at_s", "share_percent"),
    Deploy: ("at_s",),
}
"""The settings of each kind of fault that have a knob."""
KINDS = {get_args(model.model_fields["kind"].annotation)[0]: model for model in SHOWN}
ONCE = "redis_failover"
"""Several of these must each name a shard of its own, which is the work of a scenario of one's own."""
AT_S = 20
"""When a fault happens that is added, as in the scenario `failover-at-peak`."""


def faults_of(design: Design) -> list[Fault]:
    """The faults of a design as a scenario file has them, without what is the default."""
    return design.changed_list("faults", [fault.model_dump(exclude_defaults=True) for fault in design.base().faults])


def with_faults(design: Design, faults: list[Fault]) -> Design:
    """The design with these faults; what it has without the changes is no change."""
    as_it_was = design.without("faults")
    return as_it_was if faults == faults_of(as_it_was) else design.with_value("faults", faults)


def draw_faults(problems: tuple[str, ...]) -> set[str]:
    """Draw them, and what else could go wrong; return the paths of the *problems* that stand here."""
    design = view().design
    found, here = faults_of(design), [line for line in problems if line.startswith("faults")]
    with st.expander("**↓ What goes wrong**", expanded=bool(found or here)):
        for place, fault in enumerate(found):
            with st.container(border=True, gap="xxsmall"):
                _draw(place, fault)
        for line in here:
            wrong(line)
        for kind in KINDS:
            if _can_be_added(kind, design, found):
                label = f"+ {_knob('kind', 0, kind).label}"
                st.button(label, key=f"add-{kind}", type="tertiary", on_click=_add, args=(kind,))
        if found != faults_of(design.without("faults")):
            st.button("changed · undo", key="undo-faults", type="tertiary", on_click=_undo)
    return {line.partition(":")[0] for line in here}


def _draw(place: int, fault: Fault) -> None:
    """One fault: its kind, its knobs, and a way to be rid of it."""
    kind = fault["kind"]
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.markdown(f"**{_knob('kind', place, kind).label}**")
    right.button("✕", key=f"remove-fault-{place}", type="tertiary", on_click=_remove, args=(place,), help="Remove")
    for name in SHOWN[KINDS[kind]]:
        value = fault.get(name, KINDS[kind].model_fields[name].default)
        key = f"fault-{place}-{kind}-{name}"
        widget(_knob(name, place, kind), key, value, value, _take, place, name, key)


def _knob(name: str, place: int, kind: str) -> Knob:
    return knob_of_field(KINDS[kind], f"faults.{place}.{name}")


def _can_be_added(kind: str, design: Design, found: list[Fault]) -> bool:
    """A primary can die once, pods and nodes only where they scale."""
    if kind == ONCE:
        return all(fault["kind"] != ONCE for fault in found)
    return design.value("autoscaling") is not None


def _add(kind: str) -> None:
    design = view().design
    change_design(with_faults(design, [*faults_of(design), {"kind": kind, "at_s": AT_S}]))


def _remove(place: int) -> None:
    design = view().design
    faults = faults_of(design)
    change_design(with_faults(design, [*faults[:place], *faults[place + 1 :]]))


def _take(place: int, name: str, key: str) -> None:
    """Change one setting of a fault; what is the default is left out."""
    design = view().design
    faults = faults_of(design)
    changed = {**faults[place], name: st.session_state[key]}
    if changed[name] == KINDS[changed["kind"]].model_fields[name].default:
        del changed[name]
    change_design(with_faults(design, [*faults[:place], changed, *faults[place + 1 :]]))


def _undo() -> None:
    change_design(view().design.without("faults"))
