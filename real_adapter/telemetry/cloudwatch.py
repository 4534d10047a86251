"""Engine CPU and command counts of an ElastiCache node, from what CloudWatch exports.

Read are, of the series of one node with the same period:

- CSV, as the console's "Download as .csv" writes it: a column for each metric below any number of lines of headings
  (label, metric name, statistic, period, ...), then a line for each time, which stands in the first column. A column
  is known by the metric's name among its headings, be it a part of a label;
- JSON of `aws cloudwatch get-metric-data` or `get-metric-statistics`, `--output json`; of several calls one after the
  other, as `>>` leaves them;
- the same with `--output text`, if each call asked for one statistic.

Times are read in the forms of `minutes.TIMES`. ElastiCache publishes each metric once a minute and derives the counts
from INFO commandstats, which counts the calls of scripts too (AWS, "Metrics for Valkey and Redis OSS").
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NoReturn

from real_adapter.telemetry.minutes import (
    TIMES,
    Telemetry,
    add,
    documents,
    is_gap,
    joined,
    number_of,
    read_text,
    time_of,
)
from sim.errors import BadInput

CPU = "EngineCPUUtilization"
FAMILIES = (
    "EvalBasedCmds",
    "SortedSetBasedCmds",
    "HashBasedCmds",
    "StringBasedCmds",
    "KeyBasedCmds",
    "StreamBasedCmds",
    "ListBasedCmds",
    "SetBasedCmds",
    "PubSubBasedCmds",
    "GeoSpatialBasedCmds",
    "HyperLogLogBasedCmds",
    "JsonBasedCmds",
    "NonKeyTypeCmds",
)
"""Metrics that count commands, each once; GetTypeCmds and SetTypeCmds count the same ones again."""
_KNOWN = {name.lower(): name for name in (CPU, *FAMILIES)}
_STATISTICS = {name.lower(): name for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount")}
PUBLISHED_EVERY_S = 60.0
SOURCE = "CloudWatch"
Statistic = Literal["Average", "Sum"]


@dataclass
class _Found:
    """One series: its metric, statistic and period in s, where these are known, and its values."""

    metric: str | None
    statistic: str | None = None
    period_s: float | None = None
    values: dict[float, float] = field(default_factory=dict)

    def add(self, where: str, time: Any, value: Any) -> None:
        seconds = time_of(time)
        if seconds is None:
            _refuse(f"{where}: does not begin with a time; allowed: {TIMES}")
        if is_gap(value):
            return
        number = number_of(value)
        if number is None:
            _refuse(f"{where}: {self.metric} is not a number")
        add(self.values, seconds, number, f"{SOURCE}: {self.metric}")


def read_cloudwatch(path: Path, statistic: Statistic | None = None) -> Telemetry:
    """Return the minutes of an export; BadInput in one line for one that cannot be used.

    *statistic* is that of the counts where the file does not say, as get-metric-data never does.
    """
    text = read_text(path, SOURCE)
    if text.lstrip()[0] in "{[":
        found = _of_json(text)
    elif re.search(r"^(METRICDATARESULTS|DATAPOINTS)\t", text, re.MULTILINE):
        found = _of_text(text)
    else:
        found = _of_csv(text)
    by_metric: dict[str, _Found] = {}
    for series in found:
        if series.metric is None or not series.values:
            continue
        if series.metric != CPU:
            series.statistic = series.statistic or statistic
        merged = by_metric.setdefault(series.metric, series)
        if merged is not series:
            _merge(merged, series)
    if CPU not in by_metric:
        _refuse(f"no values of {CPU}, which is needed")
    if len(by_metric) == 1:
        _refuse(f"no counts of commands; allowed: {', '.join(FAMILIES)}, at least one of them")
    cpu = _per_unit(by_metric.pop(CPU), percent=True)
    return joined(SOURCE, cpu, {name: _per_unit(series, False) for name, series in by_metric.items()}, {})


def _merge(into: _Found, series: _Found) -> None:
    """Join what two calls gave of one metric, which two nodes would contradict."""
    if into.statistic != series.statistic:
        _refuse(f"{into.metric}: {into.statistic} and {series.statistic}; allowed: one statistic")
    for time, value in series.values.items():
        add(into.values, time, value, f"{SOURCE}: {into.metric}")


def _per_unit(series: _Found, percent: bool) -> dict[float, float]:
    """Return CPU as a share, or counts per second, by the start of the minute."""
    times = sorted(series.values)
    apart = min((b - a for a, b in pairwise(times)), default=PUBLISHED_EVERY_S)
    period_s = series.period_s or apart
    allowed = ("Average",) if percent else ("Average", "Sum")
    if series.statistic not in (None, *allowed):
        _refuse(f"{series.metric}: statistic {series.statistic} is not allowed; allowed: {' or '.join(allowed)}")
    if not percent and series.statistic is None and period_s != PUBLISHED_EVERY_S:
        ways = "say --statistic Sum or --statistic Average, or export with get-metric-statistics, which names it"
        _refuse(f"{series.metric}: period {period_s:g} s without a statistic; {ways}")
    unit = 100.0 if percent else period_s if series.statistic == "Sum" else PUBLISHED_EVERY_S
    minutes: dict[float, float] = {}
    for time in times:
        begun = time // PUBLISHED_EVERY_S * PUBLISHED_EVERY_S
        add(minutes, begun, series.values[time] / unit, f"{SOURCE}: {series.metric}")
    return minutes


def _of_csv(text: str) -> list[_Found]:
    """Return a series for each column but the first."""
    headings: list[list[str]] = []
    columns: list[_Found] | None = None
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                if time_of(row[0]) is None:
                    headings.append(row)
                    continue
                columns = _columns(headings)
            where = f"line {rows.line_num}"
            if time_of(row[0]) is None or any(row[len(columns) + 1 :]):
                _refuse(f"{where}: is not a time and {len(columns)} values; allowed: {TIMES}")
            for column, cell in zip(columns, row[1:], strict=False):
                if column.metric:
                    column.add(where, row[0], cell)
    except csv.Error:
        _refuse(f"line {rows.line_num}: is not CSV")
    if columns is None:
        _refuse(f"no line begins with a time; allowed: {TIMES}")
    return columns


def _columns(headings: list[list[str]]) -> list[_Found]:
    """Return an empty series for each column, as its headings name it."""
    columns = []
    for number in range(1, max(map(len, headings), default=1)):
        cells = [(row[0].strip().lower(), row[number]) for row in headings if number < len(row)]
        statistics = {_STATISTICS[word] for _, cell in cells for word in _words(cell) if word in _STATISTICS}
        periods = [_period_s(cell) for heading, cell in cells if heading.startswith("period")]
        statistic = statistics.pop() if len(statistics) == 1 else None
        columns.append(_Found(_metric(cell for _, cell in cells), statistic, next(filter(None, periods), None)))
    named = [column.metric for column in columns if column.metric]
    for metric in named:
        if named.count(metric) > 1:
            _refuse(f"{metric}: {named.count(metric)} columns; allowed: one, of one node")
    return columns


def _of_json(text: str) -> list[_Found]:
    """Return the series of `get-metric-data` and `get-metric-statistics`."""
    found = []
    for number, document in enumerate(documents(text, SOURCE), 1):
        match document:
            case {"MetricDataResults": [*results]}:
                found += [_of_result(result, f"document {number}") for result in results]
            case {"Label": str(label), "Datapoints": [*points]}:
                found.append(_of_points(label, points, f"document {number}"))
            case _:
                _refuse(f"document {number}: allowed: the output of get-metric-data or get-metric-statistics")
    return found


def _of_result(result: Any, where: str) -> _Found:
    match result:
        case {"Timestamps": [*times], "Values": [*values]} if len(times) == len(values):
            found = _Found(_metric(str(result.get(name, "")) for name in ("Label", "Id")))
            for time, value in zip(times, values, strict=True):
                found.add(where, time, value)
            return found
    _refuse(f"{where}: a result is not as many Timestamps as Values")


def _of_points(label: str, points: list[Any], where: str) -> _Found:
    found = _Found(_metric([label]))
    for point in points:
        known = [name for name in ("Average", "Sum") if isinstance(point, dict) and name in point]
        if not known or "Timestamp" not in point or found.statistic not in (None, known[0]):
            _refuse(f"{where}: a point of {found.metric} is not a Timestamp with an Average or a Sum, as the others")
        found.statistic = known[0]
        found.add(where, point["Timestamp"], point[known[0]])
    return found


def _of_text(text: str) -> list[_Found]:
    """Return the series of the same calls with `--output text`."""
    found: list[_Found] = []
    times: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"line {number}"
        match line.split("\t"):
            case ["METRICDATARESULTS", *words]:
                found.append(_Found(_metric(words)))
                times = []
            case ["TIMESTAMPS", time] if found:
                times.append(time)
            case ["VALUES", value] if times:
                found[-1].add(where, times.pop(0), value)
            case ["DATAPOINTS", value, time, _] if found:
                found[-1].add(where, time, value)
            case [label] if label.strip():
                found.append(_Found(_metric([label])))
            case [""] | ["MESSAGES", *_]:
                pass
            case _:
                _refuse(f"{where}: allowed: what --output text gives of one statistic")
    return found


def _metric(labels: Iterable[str]) -> str | None:
    """Return the one metric that the labels name; None if it is none that is read, or more than one."""
    named = {_KNOWN[word] for label in labels for word in _words(label) if word in _KNOWN}
    return named.pop() if len(named) == 1 else None


def _words(label: str) -> Iterator[str]:
    return (word.lower() for word in re.findall(r"[A-Za-z]+", label))


def _period_s(cell: str) -> float | None:
    """Return a period such as "60", "1 minute" or "5 Minutes" in s; None if it is none."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*(|s|sec\w*|min\w*|h|hours?)\s*", cell.lower())
    if not found or not int(found[1]):
        return None
    return int(found[1]) * {"m": 60.0, "h": 3600.0}.get(found[2][:1], 1.0)


def _refuse(what: str) -> NoReturn:
    raise BadInput(f"{SOURCE}: {what}")
