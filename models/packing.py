"""How many gateway pods a node holds, and how many nodes a fixed number of pods takes: all pods and nodes are alike."""

import math
from typing import TYPE_CHECKING

from models.ec2_nodes import ec2_nodes

if TYPE_CHECKING:
    from models.scenario.schema import Scenario


def pods_per_node(scenario: "Scenario") -> int:
    """Return how many pods one node of `cost.node_type` holds beside its daemons, by requests; 0 if none fits."""
    node, gateway, cost = ec2_nodes()[scenario.cost.node_type], scenario.gateway, scenario.cost
    cpu = (node.allocatable_milli - cost.daemons_milli) // math.ceil(1000 * gateway.cpu_request_cores)
    memory = (node.allocatable_mib - cost.daemons_mib) // gateway.memory_request_mib
    return max(0, min(cpu, memory, node.max_pods))


def nodes_needed(pods: int, scenario: "Scenario") -> int:
    """Return how many such nodes hold so many pods."""
    return math.ceil(pods / pods_per_node(scenario))
