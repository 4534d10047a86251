"""Replications on a real Dask cluster: the same results, whatever becomes of its workers."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, Timer

import pytest

from sim.dask_crew import Cluster
from sim.errors import BadInput
from sim.experiment import replications_of
from sim.workers import Job, ReplicationFailed, Workers
from tests.clusters import DaskCluster, dask_cluster, within
from tests.sim.noted import KIND, Noted, identity


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask"), workers=2) as cluster:
        yield cluster


def refused(address: str) -> str:
    with pytest.raises(BadInput) as refusal:
        Cluster(address, identity)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_cluster_gives_what_processes_here_give(running: DaskCluster, tmp_path: Path) -> None:
    task, seeds = Noted(tmp_path / "diary", takes_s=0.02), range(1, 11)
    with Cluster(running.address, identity) as crew:
        there = {done.seed: done.outcome for done in replications_of([task], seeds, crew)}
    assert len({process for _, process in task.begun()}) == 2
    with Workers(1) as crew:
        here = {done.seed: done.outcome for done in replications_of([task], seeds, crew)}
    assert there == here


def test_what_is_stored_is_not_sent_to_the_cluster(running: DaskCluster, tmp_path: Path) -> None:
    task = Noted(tmp_path / "diary")
    with Cluster(running.address, identity) as crew:
        first = list(replications_of([task], [1, 2, 3], crew, tmp_path / "store"))
        both = list(replications_of([task], [1, 2, 3, 4], crew, tmp_path / "store"))
    assert sorted(seed for seed, _ in task.begun()) == [1, 2, 3, 4]
    assert [done.stored for done in both] == [True, True, True, False]
    assert sorted(done.seed for done in first) == [1, 2, 3]


def test_the_work_of_a_killed_worker_is_done_by_the_others(running: DaskCluster, tmp_path: Path) -> None:
    task, seeds = Noted(tmp_path / "diary", takes_s=0.1), range(1, 31)
    victim = running.worker()
    with Cluster(running.address, identity) as crew:
        found = {}
        for done in replications_of([task], seeds, crew):
            found[done.seed] = done.outcome
            if len(found) == 5:
                within(5, lambda: any(process == victim.pid for _, process in task.begun()))
                victim.kill()
    assert sorted(found) == list(seeds)
    assert len(task.begun()) > len(seeds)  # what it had begun was begun again
    assert found == {seed: Noted(tmp_path / "other")(seed) for seed in seeds}


def test_errors_are_those_of_processes_here(running: DaskCluster, tmp_path: Path) -> None:
    for trouble, kind, message in (
        ("no\n servers", ReplicationFailed, "^seed 3 failed: ZeroDivisionError: no servers$"),
        ("bad-input", BadInput, r"^gateway\.pods: 0 is not allowed"),
    ):
        task = Noted(tmp_path / "diary", trouble=trouble)
        with Cluster(running.address, identity) as crew, pytest.raises(kind, match=message):
            list(crew.run([Job(task, seed) for seed in (1, 2, 3)]))


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    with dask_cluster(tmp_path) as cluster:
        assert f"{cluster.address} has no workers" in refused(cluster.address)
        other = cluster.worker(**{KIND: "other"})
        assert "has kind other, here it is ours; must be the same" in refused(cluster.address)
        other.kill()
        other.wait(10)
        (tmp_path / "sim").mkdir()
        (tmp_path / "sim" / "__init__.py").touch()
        cluster.worker(PYTHONPATH=str(tmp_path))
        assert "cannot run this version of breakwater" in refused(cluster.address)


def test_a_worker_of_another_version_is_refused_also_when_it_comes_later(tmp_path: Path) -> None:
    task = Noted(tmp_path / "diary", takes_s=0.2)
    with dask_cluster(tmp_path, workers=1) as cluster, Cluster(cluster.address, identity) as crew:
        outcomes = crew.run([Job(task, seed) for seed in range(200)])
        next(outcomes)
        cluster.worker(**{KIND: "other"})
        with pytest.raises(BadInput, match=r"the worker tcp://.* has kind other, here it is ours"):
            list(outcomes)
    assert len(task.begun()) < 150


def test_a_cluster_that_is_lost_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.dask_crew.WITHOUT_WORKERS_S", 0.5)
    monkeypatch.setattr("sim.dask_crew.LOOK_S", 0.1)
    jobs = [Job(Noted(tmp_path / "diary", takes_s=0.2), seed) for seed in range(100)]
    with dask_cluster(tmp_path, workers=1) as cluster, Cluster(cluster.address, identity) as crew:
        scheduler, worker = cluster.processes
        outcomes = crew.run(jobs)
        next(outcomes)
        worker.kill()
        with pytest.raises(BadInput, match=r"tcp://.* has lost all its workers"):
            list(outcomes)
        Timer(0.2, scheduler.kill).start()
        with pytest.raises(BadInput, match=r"tcp://.* has lost its scheduler"):
            list(crew.run(jobs))


@pytest.mark.parametrize(
    "address", ["", "localhost", "localhost:8786", "http://localhost:8786", "tcp://localhost:0", "tcp://a:65536"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert "must be tcp://HOST:PORT" in refused(address)


def test_a_password_is_not_repeated() -> None:
    assert "hunter2" not in refused("tcp://me:hunter2@localhost:8786")


def test_an_address_where_no_scheduler_answers_is_refused_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.dask_crew.CONNECT_S", 0.5)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "does not answer (timed out)" in refused(f"tcp://127.0.0.1:{port}")  # it listens and says nothing
        talker = Thread(target=lambda: server.accept()[0].close())
        server.accept()[0].close()
        talker.start()
        assert "does not answer as a Dask scheduler does" in refused(f"tcp://127.0.0.1:{port}")
        talker.join()
    assert "does not answer (Connection refused)" in refused(f"tcp://127.0.0.1:{port}")
    assert time.monotonic() - began < 30
