"""One HTML page for a run that needs nothing else: verdict, figures, KPIs and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboards.figures.run import figures_of
from dashboards.page import card, figures_html, page_html, section
from dashboards.parts import (
    answers,
    assumptions,
    beside_table,
    findings_table,
    invoice_parts,
    kpis_table,
    limits_table,
    manifest_folded,
    named,
    shards_table,
    stages_table,
    sums_table,
    tiles,
    verdict_box,
)
from dashboards.robustness import TITLE, robustness_html
from dashboards.words import CAPACITIES_TITLE, SHARDS_TITLE
from models.judge.asked import asked_in
from models.judge.beside import Judged
from models.judge.sale import is_talks_size
from models.judge.verdict import Verdict
from models.judge.wording import clock, number, plural
from models.results.result import RunResult
from models.scenario import Scenario

SAID = {True: "holds", False: "does not hold", None: "open"}
"""Outcomes of a verdict in a word."""


def report_html(result: RunResult, scenario: Scenario, verdict: Verdict, together: Sequence[Judged] = ()) -> str:
    """The whole page as text; *together* are runs to be seen side by side."""
    changed = ", changed" if asked_in(result.manifest).words else ""
    title = f"{scenario.name}{changed}: {SAID[verdict.outcome]}"
    sections = [
        _header(result, scenario, verdict),
        section("Side by side", beside_table(together)) if together else "",
        section("Service levels", tiles(verdict)),
        section("Why", findings_table(verdict.findings)),
        section(TITLE, robustness_html(verdict.robustness)) if verdict.robustness else "",
        section("The central questions", answers(verdict)) if verdict.answers else "",
        section("What to try", _actions(verdict)) if verdict.actions else "",
        section("Figures", figures_html(figures_of(result, scenario, verdict))),
        section("What it costs", invoice_parts(verdict.invoice)) if verdict.invoice else "",
        section("Load ladder beside the published engine CPU", stages_table(verdict)) if verdict.stages else "",
        section("The talk's sums, redone", sums_table()) if is_talks_size(scenario) else "",
        section(CAPACITIES_TITLE, limits_table(verdict)),
        section(SHARDS_TITLE, shards_table(verdict)),
        section("Key figures and what they rest on", kpis_table(result)),
        section("Assumptions", assumptions(result, scenario, verdict)),
        section("Manifest", manifest_folded(result.manifest, "run")),
    ]
    return page_html(title, sections)


def _header(result: RunResult, scenario: Scenario, verdict: Verdict) -> str:
    manifest = result.manifest
    total, wall = result.best("requests.total"), manifest["wall_s"]
    line = (
        f"{number(total)} requests in {clock(wall)} · engine {manifest['engine']} · seed {manifest['seed']} "
        f"· {plural(manifest['replications'], 'replication')} · profile {manifest['profile']} "
        f"· {manifest['created']}"
    )
    return f"<header>\n{named(scenario, asked_in(manifest))}\n<p>{escape(line)}</p>\n{verdict_box(verdict)}\n</header>"


def _actions(verdict: Verdict) -> str:
    items = (
        f'<li>{escape(action.text)}<code class="command">{escape(action.command)}</code></li>'
        for action in verdict.actions
    )
    return card(f"<ol>{''.join(items)}</ol>")
