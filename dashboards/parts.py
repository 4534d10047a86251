"""Pieces of HTML that say what a verdict holds: of the report, and of the web pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from dashboards.invoice import ITEM_TITLES, TITLES, item_rows, part_rows
from dashboards.ledger_words import words
from dashboards.page import card, folded, mark, remark, table
from dashboards.words import KPI_NOTES, SLO_WORDS, interval_words, kpi_text, remarks, severity_of
from models.judge.asked import Asked
from models.judge.beside import Judged, side_by_side
from models.judge.finding import Finding
from models.judge.invoice import Invoice
from models.judge.slo_row import SloRow
from models.judge.verdict import Verdict
from models.judge.wording import NOTHING, clock, number, with_unit
from models.ledger.arithmetic import sums_redone
from models.ledger.entry import estimate_text
from models.results.result import INTERVALS, RunResult
from models.scenario import Scenario


def named(scenario: Scenario, asked: Asked, done: str = "") -> str:
    """The head of a page: which scenario, what was *done* with it, how it was changed; its description is of before."""
    description, words = escape(scenario.description), ["changed"] if asked.words else []
    name = ", ".join([escape(scenario.name), *words, *filter(None, [done])])
    if not asked.words:
        return f"<h1>{name}</h1>\n<p>{description}</p>"
    before = f'<p class="dim">Of the scenario it changes: {description}</p>' if description else ""
    return f'<h1>{name}</h1>\n<p class="changes">With {escape(asked.words)}.</p>\n{before}'


def verdict_box(verdict: Verdict) -> str:
    """The headline in a frame: does it hold, and why not; what was found besides; what of it can be trusted."""
    found = remarks(verdict.findings)
    besides = f'<p class="remarks"><span class="warn">!</span> {escape(found)}</p>' if found and verdict.holds else ""
    standing = "".join(f'<p class="standing">{escape(line)}</p>' for line in verdict.standing)
    return (
        f'<div class="verdict{" holds" if verdict.outcome else ""}">'
        f"<p>{mark(verdict.outcome)} {escape(verdict.headline)}</p>{besides}{standing}</div>"
    )


def beside_table(together: Sequence[Judged]) -> str:
    """Runs side by side, by the figures that their verdicts turn on."""
    rows = [tuple(escape(cell) for cell in cells) for cells in side_by_side(together)]
    titles = ("", *(run.scenario.name for run in together))
    told = "".join(f"<p>{escape(run.scenario.name)}: {escape(run.verdict.headline)}</p>" for run in together[1:])
    return card(table(titles, rows, ("key", *("number" for _ in together))) + told)


def tiles(verdict: Verdict, before: Mapping[str, str] | None = None) -> str:
    """The service levels side by side; *before* has what each level was in a run to compare with, by its name."""
    found = (
        f'<div class="tile"><div class="name">{escape(SLO_WORDS[row.name])}</div>'
        f'<div class="value {"" if row.met else "bad"}">{mark(row.met)} '
        f"{escape(row.text)}</div>{_notes(row, before or {})}</div>"
        for row in verdict.slo
    )
    return f'<div class="tiles">{"".join(found)}</div>'


def _notes(row: SloRow, before: Mapping[str, str]) -> str:
    """The small lines of a tile: interval, limit, and what was before."""
    lines = (
        interval_words(row.low, row.high, row.unit),
        f"limit {with_unit(row.limit, row.unit)}",
        before.get(row.name),
    )
    return "".join(f'<div class="limit">{escape(line)}</div>' for line in lines if line)


def findings_table(findings: Iterable[Finding]) -> str:
    """A line for each finding: good, bad or neither, its topic, and the sentence."""
    rows = ((remark(finding.severity), escape(finding.topic), escape(finding.text)) for finding in findings)
    return card(table((), rows, ("mark", "key", "")))


def answers(verdict: Verdict) -> str:
    """The central questions of the design, answered, and where each answer would be another."""
    items = "".join(
        f"<h3>{escape(answer.question)}</h3><p>{escape(answer.text)}</p>"
        f"<ul>{''.join(f'<li>It flips: {escape(flip)}.</li>' for flip in answer.flips)}</ul>"
        for answer in verdict.answers
    )
    note = "What is marked as not simulated is worked out from this run; breakwater sweep runs designs around it."
    return card(f'{items}<p class="dim">{note}</p>')


def invoice_parts(invoice: Invoice) -> str:
    """The bill by part, what to know when reading it, and all its lines, folded away."""
    rows = [tuple(map(escape, row)) for row in part_rows(invoice)]
    parts = table(TITLES, rows, ("key", *["number"] * 4, "dim"), [False] * (len(rows) - 1) + [True])
    items = table(
        ITEM_TITLES,
        (tuple(map(escape, row)) for row in item_rows(invoice)),
        ("key", "number", "number", "", "number", "dim", "number"),
    )
    said = "".join(f"<li>{escape(note)}</li>" for note in invoice.notes)
    return card(f"{parts}<ul>{said}</ul>") + folded("Every line of the bill, and what its price rests on", card(items))


def sums_table() -> str:
    """The sums behind the talk's claims, redone: what each comes to, and what of its claim follows from it alone."""
    sums = sums_redone()
    rows = (
        (
            f"<code>{escape(redone.claim.id)}</code><br>{escape(redone.claim.says)}",
            escape(estimate_text(redone.found, redone.unit or "")),
            escape(words(redone.verdict)),
            escape(redone.why),
            escape("; ".join(redone.rests_on)),
        )
        for redone in sums
    )
    titles = ("claim", "recomputed", "by its sum alone", "why", "rests on")
    note = "Runs and measurements may turn a sum that is right into a claim that is not: see breakwater validate."
    body = card(f'{table(titles, rows, ("", "number", "key", "", "dim"))}<p class="dim">{note}</p>')
    return folded(f"{len(sums)} claims that stand on sums and prices", body)


def limits_table(verdict: Verdict) -> str:
    """Every capacity on the way of a request (its title: `words.CAPACITIES_TITLE`)."""
    rows = (
        (
            remark(severity_of(limit)),
            escape(limit.name),
            NOTHING if limit.used_percent is None else f"{number(limit.used_percent)} %",
            limit.since_text,
            clock(limit.seconds) if limit.bound else NOTHING,
            escape(limit.evidence),
        )
        for limit in verdict.limits
    )
    titles = ("", "capacity", "used at most", "exhausted from", "for", "evidence")
    return card(table(titles, rows, ("mark", "key", "number", "number", "number", "")))


def shards_table(verdict: Verdict) -> str:
    """What each shard carries and how busy it is."""
    rows = [
        (
            str(row.shard),
            str(row.events),
            f"{number(row.mean_percent)} %",
            f"{number(row.peak_percent)} %",
            number(row.requests),
        )
        for row in verdict.shards
    ]
    titles = ("shard", "events", "mean engine CPU", "busiest second", "requests")
    hot = [row.hot for row in verdict.shards]
    return card(table(titles, rows, ("number",) * 5, hot))


def stages_table(verdict: Verdict) -> str:
    """The steps of a load ladder beside the published engine CPU."""
    rows = (
        (
            mark(not row.broken),
            escape(row.stage.name),
            f"{number(row.stage.engine_cpu_percent)} %",
            NOTHING if row.published_percent is None else f"{number(row.published_percent)} %",
            NOTHING if row.difference_points is None else f"{row.difference_points:+.1f} points",
            with_unit(row.stage.status_p50_ms, "ms"),
            with_unit(row.stage.status_p99_ms, "ms"),
            f"{number(row.stage.answered_rps)}/s",
            f"{number(row.stage.error_percent)} %",
            f"{number(row.stage.commands_per_s)}/s",
        )
        for row in verdict.stages
    )
    titles = ("", "stage", "twin", "published", "difference", "p50", "p99", "answered", "errors", "commands")
    return card(table(titles, rows, ("mark", "key", *["number"] * 8)))


def kpis_table(result: RunResult) -> str:
    """All KPIs; neighbours that rest on the same share the cell that says on what."""
    rows = []
    for grounds, kpis in groupby(result.kpis.items(), key=lambda item: item[1].rests_on):
        group = list(kpis)
        for index, (name, kpi) in enumerate(group):
            between = interval_words(kpi.low, kpi.high, kpi.unit) or "no interval"
            shared = f'<td class="dim" rowspan="{len(group)}">{escape("; ".join(grounds))}</td>' if index == 0 else ""
            rows.append(
                f"<tr><td><code>{escape(name)}</code>{_note(name)}</td>"
                f'<td class="number">{escape(kpi_text(kpi))}</td>'
                f'<td class="dim">{escape(between)}</td>{shared}</tr>'
            )
    kind = result.manifest["interval"]
    meaning = "" if kind is None else f"<p>An interval is the {escape(INTERVALS[kind])}.</p>"
    titles = '<th>KPI</th><th class="number">value</th><th>interval</th><th>rests on</th>'
    return meaning + card(f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>")


def _note(name: str) -> str:
    return f'<br><span class="dim">{escape(KPI_NOTES[name])}</span>' if name in KPI_NOTES else ""


def assumptions(result: RunResult, scenario: Scenario, verdict: Verdict) -> str:
    """What a run rests on: caveats, the settings that are assumptions, and all settings with their sources."""
    caveats = "".join(f"<li>{escape(line)}</li>" for line in verdict.caveats)
    profile = f"<li>Redis profile: {escape(str(result.manifest['profile_title']))}.</li>"
    return card(f"<ul>{caveats}{profile}</ul>") + settings_folded(scenario)


def settings_folded(scenario: Scenario) -> str:
    """The settings that are assumptions, and all settings, folded away."""
    settings = list(_settings_of(scenario, ""))
    assumed = [row for row in settings if "assumption" in row[2]]
    return folded(f"{len(assumed)} settings that are assumptions", _settings_table(assumed)) + folded(
        f"All {len(settings)} settings", _settings_table(settings)
    )


def manifest_folded(manifest: Mapping[str, Any], what: str) -> str:
    """What reproduces *what* (a run, a sweep), folded away."""
    text = json.dumps(dict(manifest), indent=2, default=str, ensure_ascii=False)
    return folded(f"What reproduces this {what}", card(f"<pre>{escape(text)}</pre>"))


def _settings_table(settings: list[tuple[str, str, str]]) -> str:
    rows = (
        (f"<code>{escape(path)}</code>", f"<code>{escape(value)}</code>", escape(note))
        for path, value, note in settings
    )
    return card(table(("setting", "value", "meaning and source"), rows, ("", "", "dim")))


def _settings_of(model: BaseModel, path: str) -> Iterator[tuple[str, str, str]]:
    """Path, value and description of every setting, depth first."""
    for name, field in type(model).model_fields.items():
        value, here = getattr(model, name), f"{path}{name}"
        if isinstance(value, BaseModel):
            yield from _settings_of(value, f"{here}.")
        else:
            yield here, json.dumps(_plain(value), ensure_ascii=False), field.description or ""


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
