"""How many pods a node holds, and how many nodes a fixed number of pods takes: all pods and nodes are alike."""

import math

from models.catalogues.ec2_capacity import Demand
from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.mesh import FalcoFigures, LogAgentFigures, ProxyFigures, mesh_figures
from models.scenario.sections import Sections


def pod_request(scenario: Sections) -> Demand:
    """Return what a pod of the gateway requests, with its sidecar if it has one."""
    gateway = scenario.gateway
    own = Demand(round(1000 * gateway.cpu_request_cores), gateway.memory_request_mib, 1)
    return own + _sidecar(scenario)


def daemons(scenario: Sections) -> Demand:
    """Return what the daemons of any node request together; they take none of the places that are counted for pods."""
    mesh, figures = scenario.mesh, mesh_figures()
    found = Demand(scenario.cost.daemons_milli, scenario.cost.daemons_mib)
    for there, daemon in (
        (mesh.mode == "ambient", figures.ambient),
        (mesh.falco, figures.falco),
        (mesh.log_agent, figures.log_agent),
    ):
        if there:
            found += _asked(daemon)
    return found


def _sidecar(scenario: Sections) -> Demand:
    return _asked(mesh_figures().sidecar) if scenario.mesh.mode == "sidecar" else Demand()


def _asked(one: ProxyFigures | FalcoFigures | LogAgentFigures) -> Demand:
    return Demand(round(one.request_milli.value), round(one.request_mib.value))


def pods_per_node(scenario: Sections) -> int:
    """Return how many gateway pods one node of `cost.node_type` holds, by their requests; 0 if none fits."""
    gateway = scenario.gateway
    return _fitting(scenario, gateway.cpu_request_cores, gateway.memory_request_mib)


def nodes_needed(pods: int, scenario: Sections) -> int:
    """Return how many such nodes hold so many gateway pods."""
    return math.ceil(pods / pods_per_node(scenario))


def backend_pods_per_node(scenario: Sections) -> int:
    """Return how many pods of the services behind the gateway one such node holds; 0 if none fits."""
    return _fitting(scenario, scenario.cost.backend_cpu_request_cores, scenario.cost.backend_memory_request_mib)


def backend_nodes_needed(scenario: Sections) -> int:
    """Return how many such nodes hold the services behind the gateway, and waypoints where these leave room."""
    nodes = math.ceil(scenario.cost.backend_pods / max(1, backend_pods_per_node(scenario)))
    return max(nodes, _nodes_with_waypoints(scenario)) if scenario.mesh.waypoint else nodes


def _nodes_with_waypoints(scenario: Sections) -> int:
    """Return how many nodes have the CPU and the memory that backend and waypoints request together."""
    cost, kept, each = scenario.cost, daemons(scenario), _asked(mesh_figures().waypoint)
    node, waypoints = ec2_nodes()[cost.node_type], scenario.mesh.waypoint_pods
    milli = cost.backend_pods * math.ceil(1000 * cost.backend_cpu_request_cores) + waypoints * each.milli
    mib = cost.backend_pods * cost.backend_memory_request_mib + waypoints * each.mib
    room = max(1, node.allocatable_milli - kept.milli), max(1, node.allocatable_mib - kept.mib)
    return max(math.ceil(milli / room[0]), math.ceil(mib / room[1]))


def _fitting(scenario: Sections, cpu_cores: float, memory_mib: int) -> int:
    """Return how many pods with these requests, and their sidecars, one node of `cost.node_type` holds."""
    node, kept, beside = ec2_nodes()[scenario.cost.node_type], daemons(scenario), _sidecar(scenario)
    cpu = (node.allocatable_milli - kept.milli) // (math.ceil(1000 * cpu_cores) + beside.milli)
    memory = (node.allocatable_mib - kept.mib) // (memory_mib + beside.mib)
    return max(0, min(cpu, memory, node.max_pods))
