"""*What does it cost?*: the bill of an event and of a month by part, beside the talk's prices, and what moves it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboards.figures.cost import cost_by_part, cost_by_setting
from dashboards.invoice import ITEM_TITLES, item_rows
from dashboards.parts import findings_table, invoice_parts
from dashboards.web.design import Design
from dashboards.web.downloads import button, figures_page
from dashboards.web.drawing import figure, html, notice
from dashboards.web.finished import FINISHED
from dashboards.web.heading import heading
from dashboards.web.hold import current_run
from dashboards.web.jobs import Run
from dashboards.web.running import Awaited, ask, first_visit, hint, last_shown
from dashboards.web.state import view
from models.judge.invoice import Invoice, bill_of
from models.judge.verdict import Verdict
from models.results.cost import CostBreakdown
from models.results.result import RunResult
from sim.errors import BadInput

PAGE = "cost"
VARIED: dict[str, tuple[tuple[str, str], tuple[Any, ...]]] = {
    "redis.shards": (("shard", "shards"), (1, 2, 3, 5, 8, 10, 15)),
    "redis.node_type": (("Redis node", "Redis node"), ("cache.m7g.large", "cache.m7g.xlarge", "cache.m7g.2xlarge")),
    "gateway.pods": (("warm pod", "warm pods"), (3, 10, 20, 30, 45, 60)),
    "cost.pods_between_events": (("pod between events", "pods between events"), (0, 10, 20, 30)),
}
"""Settings that are paid by the hour: what one and several of them are called, and values to bill."""


def show(problems: tuple[str, ...]) -> Awaited:
    """Draw the page; with *problems* the design cannot be run."""
    job = None if problems else current_run()
    if job is not None and first_visit(PAGE):
        ask(job.key, PAGE)
    place = heading("What does it cost?", PAGE, job, lambda: _files(job, view().design))
    shown = last_shown(PAGE, job, view().design)
    if shown is not None:
        (run, design), (result, verdict) = shown
        if job is None or job.key != run.key:
            notice(f"The settings have changed; this is the bill of {design.label}.")
        _bill(result, verdict, design)
    else:
        hint(job, PAGE, "No bill yet: it needs a run of the design. Press **Run**.")
    return Awaited(job, place)


def _bill(result: RunResult, verdict: Verdict, design: Design) -> None:
    if verdict.invoice is None:
        st.info("A load ladder is no event, and so has no bill. Choose an on-sale.")
        return
    html(findings_table([finding for finding in verdict.findings if finding.topic == "Cost"]))
    figure(cost_by_part(verdict.invoice), "cost")
    html(invoice_parts(verdict.invoice))
    st.subheader("What moves it", anchor=False)
    figure(_moved(result, design), "cost-by-setting")
    st.caption(
        "Billed at list prices with what this run used: requests stay the same, though a design that holds worse, or "
        "better, would have others. Change the setting and press Run for the whole answer. The large mark is now."
    )


def _moved(result: RunResult, design: Design) -> go.Figure:
    bills = {path: _bills(result, design, path, values) for path, (_, values) in VARIED.items()}
    current = {path: design.value(path) for path in VARIED}
    return cost_by_setting(bills, current, {path: words for path, (words, _) in VARIED.items()})


def _bills(result: RunResult, design: Design, path: str, values: tuple[Any, ...]) -> list[tuple[Any, CostBreakdown]]:
    """The bill at each of the values that the design takes, the one it has among them."""
    bills = []
    now = design.value(path)
    for value in values if now in values else sorted((*values, now)):
        try:
            bills.append((value, bill_of(result, design.varied({path: value}))))
        except BadInput:  # such as more pods than an autoscaler may run
            continue
    return bills


def _files(job: Run | None, design: Design) -> None:
    found = None if job is None else FINISHED.get(job.key)
    invoice: Invoice | None = None if found is None else found[1].invoice
    with st.popover("Download", disabled=invoice is None, width="stretch"):
        if invoice is not None:
            asked = design.asked
            name, title = asked.stem(f"{design.base().name}-bill"), f"Bill of {design.label}"
            button("Bill (CSV)", f"{name}.csv", "text/csv", lambda: _csv(invoice))
            figures = {"cost": cost_by_part(invoice)}
            button("Figure (HTML)", f"{name}.html", "text/html", lambda: figures_page(title, figures))


def _csv(invoice: Invoice) -> str:
    return pd.DataFrame(list(item_rows(invoice)), columns=list(ITEM_TITLES)).to_csv(index=False)
