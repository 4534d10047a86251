"""The mesh of a scenario: what is added to requests on their way, and what their pods' own proxies take."""

import numpy as np
from numpy.typing import NDArray

from models.mesh.delays import Delay
from models.mesh.overhead import Overhead, istio_overhead, talk_overhead
from models.plan.quantiles import lognormal
from models.scenario import Scenario
from models.vocabulary.operations import ENDPOINTS, OPS, Op
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream

ADDED_STREAMS = (Stream.MESH_ARRIVAL, Stream.MESH_CALL)
"""Of the draws from each row of `added_delays`."""
NOTHING = Delay(0.0, 0.0)


def overhead_of(scenario: Scenario) -> Overhead | None:
    """Return what the mesh of a scenario adds; None without one."""
    mesh = scenario.mesh
    if mesh.mode == "none":
        return None
    if mesh.figures == "talk":
        return talk_overhead(mesh.mode)
    return istio_overhead(mesh.mode, mesh.waypoint, mesh.captures_clients)


def added_delays(scenario: Scenario) -> NDArray[np.int64]:
    """Tabulate what proxies add to a client's request, and to a call of the backend: int64[2, 2050] ns.

    All that a request and its answer get is put on the way there. Without a mesh there is no row.
    """
    overhead = overhead_of(scenario)
    if overhead is None:
        return np.zeros((0, 0), np.int64)
    delays = [delay or NOTHING for delay in (overhead.arrival, overhead.call)]
    return np.stack([lognormal(delay.median_ms, delay.sigma, 1e6) for delay in delays])


def added_on(scenario: Scenario) -> dict[tuple[Place, Place], int]:
    """Return the hops on which proxies add something, each with its row of `added_delays`."""
    overhead = overhead_of(scenario)
    if overhead is None:
        return {}
    ways = {(Place.CLIENT, Place.GATEWAY): overhead.arrival, (Place.GATEWAY, Place.RESERVATION): overhead.call}
    return {hop: row for row, (hop, delay) in enumerate(ways.items()) if delay is not None}


def proxy_us(scenario: Scenario) -> NDArray[np.float64]:
    """Return the CPU that proxies at the gateway take for a request of every operation, us, float64[OPS].

    A reservation passes the proxy twice.
    """
    found, overhead = np.zeros(OPS), overhead_of(scenario)
    if overhead is None:
        return found
    for op, name in enumerate(ENDPOINTS):
        found[op] = passes(scenario, Op(op)) * overhead.pass_us + overhead.share * getattr(
            scenario.gateway.cpu_us, name
        )
    found[Op.STATUS_READ] = found[Op.STATUS]
    return found


def first_connections(scenario: Scenario) -> NDArray[np.int64]:
    """Return what a started pod's first request that passes a proxy waits for its connection, by operation, ns."""
    wait = round(1e6 * scenario.mesh.first_connection_ms) if scenario.mesh.on else 0
    return np.array([wait * (passes(scenario, op) > 0) for op in Op], np.int64)


def passes(scenario: Scenario, op: Op) -> int:
    """Return how often a request passes a proxy of the gateway's: as it comes in, and as it is called on.

    Probes go past it (source: Istio, health checking of services: they are answered, or let through, apart).
    """
    if not scenario.mesh.on or (op >= len(ENDPOINTS) and op != Op.STATUS_READ):
        return 0
    return int(scenario.mesh.captures_clients) + (op == Op.RESERVE)


def proxy_mib(scenario: Scenario) -> float:
    """Return the MiB that a pod's own proxy takes; 0 if it has none."""
    overhead = overhead_of(scenario)
    return overhead.memory_mb * 1e6 / 2**20 if overhead is not None and scenario.mesh.mode == "sidecar" else 0.0
