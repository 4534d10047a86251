"""What is compiled before the first run: all that the runs after it call, in shares of about the same length."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.experiments.entry_points import entry_points, shares

PROGRAM = """
import gc
from models.experiments.warm_up import PROCESSES, SMALLEST, prepare
from models.plan.node_costs import node_costs
from models.results.run_result import result_of
from models.run.run import run_once
from models.scenario import load_scenario
from sim.whole_program import WholeProgram

def entries():
    return {(each.__name__, str(types)) for each in gc.get_objects() if isinstance(each, WholeProgram)
            for types in each.signatures}

prepare("kernel")
before = entries()
for name, settings in SMALLEST:
    scenario = load_scenario(name, settings)
    result_of(run_once(scenario, node_costs(scenario.redis), 1, "kernel"), "kernel", 0.0)
print(sorted(entries() - before))
"""


def test_runs_call_nothing_that_was_not_prepared() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shares_hold_every_entry_once_and_none_waits_long_for_another(count: int) -> None:
    entries = entry_points()
    dealt = shares(entries, count)
    assert len(dealt) == count
    names = sorted(each.function.__qualname__ for share in dealt for each in share)
    assert names == sorted(each.function.__qualname__ for each in entries)
    longest = max(sum(each.compile_s for each in share) for share in dealt)
    # Graham 1969: the longest first takes at most 4/3 - 1/(3 m) of the best, which is at least the longest entry
    best = max(max(each.compile_s for each in entries), sum(each.compile_s for each in entries) / count)
    assert longest <= (4 / 3 - 1 / (3 * count)) * best


def test_what_a_process_has_not_compiled_is_compiled_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.experiments import warm_up

    started = []

    def dead(number: int) -> subprocess.Popen[bytes]:
        started.append(number)
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])

    monkeypatch.setattr(warm_up, "_prepared", set())
    monkeypatch.setattr(warm_up, "is_compiled", lambda package: False)
    monkeypatch.setattr(warm_up, "processes_for", lambda jobs: jobs)
    monkeypatch.setattr(warm_up, "_started", dead)
    assert warm_up.prepare("kernel") > 0
    assert started == [1]
    assert all(each.function.signatures for each in entry_points())  # type: ignore[attr-defined]


FORKED = """
from dataclasses import dataclass
from models.experiments.replication import ScenarioTask
from models.experiments import warm_up
from models.scenario import load_scenario
from sim.experiment import replicate
from sim.outcome import Outcome
from tests.sim.noted import Seeds

@dataclass(frozen=True)
class Looking:
    workers_import: str
    key = "looking"

    def __call__(self, seed):
        return Outcome({"loaded": float("kernel" in warm_up._prepared)}, Seeds(()))

if __name__ == "__main__":
    warm_up.prepare("kernel")
    task = ScenarioTask.of(load_scenario("onsale-small"), "kernel")
    found = replicate(Looking(task.workers_import), [1, 2, 3], workers=2)
    print([outcome.kpis["loaded"] for outcome in found.outcomes.values()])
"""


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="processes are not forked")
def test_processes_of_replications_share_one_loaded_engine(tmp_path: Path) -> None:
    script = tmp_path / "looking.py"
    script.write_text(FORKED)
    root = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, script], env=root, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[1.0, 1.0, 1.0]", done.stderr
