"""The command from outside, in a process of its own; the engine is replaced where a test is not about it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.cli import app
from dashboards.ending import guarded
from models.scenario import json_schema, scenario_names
from tests.dashboards.conftest import Refused

HEAVY = ("numpy", "numba", "pandas", "plotly", "scipy", "pyarrow", "pydantic")
ENTRY = "from dashboards.cli import main; main()"

# an engine that answers with a made-up run; what it is asked is the scenario and the keywords
FAKE_ENGINE = """
import sys, time, types
from tests.dashboards.synthetic import onsale_result
fake = types.ModuleType("models.experiments.simulate")
def simulate(scenario, *, seed=1, engine="kernel", progress=None):
    {body}
    return onsale_result(scenario, manifest={{"seed": seed, "engine": engine}})
fake.simulate = fake.simulate_many = simulate
sys.modules["models.experiments.simulate"] = fake
"""


def breakwater(*arguments: str, engine: str | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    program = ("" if engine is None else FAKE_ENGINE.format(body=engine)) + ENTRY
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, cwd=cwd
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The single line on stderr of a command that was refused."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_help_loads_nothing_heavy() -> None:
    program = f"import sys, dashboards.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_only_the_commands_that_work_are_there() -> None:
    names = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    real = {"validate", "conformance", "calibrate", "verify-calibration", "regress"}
    assert names == {"run", "compare", "sweep", "scenarios", "schema", "dashboard", *real}


def test_schema_is_that_of_the_scenarios() -> None:
    done = breakwater("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json_schema()


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(app, ["scenarios"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name, _ in scenario_names())
    assert guarded(app, ["scenarios", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(item["name"], item["description"]) for item in document["scenarios"]] == scenario_names()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nonsense"], "nonsense"),
        (["run", "no-such-scenario"], "no-such-scenario"),
        (["run", "--sed", "1"], "--sed"),
        (["run", "--seed", "-1"], "--seed"),
        (["run", "--seed", "x"], "--seed"),
        (["run", "--replications", "0"], "--replications"),
        (["run", "--engine", "steam"], "--engine"),
        (["run", "--set", "gateway.pods=0"], "gateway.pods"),
        (["run", "--set", "gateway.pods"], "gateway.pods"),
        (["run", "onsale-300k", "onsale-small"], "onsale-small"),
        (["compare", "onsale-small"], "B"),
        (["compare", "onsale-small", "nowhere"], "nowhere"),
        (["regress", "--update"], "--reason"),
    ],
)
def test_unusable_input_is_one_line_and_exit_2(refused: Refused, arguments: list[str], named: str) -> None:
    assert named in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--engine", "steam"], "--engine: 'steam' is not allowed; must be one of kernel, simpy"),
        (["run", "--replications", "0"], "--replications: '0' is not allowed; must be an integer from 1 to 10000"),
        (["dashboard", "--port", "x"], "--port: 'x' is not allowed; must be an integer from 1 to 65535"),
        (["run", "tests"], "scenario: 'tests' is a directory; must be a shipped scenario or a .yaml file"),
        (["compare", "a", "b", "--set", "x=1"], "a design is a scenario or a YAML file that extends one"),
    ],
)
def test_what_is_refused_is_told_with_what_is_allowed(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert said in refused(*arguments)


def test_a_process_that_is_refused_ends_with_2_and_one_line() -> None:
    assert "no-such-scenario" in one_line(breakwater("run", "no-such-scenario"))


def test_a_directory_with_other_files_is_not_overwritten(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("irreplaceable")
    assert "thesis.tex" in refused("run", "onsale-small", "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_place_for_a_run(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not a directory" in refused("run", "onsale-small", "--out", str(tmp_path / "file"))
    assert "--out" in refused("run", "onsale-small", "--out", str(tmp_path / "file" / "run"))


def test_json_is_one_document_by_the_contract() -> None:
    done = breakwater("run", "--json", "--seed", "7", engine="pass")
    assert done.returncode == 1  # the made-up run breaks three levels
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert list(document) == [
        "scenario",
        "scenario_hash",
        "seed",
        "engine",
        "wall_s",
        "compile_s",
        "profile",
        "kpis",
        "slo",
        "limits",
        "findings",
        "robustness",
    ]
    assert (document["scenario"], document["seed"], document["engine"]) == ("onsale-300k", 7, "kernel")
    assert set(document["kpis"]["wait.mean_s"]) == {"low", "best", "high", "unit"}
    assert all(set(row) == {"name", "limit", "value", "met"} for row in document["slo"])


def test_a_run_that_holds_ends_with_0() -> None:
    lenient = [f"slo.{level}" for level in ("status_p99_ms=1e5", "error_percent=50", "engine_cpu_percent=100")]
    options = [word for setting in lenient for word in ("--set", setting)]
    assert breakwater("run", *options, engine="pass").returncode == 0


def test_a_run_leaves_its_files_and_says_where(tmp_path: Path) -> None:
    done = breakwater("run", "--out", "runs/first", engine="pass", cwd=tmp_path)
    assert "report: runs/first/report.html" in done.stdout
    assert (tmp_path / "runs/first/manifest.json").is_file()


def test_what_is_to_be_seen_together_is_printed_and_reported_together(tmp_path: Path) -> None:
    done = breakwater("run", "--beside", "--set", "redis.shards=3", "--out", "run", engine="pass", cwd=tmp_path)
    table = done.stdout[done.stdout.index("Side by side") : done.stdout.index("Why")]
    assert "onsale-300k-five" in table
    assert "admissions while people wait" in table
    report = (tmp_path / "run/report.html").read_text()
    assert "<h2>Side by side</h2>" in report
    assert "onsale-300k-five: The design" in report
    assert "3 shards of" in report[report.index("onsale-300k-five: The design") :]
    document = json.loads(breakwater("run", "--beside", "--json", engine="pass").stdout)
    assert document["scenario"] == "onsale-300k"  # the document is of the scenario named


def test_a_run_alone_is_one_simulation() -> None:
    assert "Side by side" not in breakwater("run", engine="pass").stdout


def test_nothing_is_seen_beside_a_scenario_that_names_none(refused: Refused) -> None:
    assert "--beside: onsale-small names no scenario" in refused("run", "onsale-small", "--beside")


def test_a_scenario_names_one_that_is_known_and_leaves_it_to_no_child(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("extends: onsale-300k\nbeside: onsale-300k-fife\n")
    assert "beside: 'onsale-300k-fife' is not known; did you mean onsale-300k-five?" in refused(
        "run", str(tmp_path / "own.yaml")
    )
    (tmp_path / "own.yaml").write_text("extends: onsale-300k\n")
    assert "names no scenario" in refused("run", str(tmp_path / "own.yaml"), "--beside")


def test_a_defect_of_ours_is_not_taken_for_a_verdict() -> None:
    done = breakwater("run", engine="raise KeyError('broken')")
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    assert "defect" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    engine = "print('started', flush=True); time.sleep(50)"
    program = FAKE_ENGINE.format(body=engine) + ENTRY
    command = [sys.executable, "-c", program, "run", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(sent)
        _, complaint = process.communicate(timeout=20)
    assert process.returncode == code
    assert complaint.count("\n") == 1
    assert "nothing was left half-written" in complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("long_or_short", ["schema", "scenarios"])
def test_a_reader_that_leaves_early_is_no_error(long_or_short: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # what is longer than a buffer fails while it is printed, what is shorter when it is flushed
    program = [sys.executable, "-c", ENTRY, long_or_short]
    done = subprocess.run(program, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_of_a_changed_file_says_what_was_changed_and_proposes_commands_that_work(tmp_path: Path) -> None:
    folder = tmp_path / "my sales"
    folder.mkdir()
    (folder / "mine.yaml").write_text("extends: onsale-300k\ndescription: Mine.\nname: mine\n", encoding="utf-8")
    given = ["run", "my sales/mine.yaml", "--set", "gateway.pods=25", "--seed", "4"]
    done = breakwater(*given, "--out", str(tmp_path / "out"), engine="pass", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "mine, changed" in done.stdout.splitlines()[0]
    assert "gateway.pods = 25 (was 30)" in done.stdout
    assert "breakwater run 'my sales/mine.yaml' --set gateway.pods=25" in " ".join(done.stdout.split())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["asked"] == {
        "scenario": "my sales/mine.yaml",
        "changes": [{"path": "gateway.pods", "value": 25, "was": 30}],
    }


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a line in which B is the command."""
    program = f'B() {{ "{sys.executable}" -c "{ENTRY}" "$@"; }}; {line}'
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=120, cwd=cwd, env=path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["schema", "scenarios", "--help", "scenarios --json"])
def test_output_that_goes_nowhere_is_one_line(tmp_path: Path, command: str, unbuffered: str) -> None:
    full = shell(f"PYTHONUNBUFFERED={unbuffered} B {command} > /dev/full", tmp_path)
    assert (full.returncode, full.stderr) == (
        2,
        "breakwater: standard output cannot be written: No space left on device\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("where", ["2> /dev/full", "> /dev/full 2>&1"])
@pytest.mark.parametrize("command", ["run nope", "run --nope"])
def test_what_is_refused_ends_with_2_also_where_nobody_can_be_told(tmp_path: Path, command: str, where: str) -> None:
    assert shell(f"B {command} {where}", tmp_path).returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_defect_keeps_its_code_where_nobody_can_be_told() -> None:
    program = FAKE_ENGINE.format(body="raise KeyError('broken')") + ENTRY
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([sys.executable, "-c", program, "run"], stdout=subprocess.PIPE, stderr=full, timeout=60)
    assert done.returncode == 70


def test_a_closed_output_is_one_line(tmp_path: Path) -> None:
    closed = shell("B schema >&-", tmp_path)
    assert closed.returncode == 2
    assert closed.stderr == "breakwater: standard output is closed; > /dev/null throws it away\n"
    assert shell("B schema <&- >&- 2>&-", tmp_path).returncode == 2


def test_a_working_directory_that_is_gone_is_one_line(tmp_path: Path) -> None:
    gone = shell("mkdir here; cd here; rmdir ../here; B scenarios", tmp_path)
    assert gone.returncode == 2
    assert gone.stderr == "breakwater: the working directory cannot be used: No such file or directory\n"


@pytest.mark.parametrize(
    ("option", "named"),
    [
        (["--out", os.fsdecode(b"o\xff")], "--out: "),
        (["--out", "o" * 5000], "--out: "),
        (["--seed", "9" * 400], "--seed"),
        (["--set", f"{'9' * 400}=1"], "unknown key"),
    ],
)
def test_what_is_far_too_long_or_no_text_is_quoted_in_part(refused: Refused, option: list[str], named: str) -> None:
    line = refused("run", "onsale-small", *option)
    assert named in line
    assert len(line) < 500


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("raise MemoryError", "not enough memory"),
        ("raise OSError(12, 'Cannot allocate memory')", "not enough memory"),
        ("import sim.workers; raise sim.workers.WorkerDied('a worker process died')", "a worker process died"),
    ],
)
def test_what_the_machine_lacks_is_no_defect(raised: str, said: str) -> None:
    assert said in one_line(breakwater("run", engine=raised))
