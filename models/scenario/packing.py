"""How many pods a node holds, and how many nodes a fixed number of pods takes: all pods and nodes are alike."""

import math

from models.catalogues.ec2_nodes import ec2_nodes
from models.scenario.sections import Sections


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
    """Return how many such nodes hold the services behind the gateway."""
    return math.ceil(scenario.cost.backend_pods / max(1, backend_pods_per_node(scenario)))


def _fitting(scenario: Sections, cpu_cores: float, memory_mib: int) -> int:
    """Return how many pods with these requests one node of `cost.node_type` holds beside its daemons."""
    node, cost = ec2_nodes()[scenario.cost.node_type], scenario.cost
    cpu = (node.allocatable_milli - cost.daemons_milli) // math.ceil(1000 * cpu_cores)
    memory = (node.allocatable_mib - cost.daemons_mib) // memory_mib
    return max(0, min(cpu, memory, node.max_pods))
