"""The EC2 instance types that nodes can be made of, and what of them is left for pods."""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from models.documents.strict import Strict, from_data
from models.documents.yaml_text import read_mapping

CATALOGUE = Path(__file__).with_name("ec2_nodes.yaml")

VM_OVERHEAD = 0.075
"""Share of the memory that the hypervisor keeps (Karpenter's AWS provider, settings: VM memory overhead percent)."""
EVICTION_MIB = 100
"""Free memory below which the kubelet evicts pods (Kubernetes' default, memory.available)."""
_RESERVED_MILLI = ((1, 60.0), (1, 10.0), (2, 5.0))
_RESERVED_MILLI_FURTHER = 2.5
"""CPU that EKS reserves for the kubelet: of the first core, the next, the next two, and every further one."""


class Ec2Node(Strict):
    """One instance type: processor, memory in GiB, most pods, and USD per hour (spot: None if not known)."""

    arch: Literal["arm64", "amd64"]
    vcpu: int = Field(gt=0)
    memory_gib: float = Field(gt=0)
    on_demand_usd: float = Field(gt=0)
    spot_usd: float | None
    max_pods: int = Field(gt=0)

    @property
    def allocatable_milli(self) -> int:
        """Return the millicores that pods can request together."""
        reserved, left = 0.0, self.vcpu
        for cores, milli in _RESERVED_MILLI:
            reserved += min(cores, left) * milli
            left -= min(cores, left)
        return self.vcpu * 1000 - round(reserved + left * _RESERVED_MILLI_FURTHER)

    @property
    def allocatable_mib(self) -> int:
        """Return the MiB that pods can request together; the kubelet keeps 255 MiB and 11 for every pod (EKS)."""
        kept = 255 + 11 * self.max_pods + EVICTION_MIB
        return int(self.memory_gib * 1024 * (1 - VM_OVERHEAD)) - kept


@cache
def ec2_nodes() -> MappingProxyType[str, Ec2Node]:
    """Return every instance type of the catalogue by name."""
    data = read_mapping(CATALOGUE)
    return MappingProxyType(
        {name: from_data(Ec2Node, values, f"{CATALOGUE.name}: {name}") for name, values in data.items()}
    )
