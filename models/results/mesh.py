"""What a mesh and the daemons of nodes added and took in a run: delays, CPU, memory, certificates.

Counted from the requests of a run by what one passing of a proxy takes; nothing here is there without any of them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.mesh import mesh_figures
from models.engine.record import Column, Level
from models.engine.recording import Recording
from models.mesh.daemons import falco_cores, log_agent_cores, renewals_per_s
from models.mesh.delays import P50, P99
from models.mesh.overhead import Overhead, proxy_figures
from models.plan.mesh import overhead_of, proxy_us
from models.plan.plan import Plan
from models.results.series import pods_running
from models.scenario import Scenario
from models.scenario.packing import backend_nodes_needed, nodes_needed
from models.vocabulary.operations import ENDPOINTS, Op
from models.vocabulary.units import SECOND

Found = tuple[str, float | None]
SERVICES = 4
"""Accounts that a ztunnel holds a certificate for: of the gateway, reservation, inventory and payment (the talk)."""


def mesh_kpis(plan: Plan, recording: Recording) -> Iterator[Found]:
    """Yield the figures of what there is of mesh and daemons; means are over the run, peaks are of the worst second."""
    scenario = plan.scenario
    overhead = overhead_of(scenario)
    if overhead is not None:
        yield from _delays(scenario, overhead)
        yield from _proxies(plan, recording, overhead)
        yield from _certificates(plan, recording)
    requests, nodes = _requests(recording).sum(axis=1), _nodes(plan, recording)
    if scenario.mesh.falco:
        calls = requests * scenario.mesh.syscalls_per_request
        cores = np.array([falco_cores(mesh_figures().falco, rate) for rate in calls.tolist()])
        yield "mesh.falco_mean_cores", float(cores.sum()) / recording.end_s
        yield "mesh.falco_peak_percent", float((100 * cores / _node_cores(plan, recording, nodes)).max())
    if scenario.mesh.log_agent:
        lines = (requests / nodes).tolist()
        cores = nodes * np.array([log_agent_cores(mesh_figures().log_agent, rate) for rate in lines])
        yield "mesh.log_agents_mean_cores", float(cores.sum()) / recording.end_s


def _delays(scenario: Scenario, overhead: Overhead) -> Iterator[Found]:
    """What is added to a client's request on its way in, to a call of the backend, and to a started pod's first one."""
    for name, delay in (("arrival", overhead.arrival), ("call", overhead.call)):
        if delay is not None:
            yield f"mesh.{name}_p50_ms", delay.at(P50)
            yield f"mesh.{name}_p99_ms", delay.at(P99)
    yield "mesh.first_connection_ms", scenario.mesh.first_connection_ms


def _proxies(plan: Plan, recording: Recording, overhead: Overhead) -> Iterator[Found]:
    """The CPU of all proxies, that of the gateway's beside its pods' own, how busy they are, and their memory."""
    scenario, requests = plan.scenario, _requests(recording)
    sidecars = scenario.mesh.mode == "sidecar"
    gateway = requests @ (proxy_us(scenario)[: len(ENDPOINTS)] / 1e6)
    backend = requests[:, Op.RESERVE] * _backend_us(scenario, overhead) / 1e6
    yield "mesh.cpu_mean_cores", float((gateway + backend).sum()) / recording.end_s
    own = recording.column(Column.GATEWAY_BUSY_NS).sum() / 1e9 * scenario.gateway.cpu_cores / plan.params.service.cores
    yield "mesh.cpu_of_gateway_percent", 100 * float(gateway.sum()) / own if own else None
    there = pods_running(plan, recording) if sidecars else _nodes(plan, recording)
    figures = proxy_figures("sidecar" if sidecars else "ambient")
    yield "mesh.proxy_peak_percent", float((100 * gateway / there).max()) / figures.workers.value
    count = float(there.max()) + (scenario.cost.backend_pods if sidecars else backend_nodes_needed(scenario))
    waypoints = scenario.mesh.waypoint_pods * mesh_figures().waypoint.memory_mb.value if scenario.mesh.waypoint else 0.0
    yield "mesh.memory_mib", (count * overhead.memory_mb + waypoints) * 1e6 / 2**20


def _backend_us(scenario: Scenario, overhead: Overhead) -> float:
    """Return the CPU that a call to the backend takes of the proxies that are not the gateway's: us."""
    waypoint = 1000 * mesh_figures().waypoint.cores_per_1000_rps.value if scenario.mesh.waypoint else 0.0
    return overhead.pass_us + waypoint


def _certificates(plan: Plan, recording: Recording) -> Iterator[Found]:
    """How many certificates are made anew in the run, on average over when each is due, and the CPU of that."""
    scenario, figures = plan.scenario, mesh_figures().certificates
    if scenario.mesh.mode == "sidecar":
        held = float(pods_running(plan, recording).max()) + scenario.cost.backend_pods
    else:
        held = SERVICES * (float(_nodes(plan, recording).max()) + backend_nodes_needed(scenario))
    renewed = renewals_per_s(figures, held)
    yield "mesh.certificates_renewed", renewed * recording.end_s
    yield "mesh.certificates_mean_cores", renewed * figures.cpu_ms.value / 1000


def _requests(recording: Recording) -> NDArray[np.int64]:
    """Return the requests that came as far as a pod in every second, by endpoint, int64[seconds, endpoints]."""
    return np.stack([recording.past_the_edge(op) for op in range(len(ENDPOINTS))], axis=1)


def _node_cores(plan: Plan, recording: Recording, nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cores of those nodes in every second, by the types that autoscaling has bought, float64[seconds]."""
    if plan.scenario.autoscaling is None:
        return nodes * ec2_nodes()[plan.scenario.cost.node_type].vcpu
    found = np.zeros(recording.seconds)
    for node in recording.nodes:
        until = recording.seconds if node.until is None else -(-node.until // SECOND)
        found[node.since // SECOND : until] += ec2_nodes()[node.kind].vcpu
    return np.maximum(found, 1.0)


def _nodes(plan: Plan, recording: Recording) -> NDArray[np.float64]:
    """Return the nodes under the gateway's pods in every second, at least one, float64[seconds]."""
    if plan.scenario.autoscaling is not None:
        return np.maximum(recording.column(Column.LEVELS + Level.NODES), 1).astype(np.float64)
    return np.full(recording.seconds, max(1.0, float(nodes_needed(plan.scenario.gateway.pods, plan.scenario))))
