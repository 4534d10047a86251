"""`breakwater sweep` from outside: here or on a cluster, killed or not, the same results."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.experiments.replication import ScenarioTask
from models.scenario import load_scenario
from sim.experiment import replicate
from sim.seeds import derived_seeds
from tests.clusters import ROOT, dask_cluster, within
from tests.dashboards.conftest import Refused
from tests.dashboards.test_cli import ENTRY

TINY = [
    "onsale-small",
    *("--set", "clients.count=40", "--set", "event.seats=10", "--set", "run.duration_s=15"),
    *("--vary", "admission.rate_rps=5,10,20", "--vary", "clients.poll_interval_s=1,2"),
    *("--replications", "4"),
]
CELLS, REPLICATIONS = 6, 4
PROGRAM = [sys.executable, "-c", ENTRY, "sweep"]


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def sweep(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep run on processes of this machine."""
    out = tmp_path_factory.mktemp("here") / "out"
    code, text, err = sweep(*TINY, "--out", str(out))
    assert (code, err) == (0, "")
    assert "All 6 cells hold." in text
    return out


def test_the_files_are_there_and_nothing_else(here: Path) -> None:
    assert [path.name for path in here.parent.iterdir()] == ["out"]
    table = pq.read_table(here / "sweep.parquet").to_pandas()
    assert sorted(set(zip(table["admission.rate_rps"], table["clients.poll_interval_s"], strict=True))) == [
        (rate, poll) for rate in (5, 10, 20) for poll in (1, 2)
    ]
    assert (table["n"] <= REPLICATIONS).all()
    manifest = json.loads((here / "manifest.json").read_text())
    assert (manifest["replications_run"], manifest["replications_found_stored"]) == (CELLS * REPLICATIONS, 0)


def test_a_cell_is_what_run_gives_with_the_same_settings(here: Path) -> None:
    settings = ["clients.count=40", "event.seats=10", "run.duration_s=15"]
    scenario = load_scenario("onsale-small", [*settings, "admission.rate_rps=10", "clients.poll_interval_s=2"])
    alone = replicate(ScenarioTask.of(scenario, "kernel", drawn=True), derived_seeds(1, REPLICATIONS))
    table = pq.read_table(here / "sweep.parquet").to_pandas()
    cell = table[(table["admission.rate_rps"] == 10) & (table["clients.poll_interval_s"] == 2)].set_index("kpi")
    for name in ("wait.mean_s", "requests.total", "latency.status_p99_ms"):
        found = alone.of_one_more(name)
        wanted = (max(0.0, found.low), found.best, found.high, found.n)  # a time, or a count, is not below zero
        assert tuple(cell.loc[name, ["low", "best", "high", "n"]]) == wanted


def test_a_cluster_gives_the_same_bytes_also_if_a_worker_is_killed(here: Path, tmp_path: Path) -> None:
    (tmp_path / "dask").mkdir()
    with dask_cluster(tmp_path / "dask", workers=1) as cluster:
        victim = cluster.worker(threads=2)
        process = start(*TINY, "--out", str(tmp_path / "out"), "--scheduler", cluster.address)
        within(60, lambda: len(list((tmp_path / "out.unfinished").glob("*/*.json"))) >= 2)
        victim.kill()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert (tmp_path / "out/sweep.parquet").read_bytes() == (here / "sweep.parquet").read_bytes()
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["where"] == f"Dask cluster {cluster.address}"
    assert manifest["replications_run"] == CELLS * REPLICATIONS


def test_after_a_kill_only_what_is_missing_is_run(here: Path, tmp_path: Path) -> None:
    out, unfinished = tmp_path / "out", tmp_path / "out.unfinished"
    process = start(*TINY, "--out", str(out))
    within(60, lambda: len(list(unfinished.glob("*/*.json"))) >= 3)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    assert not out.exists()
    stored = sorted(unfinished.glob("*/*.json"))
    assert 3 <= len(stored) < CELLS * REPLICATIONS
    # a figure nobody would find shows later that this replication was read, not run again
    document = json.loads(stored[0].read_bytes())
    document["kpis"]["requests.total"] += 1_000_000
    stored[0].write_text(json.dumps(document))
    code, _, err = sweep(*TINY, "--out", str(out))
    assert (code, err) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    manifest = json.loads((out / "manifest.json").read_text())
    found, run = manifest["replications_found_stored"], manifest["replications_run"]
    assert (found, run) == (len(stored), CELLS * REPLICATIONS - len(stored))
    tables = [pq.read_table(place / "sweep.parquet").to_pandas().set_index(["cell", "kpi"]) for place in (here, out)]
    apart = tables[1]["best"] - tables[0]["best"]
    assert apart[apart != 0].to_list() == [1_000_000 / REPLICATIONS]
    assert apart[apart != 0].index[0][1] == "requests.total"


def test_json_is_one_document_and_one_run_needs_no_second_process() -> None:
    settings = ["--set", "clients.count=20", "--set", "run.duration_s=5"]
    code, out, err = sweep("onsale-small", *settings, "--vary", "redis.shards=2", "--replications", "1", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert [cell["settings"] for cell in document["cells"]] == [{"redis.shards": 2}]
    assert document["cells"][0]["kpis"]["requests.total"]["low"] is None


@pytest.mark.parametrize(
    ("arguments", "named"), [([], "--vary"), (["--vary", "redis.shards=3,0"], "redis.shards: 0 is not allowed")]
)
def test_unusable_input_is_one_line_and_nothing_is_written(
    refused: Refused, tmp_path: Path, arguments: list[str], named: str
) -> None:
    assert named in refused("sweep", "onsale-small", *arguments, "--out", str(tmp_path / "new" / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_is_not_there_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    cluster = ("--vary", "redis.shards=3", "--scheduler", "tcp://127.0.0.1:1")
    code, out, err = sweep("onsale-small", *cluster, "--out", str(tmp_path / "new" / "out"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "does not answer (Connection refused)" in err
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_other_files_is_left_alone(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert "thesis.tex" in refused("sweep", *TINY, "--out", str(tmp_path))
