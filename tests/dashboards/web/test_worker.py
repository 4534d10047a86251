import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.web import worker as module
from dashboards.web.jobs import Compare, Job, Run, RunSweep
from dashboards.web.messages import Done, Failed, Refused
from dashboards.web.worker import SPARE, Ended, Spare, Worker
from models.experiments.simulate import compare_scenarios, simulate
from models.experiments.sweep.cells import cells_of
from models.experiments.sweep.design import design_of
from models.judge.verdict import judge
from models.scenario import load_scenario
from tests.dashboards.web.workers import SMALL, Raise, Sleep, is_running, small_run, wait_until

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def ended(worker: Worker, job: Job) -> Ended:
    worker.ask(job, "page")
    found: list[Ended] = []

    def told() -> bool:
        message = worker.listen(0.1)
        found.extend([] if message is None else [message])
        return bool(found)

    wait_until(told)
    assert not worker.busy
    return found[0]


def test_a_run_is_what_the_command_runs_with_its_verdict(worker: Worker) -> None:
    job = small_run(seed=7)
    message = ended(worker, job)
    assert isinstance(message, Done)
    result, verdict = message.value
    here = simulate(job.scenario, seed=7)
    assert result.kpis == here.kpis
    assert result.series.equals(here.series)
    assert verdict == judge(result, job.scenario)


def test_replications_run_on_processes_of_the_workers_own(worker: Worker) -> None:
    message = ended(worker, small_run(replications=3))
    assert isinstance(message, Done)
    assert message.value[0].kpis["requests.total"].low is not None


def test_designs_are_compared_with_the_first(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = (load_scenario("onsale-small", [*SMALL, f"clients.poll_interval_s={poll}"]) for poll in (5, 3))
    message = ended(worker, Compare((a, b, a), 1, 2))
    monkeypatch.setattr("models.experiments.simulate.processes_for", lambda jobs: 1)
    assert isinstance(message, Done)
    assert message.value[0] == compare_scenarios(a, b, 2)
    assert not any(item.detectable for item in message.value[1].values())


def test_a_sweep_comes_back(worker: Worker) -> None:
    design = design_of(["gateway.pods=1,2"], None, 1)
    message = ended(worker, RunSweep(design, cells_of("onsale-small", list(SMALL), design), 1, 1))
    assert isinstance(message, Done)
    assert len(message.value.cells) == 2


def test_what_cannot_be_done_comes_back_in_one_line_and_the_worker_goes_on(worker: Worker) -> None:
    assert ended(worker, Raise("1", "refused")) == Refused("1", "redis.shards: 0 is not allowed")
    assert ended(worker, Raise("2", "failed")) == Failed("2", "RuntimeError: a defect")
    died = ended(worker, Raise("3", "killed"))
    assert isinstance(died, Failed)
    assert "died" in died.message
    assert isinstance(ended(worker, small_run()), Done)


@linux
def test_a_cancelled_job_ends_at_once_with_all_it_started(worker: Worker, tmp_path: Path) -> None:
    pid, started = worker.pid, tmp_path / "pid"
    worker.ask(Sleep("sleep", str(started)), "page")
    wait_until(started.exists)
    child = int(started.read_text())
    assert is_running(child)
    worker.cancel()
    wait_until(lambda: not is_running(pid) and not is_running(child))
    assert not worker.busy
    assert isinstance(ended(worker, small_run()), Done)


def test_another_job_takes_the_place_of_the_one_under_way(worker: Worker, tmp_path: Path) -> None:
    worker.ask(Sleep("sleep", str(tmp_path / "pid")), "page")
    message = ended(worker, small_run(seed=3))
    assert isinstance(message, Done)
    assert message.key == small_run(seed=3).key


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_the_process_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    program = (
        "import time\nfrom dashboards.web.worker import Worker\nfrom tests.dashboards.web.workers import Sleep\n"
        f"w = Worker(); w.ask(Sleep('s', {str(started)!r}), 'page'); print(w.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until(started.exists)
        assert is_running(pid)
        os.kill(parent.pid, how)
        parent.wait()
    wait_until(lambda: not is_running(pid))
    os.kill(int(started.read_text()), signal.SIGKILL)  # what the job itself started is not the worker's


@linux
def test_a_session_that_ends_while_it_listens_gets_no_new_process(tmp_path: Path) -> None:
    worker, started = Worker(), tmp_path / "pid"
    worker.ask(Sleep("sleep", str(started)), "page")
    wait_until(started.exists)
    pid = worker.pid
    threading.Timer(0.3, worker.close).start()
    message = None
    while message is None:
        message = worker.listen(1.0)
    assert isinstance(message, Failed)
    worker.cancel()
    assert worker.pid == pid
    assert not is_running(pid)


def test_the_key_tells_runs_apart() -> None:
    scenario = small_run().scenario
    renamed = scenario.model_copy(update={"name": "other"})
    keys = {
        Run(scenario, 1, 1).key,
        Run(scenario, 2, 1).key,
        Run(scenario, 1, 2).key,
        Run(renamed, 1, 1).key,
        Run(load_scenario("onsale-small"), 1, 1).key,
        Compare((scenario,), 1, 1).key,
    }
    assert len(keys) == 6
    assert Run(scenario, 1, 1).key == small_run().key


@pytest.fixture
def spare() -> Iterator[Spare]:
    SPARE.fill()
    yield SPARE
    SPARE.drop()


def test_a_session_takes_the_process_that_is_ready_and_the_next_one_is_begun(spare: Spare) -> None:
    kept = spare._kept
    assert kept is not None
    kept.connection.send(small_run(seed=5))  # answered once the engine is loaded
    assert kept.connection.poll(60)
    first = Worker()
    try:
        assert first.pid == kept.process.pid
        assert spare._kept is None  # the page that took it comes first
        wait_until(lambda: spare._kept is not None)
        assert spare._kept is not None
        assert spare._kept.process.pid != first.pid
    finally:
        first.close()


def test_what_is_to_be_begun_for_the_next_session_is_not_when_nothing_is_kept_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AFTER_S", 0.05)
    spare = Spare()
    spare.fill()
    taken = spare.take()
    begun = spare._filling
    assert begun is not None
    spare.drop()
    taken.process.kill()
    taken.process.wait()
    begun.join()
    assert spare._kept is None


def test_a_session_that_cancels_goes_on_with_the_process_that_is_ready(spare: Spare, tmp_path: Path) -> None:
    worker = Worker()
    try:
        worker.ask(Sleep("sleep", str(tmp_path / "pid")), "page")
        wait_until(lambda: spare._kept is not None)
        kept = spare._kept
        worker.cancel()
        assert kept is not None
        assert worker.pid == kept.process.pid
        assert isinstance(ended(worker, small_run()), Done)
    finally:
        worker.close()


def test_a_process_that_has_died_while_it_waited_is_not_given_to_anybody(spare: Spare) -> None:
    assert spare._kept is not None
    spare._kept.process.kill()
    spare._kept.process.wait()
    worker = Worker()
    try:
        assert isinstance(ended(worker, small_run()), Done)
    finally:
        worker.close()
