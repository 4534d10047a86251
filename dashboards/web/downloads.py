"""Everything behind a result as files: scenario, series, figures, report."""

from __future__ import annotations

import io
from collections.abc import Callable

import streamlit as st

from dashboards.figures.run import figures_of
from dashboards.figures.timeline import timeline
from dashboards.page import figures_html, page_html
from dashboards.report import report_html
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Run
from dashboards.web.own import scenario_yaml
from models.judge.verdict import Verdict
from models.results.result import RunResult
from models.scenario import Scenario


def downloads(job: Run | None) -> None:
    """A button that offers the files of a run; without a result only its scenario."""
    with st.popover("Download", disabled=job is None, width="stretch"):
        if job is None:
            return
        name, scenario, found = job.scenario.name, job.scenario, FINISHED.get(job.key)
        _button("Scenario (YAML)", f"{name}.yaml", "text/yaml", lambda: scenario_yaml(scenario))
        if found is None:
            st.caption("Series, figures and report come with a result.")
            return
        result, verdict = found
        html = "text/html"
        _button("Report (HTML)", f"{name}.html", html, lambda: report_html(result, scenario, verdict))
        _button("Figures (HTML)", f"{name}-figures.html", html, lambda: _figures_page(result, scenario, verdict))
        _button(
            "Timeline (JSON)",
            f"{name}-timeline.json",
            "application/json",
            lambda: str(timeline(result, scenario, verdict).to_json()),
        )
        _button("Series (CSV)", f"{name}.csv", "text/csv", lambda: result.series.to_csv())
        _button("Series (Parquet)", f"{name}.parquet", "application/vnd.apache.parquet", lambda: _parquet(result))


def _button(label: str, file: str, kind: str, make: Callable[[], str | bytes]) -> None:
    """A file that is made when it is asked for."""
    st.download_button(label, make, file, kind, key=f"download-{file}", on_click="ignore", width="stretch")


def _figures_page(result: RunResult, scenario: Scenario, verdict: Verdict) -> str:
    figures = {"timeline": timeline(result, scenario, verdict), **figures_of(result, scenario, verdict)}
    return page_html(scenario.name, [figures_html(figures)])


def _parquet(result: RunResult) -> bytes:
    stream = io.BytesIO()
    result.series.to_parquet(stream)
    return stream.getvalue()
