"""`breakwater conformance` from outside: verdicts, refusals, and that nothing is left however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from real_adapter.server.server import LocalServer, start_server
from tests.dashboards.conftest import Refused
from tests.dashboards.test_cli import ENTRY, breakwater, one_line

# a checker that finds this; what it is asked is not looked at
FOUND = """
from real_adapter.conformance import comparison as conformance
from real_adapter.conformance.report import Case, ConformanceReport
conformance.check_conformance = lambda *asked: ConformanceReport("redis 7", 5, (Case("one", 100, {differences}, 2.0),))
"""


@pytest.fixture(scope="module")
def theirs() -> Iterator[LocalServer]:
    """A server that the command has not started."""
    with start_server() as running:
        yield running


def test_conformance_of_a_server_is_told_and_leaves_nothing(theirs: LocalServer) -> None:
    url = f"redis://{theirs.address}"
    done = breakwater("conformance", "--redis", url, "--allow-remote-writes", "--ops", "300", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["equal"] is True
    assert document["server"] == str(theirs.facts)
    assert [(case["operations"], case["differences"]) for case in document["cases"]][1:] == [
        (300, []),
        (30, []),
    ]
    with theirs.client() as client:
        assert client.dbsize() == 0


def test_a_server_of_somebody_else_is_refused(theirs: LocalServer) -> None:
    line = one_line(breakwater("conformance", "--redis", f"redis://{theirs.address}", "--ops", "100"))
    assert "was not started by this program, so nothing is written to it; --allow-remote-writes permits it" in line


@pytest.mark.parametrize(("differences", "code", "verdict"), [((), 0, "equal"), (("a place is lost",), 1, "1 differ")])
def test_a_difference_is_a_failed_verdict(differences: tuple[str, ...], code: int, verdict: str) -> None:
    program = FOUND.format(differences=repr(differences)) + ENTRY
    done = subprocess.run([sys.executable, "-c", program, "conformance"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.splitlines()[1].startswith(verdict)
    assert all(difference in done.stdout for difference in differences)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--redis", "redis://ann:geheim@127.0.0.1:1"],
        ["--redis", "redis://ann:ge/heim@127.0.0.1:1"],
        ["--redis", "http://ann:geheim@127.0.0.1"],
        ["redis://ann:geheim@127.0.0.1"],
        ["valkeys://ann:geheim@127.0.0.1"],
        ["--redis", "redis://h", "rediss://ann:geheim@127.0.0.1"],
        ["--ops", "redis://ann:geheim@127.0.0.1"],
        ["--ops", "redis://ann: geheim@127.0.0.1"],
        ["--ops", "1", "--redis", "redis://ann:geheim@127.0.0.1"],
        ["--redsi=redis://ann:geheim@127.0.0.1"],
    ],
)
def test_no_refusal_shows_a_password(refused: Refused, arguments: list[str]) -> None:
    assert "heim" not in refused("conformance", *arguments)


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_its_servers_end_with_it(ending: signal.Signals, code: int, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", ENTRY, "conformance", "--ops", "1000000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True) as running:
        await_folders(tmp_path, some=True)
        time.sleep(0.5)
        running.send_signal(ending)
        _, told = running.communicate(timeout=30)
    assert running.returncode == code
    assert "Traceback" not in told
    await_folders(tmp_path, some=False)


def await_folders(place: Path, some: bool) -> None:
    """Wait until servers have their folders in *place*, or have gone and taken them along."""
    deadline = time.monotonic() + 30
    while any(place.iterdir()) != some:
        assert time.monotonic() < deadline, f"folders of servers: {list(place.iterdir())}"
        time.sleep(0.02)
