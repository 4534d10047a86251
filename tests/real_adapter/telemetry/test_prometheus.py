"""Dumps of redis_exporter's counters: differences over minutes, restarts, gaps, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from real_adapter.telemetry.minutes import ALL_COMMANDS, Telemetry
from real_adapter.telemetry.prometheus import BY_COMMAND, PROCESSED, SYSTEM, USER, read_prometheus
from tests.real_adapter.telemetry.exports import assert_refused, assert_survives_damage, written

START_S = 1_759_320_000
MINUTES = 8
SERVER = {"instance": "cache:9121", "job": "redis"}


def counters(scrape_s: int = 15) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Counters of a server at 20 % CPU (3 in 4 parts user) with 100 scripts of 2 calls a second."""
    per_s = {
        (USER, ""): 0.15,
        (SYSTEM, ""): 0.05,
        (BY_COMMAND, "evalsha"): 100.0,
        (BY_COMMAND, "zrank"): 100.0,
        (BY_COMMAND, "zadd"): 100.0,
        (PROCESSED, ""): 300.0,
    }
    times = range(0, 60 * MINUTES + 1, scrape_s)
    return {key: [(START_S + t, 1000.0 + rate * t) for t in times] for key, rate in per_s.items()}


def matrix(series: dict[tuple[str, str], list[tuple[int, float]]]) -> str:
    result = [
        {
            "metric": {"__name__": name, **SERVER, **({"cmd": command} if command else {})},
            "values": [[time, str(value)] for time, value in values],
        }
        for (name, command), values in series.items()
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def snapshots(series: dict[tuple[str, str], list[tuple[int, float]]], stamped: bool) -> str:
    """The text that the exporter gave at each time, which stands behind each value or in a line before."""
    lines = []
    for k, (time, _) in enumerate(series[(USER, "")]):
        lines += [] if stamped else [f"# {time}"]
        lines += ["# HELP redis_up Information about the Redis instance", "# TYPE redis_up gauge", "redis_up 1"]
        for (name, command), values in series.items():
            labels = f'{{cmd="{command}"}}' if command else ""
            lines.append(f"{name}{labels} {values[k][1]:.10g}{f' {time}000' if stamped else ''}")
    return "\n".join(lines)


def tsdb_dump(series: dict[tuple[str, str], list[tuple[int, float]]]) -> str:
    return "\n".join(
        f'{{__name__="{name}", cmd="{command}", instance="a}}b"}} {value} {time}000'
        for (name, command), values in series.items()
        for time, value in values
    )


SHAPES = [matrix(counters()), snapshots(counters(), True), snapshots(counters(), False), tsdb_dump(counters())]


def read(folder: Path, text: str) -> Telemetry:
    return read_prometheus(written(folder, text))


@pytest.mark.parametrize("text", SHAPES, ids=["matrix", "stamped", "timed", "tsdb"])
def test_every_shape_gives_what_the_counters_rose_by(tmp_path, text):
    telemetry = read(tmp_path, text)
    assert telemetry.time_s.tolist() == [START_S + 60 * k for k in range(1, MINUTES + 1)]
    assert telemetry.cpu == pytest.approx(np.full(MINUTES, 0.2))
    assert telemetry.per_s.keys() == {"EVALSHA", "ZRANK", "ZADD"}
    assert telemetry.per_s["ZADD"] == pytest.approx(np.full(MINUTES, 100.0))


def test_all_commands_together_do_if_no_others_are_known(tmp_path):
    known = {key: values for key, values in counters().items() if key[0] != BY_COMMAND}
    assert read(tmp_path, matrix(known)).per_s[ALL_COMMANDS] == pytest.approx(np.full(MINUTES, 300.0))


def test_a_minute_of_a_restart_and_one_without_a_scrape_are_dropped(tmp_path):
    series = counters()
    again = START_S + 130
    for key, values in series.items():
        rate = (values[1][1] - values[0][1]) / 15
        series[key] = [
            (time, value if time < again else rate * (time - again)) for time, value in values if time != START_S + 300
        ]
        if key == (BY_COMMAND, "zadd"):
            series[key] = [pair for pair in series[key] if pair[0] != START_S + 435]
    telemetry = read(tmp_path, matrix(series))
    assert telemetry.cpu == pytest.approx(np.full(telemetry.cpu.size, 0.2))
    assert telemetry.dropped["restart"] == 1
    assert telemetry.dropped["gap in the scrapes"] >= 1


def test_a_command_begins_at_nothing(tmp_path):
    series = counters()
    series[(BY_COMMAND, "zrem")] = [(time, 60.0) for time, _ in counters()[(USER, "")] if time > START_S + 60]
    assert read(tmp_path, matrix(series)).per_s["ZREM"] == pytest.approx(np.array([0, 1, *[0] * (MINUTES - 2)]))


def without(*names: str) -> str:
    return matrix({key: values for key, values in counters().items() if key[0] not in names})


TWO = json.loads(matrix(counters()))
TWO["data"]["result"][3]["metric"]["instance"] = "secret-word"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (without(USER), f"no values of {USER}"),
        (without(BY_COMMAND, PROCESSED), f"allowed: {BY_COMMAND} or {PROCESSED}"),
        (json.dumps(TWO), "more than one server"),
        (matrix({key: values[:17] for key, values in counters().items()}), "4 minutes without gaps; allowed: 5"),
        ('{"status": "error"}', "document 1: allowed: the answer of query_range"),
        ('{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}', "without a name"),
        (f"{USER} 1\n", f"line 1: {USER} has no time"),
        (f"{START_S}\n{USER} secret-word\n", f"line 2: {USER} is not a number"),
        (f"{START_S}\nsecret-word\n", "line 2: allowed: a comment, a time, or a name"),
        (
            matrix({**counters(), (USER, ""): [(t, 2 * (t - START_S)) for t, _ in counters()[(USER, "")]]}),
            "CPU is 205 %",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_without_repeating_it(tmp_path, text, told):
    assert_refused(read_prometheus, written(tmp_path, text), told)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from(SHAPES))
def test_damaged_dumps_are_read_or_refused(tmp_path, data, text):
    assert_survives_damage(read_prometheus, tmp_path, text, [" ", "\n", '"', "{", "]"], data)
