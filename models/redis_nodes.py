"""The ElastiCache node types a scenario can name."""

from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from models.yaml_text import read_mapping

CATALOGUE = Path(__file__).with_name("redis_nodes.yaml")


class RedisNode(BaseModel):
    """One node type: cores, memory in GiB, network in Gbps (sustained, and in bursts on credits)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    vcpu: int
    memory_gib: float
    baseline_gbps: float
    burst_gbps: float


@cache
def redis_nodes() -> MappingProxyType[str, RedisNode]:
    """Return every node type of the catalogue by name."""
    data = read_mapping(CATALOGUE)
    return MappingProxyType({name: RedisNode.model_validate(values) for name, values in data.items()})
