"""Exports of CloudWatch: every shape gives the same minutes, and what cannot be used is refused in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from real_adapter.telemetry.cloudwatch import read_cloudwatch
from real_adapter.telemetry.minutes import Telemetry
from sim.errors import BadInput
from tests.real_adapter.telemetry.exports import assert_refused, assert_survives_damage, written

TIMES = [f"2025-10-01T12:{minute:02}:00Z" for minute in range(6)]
CPU = [12.5, 13.0, 14.25, 13.5, 12.75, 13.125]
EVALS = [60_000, 66_000, 72_000, 69_000, 63_000, 64_200]
ZSETS = [120_000, 132_000, 144_000, 138_000, 126_000, 128_400]

CONSOLE = "\n".join(
    [
        "Full label,node-0001-001 EngineCPUUtilization,node-0001-001 EvalBasedCmds,node-0001-001 SortedSetBasedCmds",
        "Region,eu-west-1,eu-west-1,eu-west-1",
        "Metric name,EngineCPUUtilization,EvalBasedCmds,SortedSetBasedCmds",
        "Statistic,Average,Sum,Sum",
        "Period,60,1 minute,60 seconds",
        "",
        *(
            f"{time[:10].replace('-', '/')} {time[11:19]},{cpu},{evals},{zsets}"
            for time, cpu, evals, zsets in zip(TIMES, CPU, EVALS, ZSETS, strict=True)
        ),
    ]
)


def metric_data() -> str:
    series = (("EngineCPUUtilization", CPU), ("EvalBasedCmds", EVALS), ("SortedSetBasedCmds", ZSETS))
    results = [
        {"Id": f"m{k}", "Label": label, "Timestamps": TIMES[::-1], "Values": values[::-1], "StatusCode": "Complete"}
        for k, (label, values) in enumerate(series)
    ]
    return json.dumps({"MetricDataResults": results, "Messages": []})


def metric_statistics() -> str:
    def document(label: str, statistic: str, values: list[float]) -> str:
        points = [
            {"Timestamp": time.replace("Z", "+00:00"), statistic: value, "Unit": "Count"}
            for time, value in zip(TIMES, values, strict=True)
        ]
        return json.dumps({"Label": label, "Datapoints": points}, indent=4)

    return "\n".join(
        [
            document("EngineCPUUtilization", "Average", CPU),
            document("EvalBasedCmds", "Sum", EVALS),
            document("SortedSetBasedCmds", "Sum", ZSETS),
        ]
    )


def metric_data_text() -> str:
    lines = []
    for label, values in (("EngineCPUUtilization", CPU), ("EvalBasedCmds", EVALS), ("SortedSetBasedCmds", ZSETS)):
        lines.append(f"METRICDATARESULTS\tm1\t{label}\tComplete")
        lines += [f"TIMESTAMPS\t{time}" for time in TIMES] + [f"VALUES\t{value}" for value in values]
    return "\n".join(lines)


def metric_statistics_text() -> str:
    lines = []
    for label, values in (("EngineCPUUtilization", CPU), ("EvalBasedCmds", EVALS), ("SortedSetBasedCmds", ZSETS)):
        lines.append(label)
        lines += [f"DATAPOINTS\t{value}\t{time}\tCount" for time, value in zip(TIMES, values, strict=True)]
    return "\n".join(lines)


SHAPES = [CONSOLE, metric_data(), metric_statistics(), metric_data_text(), metric_statistics_text()]


def read(folder: Path, text: str) -> Telemetry:
    return read_cloudwatch(written(folder, text))


@pytest.mark.parametrize("text", SHAPES, ids=["csv", "data", "statistics", "data-text", "statistics-text"])
def test_every_shape_gives_the_same_minutes(tmp_path, text):
    telemetry = read(tmp_path, text)
    assert telemetry.time_s.tolist() == [1_759_320_000 + 60 * k for k in range(6)]
    assert telemetry.cpu == pytest.approx(np.array(CPU) / 100)
    assert telemetry.per_s.keys() == {"EvalBasedCmds", "SortedSetBasedCmds"}
    assert telemetry.per_s["EvalBasedCmds"] == pytest.approx(np.array(EVALS) / 60)
    assert telemetry.dropped == {"gap": 0}


@pytest.mark.parametrize(
    "write",
    [
        lambda k: f"2025-10-01T14:{k:02}:00+02:00",
        lambda k: f"2025-10-01 12:{k:02}",
        lambda k: f"2025/10/01 12:{k:02}:00 UTC",
        lambda k: str(1_759_320_000 + 60 * k),
        lambda k: str(1000 * (1_759_320_000 + 60 * k)),
    ],
)
def test_times_are_read_in_every_form(tmp_path, write):
    rows = [f"{write(k)},10,600" for k in range(6)]
    telemetry = read(tmp_path, "\n".join([",EngineCPUUtilization,EvalBasedCmds", *rows]))
    assert telemetry.time_s.tolist() == [1_759_320_000 + 60 * k for k in range(6)]


def test_rows_with_gaps_are_dropped_and_counted_and_other_metrics_left_alone(tmp_path):
    rows = [f"2025-10-01 12:{k:02},{10 + k},{'' if k == 2 else 600},{k},junk" for k in range(7)]
    text = "\n".join([",EngineCPUUtilization,EvalBasedCmds,GetTypeCmds,CurrConnections", *rows])
    telemetry = read(tmp_path, text)
    assert telemetry.cpu.tolist() == pytest.approx([0.10, 0.11, 0.13, 0.14, 0.15, 0.16])
    assert telemetry.per_s.keys() == {"EvalBasedCmds"}
    assert telemetry.dropped == {"gap": 1}


def test_a_sum_over_five_minutes_and_a_mean_of_minutes_are_the_same_rate(tmp_path):
    rows = [f"{1_759_320_000 + 300 * k},10,30000,6000" for k in range(6)]
    head = ",EngineCPUUtilization,EvalBasedCmds,HashBasedCmds\nStatistic,Average,Sum,Average"
    telemetry = read(tmp_path, "\n".join([head, *rows]))
    assert telemetry.per_s["EvalBasedCmds"] == pytest.approx(np.full(6, 100.0))
    assert telemetry.per_s["HashBasedCmds"] == pytest.approx(np.full(6, 100.0))


ROWS = "\n".join(f"2025-10-01 12:{k:02},10,600" for k in range(6))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("a,b\nc,d", "no line begins with a time"),
        (f",EvalBasedCmds,SetBasedCmds\n{ROWS}", "no values of EngineCPUUtilization"),
        (f",EngineCPUUtilization,GetTypeCmds\n{ROWS}", "allowed: EvalBasedCmds, SortedSetBasedCmds"),
        (f",EngineCPUUtilization,EvalBasedCmds\n{ROWS}\nsecret-word,1,2", "line 8: "),
        (
            f",EngineCPUUtilization,EvalBasedCmds\n{ROWS}\n2025-10-01 13:00,1,secret-word",
            "line 8: EvalBasedCmds is not",
        ),
        (f",EngineCPUUtilization,EvalBasedCmds\n{ROWS}\n2025-10-01 12:00,11,600", "two values at 2025-10-01T12:00:00Z"),
        (f",EngineCPUUtilization,EvalBasedCmds\n{ROWS.replace(',10,', ',101,')}", "engine CPU is 101 %"),
        (f",EngineCPUUtilization,EvalBasedCmds\n{ROWS.replace(',10,', ',-1,')}", "engine CPU is -1 %"),
        (f",EngineCPUUtilization,EvalBasedCmds\n{ROWS.replace(',600', ',-6')}", "EvalBasedCmds: -0.1 calls"),
        (f",a EngineCPUUtilization,b EngineCPUUtilization\n{ROWS}", "2 columns; allowed: one, of one node"),
        (f",EngineCPUUtilization,EvalBasedCmds\nStatistic,Maximum,Sum\n{ROWS}", "statistic Maximum is not allowed"),
        (",EngineCPUUtilization,EvalBasedCmds\n2025-10-01 12:00,10,\n2025-10-01 12:01,,600", "no minute that"),
        (f",EngineCPUUtilization,EvalBasedCmds\n{ROWS[:69]}", "minutes without gaps; allowed: 5 or more"),
        ('{"secret-word": 1}', "document 1: allowed: the output of get-metric-data"),
        ('{"MetricDataResults": [', "line 1: is not JSON"),
        ("DATAPOINTS\t1\t2\t3\t4", "line 1: allowed: what --output text gives"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_without_repeating_it(tmp_path, text, told):
    assert_refused(read_cloudwatch, written(tmp_path, text), told)


def test_five_minutes_without_a_statistic_are_refused(tmp_path):
    rows = [f"{1_759_320_000 + 300 * k},10,30000" for k in range(6)]
    with pytest.raises(BadInput, match="period 300 s without a statistic"):
        read(tmp_path, "\n".join([",EngineCPUUtilization,EvalBasedCmds", *rows]))


def test_five_minutes_are_read_by_the_statistic_that_the_caller_names(tmp_path):
    times = [f"2026-09-01T12:{5 * k:02}:00+00:00" for k in range(6)]
    series = {"EngineCPUUtilization": 20, "StringBasedCmds": 600_000}
    results = [{"Label": name, "Timestamps": times, "Values": [value] * 6} for name, value in series.items()]
    path = written(tmp_path, json.dumps({"MetricDataResults": results}))
    with pytest.raises(BadInput, match="say --statistic Sum or --statistic Average, or export with get-metric-stat"):
        read_cloudwatch(path)
    assert read_cloudwatch(path, "Sum").per_s["StringBasedCmds"] == pytest.approx([2_000] * 6)
    assert read_cloudwatch(path, "Average").per_s["StringBasedCmds"] == pytest.approx([10_000] * 6)
    assert read_cloudwatch(path, "Sum").cpu == pytest.approx([0.2] * 6)


def test_no_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_cloudwatch(tmp_path / "none.csv")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is not text"):
        read_cloudwatch(tmp_path / "binary")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from(SHAPES))
def test_damaged_files_are_read_or_refused(tmp_path, data, text):
    assert_survives_damage(read_cloudwatch, tmp_path, text, [",", "\t", "\n", '"', "{", "]"], data)
