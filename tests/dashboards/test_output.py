import json
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from dashboards import output, report
from dashboards.output import FILES, checked_target, json_text, unfinished, write_run
from dashboards.whole import all_or_nothing, remove_left, write_files
from models.judge.verdict import Verdict
from models.results.result import RunResult
from models.scenario import Scenario
from sim.errors import BadInput


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_a_run_is_written_whole(tmp_path: Path, result: RunResult, scenario: Scenario, verdict: Verdict) -> None:
    write_run(tmp_path / "run", result, scenario, verdict)
    assert names(tmp_path / "run") == set(FILES)
    assert names(tmp_path) == {"run"}
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest == result.manifest
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert summary["kpis"]["seats.sold"] == {"low": None, "best": 10_000, "high": None, "unit": "seats"}
    assert summary["verdict"]["headline"] == verdict.headline
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "run/series.parquet"), result.series, check_freq=False)


def test_histograms_keep_every_count(tmp_path: Path, result: RunResult, scenario: Scenario, verdict: Verdict) -> None:
    write_run(tmp_path / "run", result, scenario, verdict)
    table = pd.read_parquet(tmp_path / "run/histograms.parquet")
    for name, histogram in result.histograms.items():
        rows = table[table["histogram"] == name]
        assert rows["count"].sum() == histogram.count
        assert (rows["low_ns"] * rows["count"]).sum() <= histogram.total <= (rows["high_ns"] * rows["count"]).sum()


def test_a_failure_leaves_the_run_before_untouched(
    tmp_path: Path, result: RunResult, scenario: Scenario, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "run", result, scenario, verdict)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "report_html", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_run(tmp_path / "run", result, scenario, verdict)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    assert names(tmp_path) == {"run"}


def test_a_full_disk_is_one_line_and_no_run(
    tmp_path: Path, result: RunResult, scenario: Scenario, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> pd.DataFrame:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "_histograms", full)
    with pytest.raises(BadInput, match="No space left on device"):
        write_run(tmp_path / "run", result, scenario, verdict)
    assert names(tmp_path) == set()


def test_a_run_may_replace_a_run(tmp_path: Path, result: RunResult, scenario: Scenario, verdict: Verdict) -> None:
    for _ in range(2):
        target = checked_target(tmp_path / "run")
        write_run(target, result, scenario, verdict)
    assert names(tmp_path) == {"run"}


def test_stored_replications_go_when_the_run_is_written(
    tmp_path: Path, result: RunResult, scenario: Scenario, verdict: Verdict
) -> None:
    unfinished(tmp_path / "run").mkdir()
    write_run(tmp_path / "run", result, scenario, verdict)
    assert names(tmp_path) == {"run"}


@pytest.mark.parametrize("existing", ["other.txt", ".git"])
def test_nothing_but_a_run_is_replaced(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("")
    with pytest.raises(BadInput, match="holds other files"):
        checked_target(tmp_path)


def test_a_new_target_may_be_deep(tmp_path: Path) -> None:
    assert checked_target(tmp_path / "a/b/c") == tmp_path / "a/b/c"
    assert names(tmp_path / "a") == {"b"}


def test_json_never_holds_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text({"value": float("nan")})


def test_of_several_files_all_are_written_or_none(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("before")
    with pytest.raises(BadInput, match=r"^--junit: .*missing.* cannot be written: No such file"):
        write_files({kept: "after", tmp_path / "missing" / "new.json": "text"}, "--junit")
    assert kept.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    write_files({kept: "after", tmp_path / "new.json": "ü"})
    assert (kept.read_text(), (tmp_path / "new.json").read_text(encoding="utf-8")) == ("after", "ü")


KILLED = """
import os, signal, sys
from pathlib import Path
from dashboards.whole import all_or_nothing, write_files
out = Path(sys.argv[1])
if sys.argv[2] == "moving":
    rename = Path.rename
    def once(self, target):
        rename(self, target)
        os.kill(os.getpid(), signal.SIGKILL)
    Path.rename = once
with all_or_nothing(out) as place:
    (place / "new").write_text("new")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(out: Path, when: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(out), when], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", ["writing", "moving"])
def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path: Path, when: str) -> None:
    out = tmp_path / "o"
    out.mkdir()
    (out / "old").write_text("old", encoding="utf-8")
    killed(out, when)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    remove_left(out)
    assert [path.name for path in tmp_path.iterdir()] == ["o"]
    assert (out / "old").read_text(encoding="utf-8") == "old"  # also if it had been moved out of the way
    with all_or_nothing(out) as place:
        (place / "new").write_text("new", encoding="utf-8")
    assert [path.name for path in out.iterdir()] == ["new"]


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / ".o.notes"
    mine.mkdir()
    with all_or_nothing(tmp_path / "o") as place:
        remove_left(tmp_path / "o")
        assert place.is_dir()
        assert mine.is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {"o", ".o.notes"}
