"""Everything behind a result as files: scenario, series, figures, report."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from dashboards.figures.run import figures_of
from dashboards.figures.timeline import timeline
from dashboards.page import figures_html, page_html
from dashboards.report import report_html
from dashboards.web.design import Design
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Run
from dashboards.web.own import scenario_yaml
from models.judge.asked import Asked, asked_in, noted
from models.judge.remedies import actions_for
from models.judge.verdict import Verdict
from models.results.result import RunResult
from models.scenario import Scenario


def downloads(job: Run | None, design: Design) -> None:
    """A button that offers the files of a run of *design*; without a result only its scenario."""
    with st.popover("Download", disabled=job is None, width="stretch"):
        if job is None:
            return
        asked, scenario, found = design.asked, job.scenario, FINISHED.get(job.key)
        name = asked.stem(scenario.name)
        button("Scenario (YAML)", f"{name}.yaml", "text/yaml", lambda: scenario_yaml(scenario))
        if found is None:
            st.caption("Series, figures and report come with a result.")
            return
        result, verdict = as_asked(found[0], found[1], scenario, asked)
        html = "text/html"
        button("Report (HTML)", f"{name}.html", html, lambda: report_html(result, scenario, verdict))
        button("Figures (HTML)", f"{name}-figures.html", html, lambda: _all_figures(result, scenario, verdict))
        button(
            "Timeline (JSON)",
            f"{name}-timeline.json",
            "application/json",
            lambda: str(timeline(result, scenario, verdict).to_json()),
        )
        button("Series (CSV)", f"{name}.csv", "text/csv", lambda: result.series.to_csv())
        button("Series (Parquet)", f"{name}.parquet", "application/vnd.apache.parquet", lambda: _parquet(result))


def as_asked(result: RunResult, verdict: Verdict, scenario: Scenario, asked: Asked) -> tuple[RunResult, Verdict]:
    """Let a result that sessions share say what this one asked for, and what to try keep that."""
    mine = noted(result, asked)
    return mine, replace(verdict, actions=actions_for(mine, scenario, verdict.limits))


def button(label: str, file: str, kind: str, make: Callable[[], str | bytes]) -> None:
    """Draw a button for a file that is made when it is asked for."""
    st.download_button(label, make, file, kind, key=f"download-{file}", on_click="ignore", width="stretch")


def figures_page(title: str, figures: Mapping[str, go.Figure]) -> str:
    """Return figures as a page that needs nothing else."""
    return page_html(title, [figures_html(figures)])


def _all_figures(result: RunResult, scenario: Scenario, verdict: Verdict) -> str:
    timed = {"timeline": timeline(result, scenario, verdict)}
    title = ", ".join(filter(None, [scenario.name, asked_in(result.manifest).words]))
    return figures_page(title, {**timed, **figures_of(result, scenario, verdict)})


def _parquet(result: RunResult) -> bytes:
    stream = io.BytesIO()
    result.series.to_parquet(stream)
    return stream.getvalue()
