"""The verdict in a terminal: what it is, why, the tables behind it, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dashboards.invoice import TITLES, part_rows
from dashboards.terminal import bullets, grid, mark, remark
from dashboards.words import (
    CAPACITIES_TITLE,
    KPI_NOTES,
    SHARDS_TITLE,
    SHOWN_KPIS,
    SLO_WORDS,
    interval_words,
    kpi_text,
    remarks,
    severity_of,
)
from models.judge.asked import asked_in
from models.judge.beside import Judged, side_by_side
from models.judge.invoice import Invoice
from models.judge.verdict import Verdict
from models.judge.wording import NOTHING, clock, latency, number, with_unit
from models.results.result import RunResult

SHARDS_SHOWN = 6
"""Rows of the shard table: the busiest ones."""

ONSALE_FAMILIES = ("wait.", "admission.", "seats.")
"""Beginnings of KPIs that mean nothing in a load ladder, where nobody is let in."""


def verdict_view(result: RunResult, verdict: Verdict, together: Sequence[Judged] = ()) -> Group:
    """Everything `breakwater run` prints, as one renderable; *together* are runs to be seen side by side."""
    return Group(
        _banner(result, verdict),
        *(_section(_titled("Side by side", result), _beside(together)) if together else ()),
        *_section("Why", _findings(verdict)),
        *_section(_titled("Service levels", result), _slo(verdict)),
        *(
            _section(
                "Load ladder: engine CPU beside the published figures, answers and commands per second",
                _stages(verdict),
            )
            if verdict.stages
            else ()
        ),
        *_section(CAPACITIES_TITLE, _limits(verdict)),
        *(_section(_shard_title(verdict), _shards(verdict)) if len(verdict.shards) > 1 else ()),
        *_section(_titled("Key figures", result), _kpis(result)),
        *(_section("What it costs", _invoice(verdict.invoice)) if verdict.invoice else ()),
        *(_section("What to try", _actions(verdict)) if verdict.actions else ()),
        *_section("What this rests on", bullets(verdict.caveats)),
        Text(),
        _provenance(result),
    )


def _section(title: str, body: Table | Group) -> tuple[Text, Text, Padding]:
    return Text(), Text(title, style="bold"), Padding(body, (0, 0, 0, 2))


def _titled(title: str, result: RunResult) -> str:
    return title if result.manifest["replications"] > 1 else f"{title} (one replication: no interval)"


def _banner(result: RunResult, verdict: Verdict) -> Panel:
    colour = {True: "green", False: "red", None: "yellow"}[verdict.outcome]
    manifest, changes = result.manifest, asked_in(result.manifest).words
    headline = Text(f"{mark(verdict.outcome).plain}  {verdict.headline}", style="bold")
    found = remarks(verdict.findings) if verdict.holds else ""
    lines = [Text(f"!  {found}", style="yellow")] if found else []
    lines += [Text(f"\nWith {changes}.")] if changes else []
    return Panel(
        Group(headline, *lines, Text(), *(Text(line, style="dim") for line in verdict.standing)),
        title=Text(f" {manifest['scenario']}{', changed' if changes else ''} ", style="bold"),
        title_align="left",
        subtitle=Text(f" profile {manifest['profile']} · seed {manifest['seed']} ", style="dim"),
        subtitle_align="right",
        border_style=colour,
        padding=(1, 2),
        box=box.ROUNDED,
    )


def _beside(together: Sequence[Judged]) -> Table:
    table = grid(("", "left"), *((run.scenario.name, "right") for run in together))
    for cells in side_by_side(together):
        table.add_row(*cells)
    return table


def _findings(verdict: Verdict) -> Table:
    table = grid(("", "left"), ("", "left"), ("", "left"), header=False)
    table.columns[1].no_wrap = True
    for finding in verdict.findings:
        table.add_row(remark(finding.severity), Text(finding.topic, style="bold"), Text(finding.text))
    return table


def _slo(verdict: Verdict) -> Table:
    table = grid(("", "left"), ("level", "left"), ("limit", "right"), ("found", "right"), ("interval", "left"))
    for row in verdict.slo:
        table.add_row(
            mark(row.met),
            SLO_WORDS[row.name],
            f"≤ {with_unit(row.limit, row.unit)}",
            Text(row.text, style="" if row.met else "bold red"),
            Text(interval_words(row.low, row.high, row.unit), style="dim"),
        )
    return table


def _limits(verdict: Verdict) -> Table:
    table = grid(
        ("", "left"),
        ("capacity", "left"),
        ("used", "right"),
        ("exhausted from, for", "left"),
        ("evidence", "left"),
    )
    for limit in verdict.limits:
        used = NOTHING if limit.used_percent is None else f"{number(limit.used_percent)} %"
        since = f"{limit.since_text}, {clock(limit.seconds)}" if limit.bound else limit.since_text
        table.add_row(remark(severity_of(limit)), limit.name, used, since, Text(limit.evidence))
    return table


def _shard_title(verdict: Verdict) -> str:
    hidden = len(verdict.shards) - SHARDS_SHOWN
    return f"{SHARDS_TITLE}, the {SHARDS_SHOWN} busiest of {len(verdict.shards)}" if hidden > 0 else SHARDS_TITLE


def _shards(verdict: Verdict) -> Table:
    table = grid(
        ("shard", "right"),
        ("events", "right"),
        ("mean", "right"),
        ("peak", "right"),
        ("requests", "right"),
        ("", "left"),
    )
    busiest = sorted(verdict.shards, key=lambda row: -row.mean_percent)[:SHARDS_SHOWN]
    for row in sorted(busiest, key=lambda row: row.shard):
        bar = Text("█" * round(row.mean_percent / 4), style="red" if row.hot else "cyan")
        bar.append("░" * (25 - len(bar)), style="dim")
        table.add_row(
            str(row.shard),
            str(row.events),
            f"{number(row.mean_percent)} %",
            f"{number(row.peak_percent)} %",
            number(row.requests),
            bar,
            style="bold" if row.hot else "",
        )
    return table


def _stages(verdict: Verdict) -> Table:
    titles = ("stage", "twin", "published", "apart", "p50", "p99", "answered", "errors", "commands")
    table = grid(("", "left"), *((title, "left" if title == "stage" else "right") for title in titles))
    table.columns[1].no_wrap = True
    for row in verdict.stages:
        stage = row.stage
        difference = row.difference_points
        table.add_row(
            mark(not row.broken),
            stage.name,
            f"{number(stage.engine_cpu_percent)} %",
            NOTHING if row.published_percent is None else f"{number(row.published_percent)} %",
            NOTHING if difference is None else f"{difference:+.1f} pt",
            latency(stage.status_p50_ms),
            latency(stage.status_p99_ms),
            number(stage.answered_rps),
            f"{number(stage.error_percent)} %",
            number(stage.commands_per_s),
        )
    return table


def _kpis(result: RunResult) -> Table:
    table = grid(("", "left"), ("", "right"), ("", "left"), header=False)
    for name in SHOWN_KPIS:
        kpi = result.kpis.get(name)
        if result.stages and name.startswith(ONSALE_FAMILIES):
            continue
        if kpi is not None and kpi.best is not None:
            interval = interval_words(kpi.low, kpi.high, kpi.unit)
            said = "; ".join(filter(None, (interval, KPI_NOTES.get(name))))
            table.add_row(name, kpi_text(kpi), Text(said, style="dim"))
    return table


def _invoice(invoice: Invoice) -> Group:
    table = grid(*((title, "right" if " " in title and "," in title else "left") for title in TITLES))
    rows = list(part_rows(invoice))
    for row in rows:
        table.add_row(*row[:-1], Text(row[-1], style="dim"), style="bold" if row is rows[-1] else "")
    table.columns[0].no_wrap = True
    return Group(table, Text(), bullets(invoice.notes))


def _actions(verdict: Verdict) -> Group:
    lines: list[Text] = []
    for action in verdict.actions:
        lines.append(Text(f"{action.text}:"))
        lines.append(Text(f"  {action.command}", style="cyan"))
    return Group(*lines)


def _provenance(result: RunResult) -> Text:
    manifest, total = result.manifest, result.best("requests.total") or 0
    wall = manifest["wall_s"]
    many = manifest["replications"] > 1
    speed = f" ({number(total / wall)}/s)" if wall > 0 and not many else ""
    runs = f"{manifest['replications']} runs of {number(total)} requests" if many else f"{number(total)} requests"
    before = (
        f", after {clock(manifest['compile_s'])} to compile or load the engine" if manifest["compile_s"] > 0 else ""
    )
    return Text(
        f"{runs} in {clock(wall)}{speed}{before}\nengine {manifest['engine']} · scenario {manifest['scenario_hash']}",
        style="dim",
    )
