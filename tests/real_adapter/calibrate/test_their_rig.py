"""Measuring somebody's server: it is left as it was, and what it does not permit is told before it is measured."""

from collections.abc import Callable

import pytest

from real_adapter.calibrate import experiment
from real_adapter.calibrate.calibration import their_rig
from real_adapter.measure.cases import Case, Load
from real_adapter.server.cluster import LocalCluster
from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer
from sim.errors import BadInput
from tests.real_adapter.server.connecting import keys_of


def prepare(url: str) -> None:
    """Connect as a calibration does, fill the rooms and try every operation."""
    with connect(url) as connection, their_rig(connection, url) as rig:
        experiment.prepare(rig.bench)


def test_a_server_is_measured_under_a_prefix_and_left_as_it_was(server: LocalServer, user: Callable[..., str]) -> None:
    url, before = user("ann", "~breakwater:*", "+@all"), keys_of(server)
    with connect(url) as connection, their_rig(connection, url) as rig:
        experiment.prepare(rig.bench)
        case = Case("status", 1_000, Load(0.1, users=5))
        window = rig.gauge.measure(case.name, lambda: rig.bench.drive(case, 1))
        added = keys_of(server) - before
        assert added
        assert all(key.startswith(connection.prefix.encode()) for key in added)
    assert window.cpu_us > 0
    assert window.sleeps is None  # of a process that is not seen
    assert keys_of(server) == before


@pytest.mark.parametrize("command", ["get", "xadd", "zcount", "hset"])
def test_a_permission_that_measuring_takes_is_named(
    server: LocalServer, user: Callable[..., str], command: str
) -> None:
    before = keys_of(server)
    with pytest.raises(BadInput) as refused:
        prepare(user("ann", "~*", "+@all", f"-{command}"))
    line = str(refused.value)
    # Redis 7.0 does not say which of the commands of a script it was
    assert line.startswith(f"redis at {server.address}: user ann may not run ")
    assert command.upper() in line
    assert "\n" not in line
    assert keys_of(server) == before


@pytest.mark.xdist_group("cluster")
def test_a_cluster_is_refused(cluster: LocalCluster) -> None:
    with pytest.raises(BadInput, match="this is a cluster"):
        prepare(f"redis://{cluster.primaries[0].address}")
