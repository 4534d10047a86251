"""Real servers for tests, started once per worker process and stopped with it."""

from collections.abc import Callable, Iterator

import pytest

from real_adapter.server.cluster import LocalCluster, start_cluster
from real_adapter.server.server import LocalServer, start_server


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    """One server; tests share it, so each uses keys of its own."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """Three primaries with one replica each; whoever asks for it is marked `xdist_group("cluster")` and kills none."""
    with start_cluster(3, 1) as running:
        yield running


@pytest.fixture
def user(server: LocalServer) -> Iterator[Callable[..., str]]:
    """Make users of the server with permissions; the function returns the URL of each."""
    names = []
    with server.client() as client:

        def make(name: str, *permissions: str) -> str:
            names.append(name)
            client.execute_command("ACL", "SETUSER", name, "reset", "on", ">geheim", *permissions)
            return f"redis://{name}:geheim@{server.address}"

        yield make
        client.execute_command("ACL", "DELUSER", *names)
