"""Engine CPU and calls of a server, from what Prometheus or `redis_exporter` itself gave of it.

Read are, of one server:

- JSON of `/api/v1/query_range` (a matrix) for the counters themselves, not their rates; of several queries one after
  the other;
- text as `redis_exporter` exposes it, once for each time. The time stands behind each value in ms, as the format has
  it, or once in a line before each snapshot, alone or behind a #: a time as in `minutes.TIMES`. What `promtool
  tsdb dump` prints is read too.

Counters (oliver006/redis_exporter, exporter/info.go): `redis_cpu_user_main_thread_seconds_total` and
`redis_cpu_sys_main_thread_seconds_total`; `redis_commands_total` by `cmd`, else `redis_commands_processed_total`. Both
count the calls of scripts too. They are differenced over a minute or the next longer time that the scrapes allow. Where
one has gone back the server has begun anew, and the minute is dropped.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from real_adapter.telemetry.minutes import (
    ALL_COMMANDS,
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

USER = "redis_cpu_user_main_thread_seconds_total"
SYSTEM = "redis_cpu_sys_main_thread_seconds_total"
BY_COMMAND = "redis_commands_total"
PROCESSED = "redis_commands_processed_total"
COUNTERS = (USER, SYSTEM, BY_COMMAND, PROCESSED)
MINUTE_S = 60.0
LONGEST_S = 300.0
"""Over longer times the rate has changed too much for one number."""
JITTER = 1.02
"""CPU may come out this much above 1: the exporter asks a server that is busy some ms late."""
SOURCE = "Prometheus"
_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)?(?:\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\})?\s+(\S+)(?:\s+(-?[\d.]+))?\s*")
_COMMAND = re.compile(r"[\w.|-]{1,40}", re.ASCII)
_LABEL = re.compile(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"')


class _Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    time: Any
    value: Any
    where: str


def read_prometheus(path: Path) -> Telemetry:
    """Return the minutes of a dump; BadInput in one line for one that cannot be used."""
    text = read_text(path, SOURCE)
    samples = (
        _of_json(text) if text.lstrip()[0] in "{[" and not text.lstrip().startswith("{__name__") else _of_text(text)
    )
    counters = _counters(samples)
    if missing := [name for name in (USER, SYSTEM) if name not in counters]:
        _refuse(f"no values of {' or '.join(missing)}; both are needed")
    if PROCESSED in counters and len(counters) > 3:
        del counters[PROCESSED]  # the commands are known one by one
    if len(counters) == 2:
        _refuse(f"no counts of commands; allowed: {BY_COMMAND} or {PROCESSED}")
    return _differenced(counters)


def _counters(samples: Iterator[_Sample]) -> dict[str, dict[float, float]]:
    """Return the values of each counter; of `redis_commands_total` by the command, in capitals."""
    counters: dict[str, dict[float, float]] = {}
    server: frozenset[tuple[str, str]] | None = None
    for sample in samples:
        if sample.name not in COUNTERS or is_gap(sample.value):
            continue
        time, value = time_of(sample.time), number_of(sample.value)
        if time is None:
            _refuse(f"{sample.where}: {sample.name} has no time; allowed: {TIMES}")
        if value is None or value < 0:
            _refuse(f"{sample.where}: {sample.name} is not a number of 0 or more")
        command = sample.labels.get("cmd", "")
        if sample.name == BY_COMMAND and not _COMMAND.fullmatch(command):
            _refuse(f"{sample.where}: {sample.name} has no cmd; allowed: the counter of each command")
        key = command.upper() if sample.name == BY_COMMAND else sample.name
        of = frozenset(item for item in sample.labels.items() if item[0] not in ("cmd", "__name__"))
        server = server if server is not None else of
        if server != of:
            _refuse(f"{sample.where}: {sample.name} is of more than one server; allowed: the counters of one")
        add(counters.setdefault(key, {}), time, value, f"{SOURCE}: {sample.name}")
    return counters


def _differenced(counters: dict[str, dict[float, float]]) -> Telemetry:
    """Return what the counters rose by, per second, between times about a minute apart."""
    dropped: Counter[str] = Counter()
    cpu: dict[float, float] = {}
    names = [name for name in counters if name not in (USER, SYSTEM)]
    per_s: dict[str, dict[float, float]] = {name if name != PROCESSED else ALL_COMMANDS: {} for name in names}
    # the server's own counters are there from the start
    first = min(counters[USER])
    begins = {name: first if name in COUNTERS else min(series) for name, series in counters.items()}

    def at(time: float) -> dict[str, float | None]:
        return {name: _at(series, time, begins[name]) for name, series in counters.items()}

    for begun, ended in pairwise(_a_minute_apart(sorted(counters[USER]))):
        before, after = at(begun), at(ended)
        lasted = ended - begun
        if None in before.values() or None in after.values() or lasted > LONGEST_S:
            dropped["gap in the scrapes"] += 1
            continue
        rose = {name: (after[name] - before[name]) / lasted for name in counters}  # type: ignore[operator]
        if min(rose.values()) < 0:
            dropped["restart"] += 1
            continue
        busy = rose[USER] + rose[SYSTEM]
        cpu[ended] = min(busy, 1.0) if busy <= JITTER else busy
        for name, series in zip(names, per_s.values(), strict=True):
            series[ended] = rose[name]
    return joined(SOURCE, cpu, per_s, dropped)


def _a_minute_apart(times: list[float]) -> list[float]:
    """Return those of *times* that are a minute apart, give or take half the time between scrapes."""
    if len(times) < 2:
        return times
    least = MINUTE_S - float(np.median(np.diff(times))) / 2
    kept = times[:1]
    for time in times[1:]:
        if time - kept[-1] >= least:
            kept.append(time)
    return kept


def _at(series: dict[float, float], time: float, begun: float) -> float | None:
    """Return a counter's value; 0 before it had *begun*, as a command that was never called has none."""
    return 0.0 if time < begun else series.get(time)


def _of_json(text: str) -> Iterator[_Sample]:
    for number, document in enumerate(documents(text, SOURCE), 1):
        where = f"document {number}"
        match document:
            case {"status": "success", "data": {"resultType": "matrix", "result": [*results]}}:
                for result in results:
                    yield from _of_result(result, where)
            case _:
                _refuse(f"{where}: allowed: the answer of query_range, a matrix")


def _of_result(result: Any, where: str) -> Iterator[_Sample]:
    match result:
        case {"metric": {"__name__": str(name), **labels}, "values": [*pairs]}:
            texts = {str(key): str(value) for key, value in labels.items()}
            for pair in pairs:
                if not isinstance(pair, list) or len(pair) != 2:
                    _refuse(f"{where}: a value of {BY_COMMAND if name == BY_COMMAND else 'a counter'} has no time")
                yield _Sample(name, texts, pair[0], pair[1], where)
        case _:
            _refuse(f"{where}: a result without a name; allowed: counters themselves, not their rates or sums")


def _of_text(text: str) -> Iterator[_Sample]:
    time: float | None = None
    for number, line in enumerate(text.splitlines(), 1):
        told = time_of(line.lstrip("# \t").rstrip())
        if told is not None:
            time = told
            continue
        if line.startswith("#") or not line.strip():
            continue
        found = _SAMPLE.fullmatch(line.strip())
        labels = dict(_LABEL.findall(found[2] or "")) if found else {}
        if not found or not (found[1] or "__name__" in labels):
            _refuse(f"line {number}: allowed: a comment, a time, or a name, labels and a value")
        yield _Sample(found[1] or labels["__name__"], labels, found[4] or time, found[3], f"line {number}")


def _refuse(what: str) -> NoReturn:
    raise BadInput(f"{SOURCE}: {what}")
