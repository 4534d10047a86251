"""The ElastiCache node types a scenario can name: what they hold, what they pass on, and what they cost."""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.documents.sourced import Confidence, Date, Number, read_sourced
from models.documents.strict import Strict

CATALOGUE = Path(__file__).with_name("redis_nodes.yaml")

Engine = Literal["redis_oss", "valkey"]
"""What runs on a node; ElastiCache has a price for each."""

Processor = Literal["graviton2", "graviton3", "graviton4", "xeon"]

Positive = Annotated[float, Field(gt=0, le=1e6)]


class RedisNode(Strict):
    """One node type: memory in GiB, network in Gbps (sustained, and in bursts on credits), USD per node and hour.

    None where no source was found. `enhanced_io` moves socket work off the engine thread, `tls_offload` encryption, and
    `io_multiplexing` hands it the commands of many clients in one batch.
    """

    processor: Processor
    vcpu: int = Field(ge=1, le=1024)
    memory_gib: Positive | None
    memory_confidence: Confidence | None
    baseline_gbps: Positive | None
    burst_gbps: Positive | None
    network_confidence: Confidence | None
    enhanced_io: bool | None
    tls_offload: bool | None
    io_multiplexing: bool | None
    redis_oss_usd_per_h: Positive | None
    valkey_usd_per_h: Positive | None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.memory_gib is None) != (self.memory_confidence is None):
            raise ValueError("memory_gib and memory_confidence go together")
        network = (self.baseline_gbps, self.burst_gbps, self.network_confidence)
        if (None in network) != (network == (None, None, None)):
            raise ValueError("baseline_gbps, burst_gbps and network_confidence go together")
        if self.baseline_gbps and self.burst_gbps and self.baseline_gbps > self.burst_gbps:
            raise ValueError(f"baseline_gbps {self.baseline_gbps:g} is above burst_gbps {self.burst_gbps:g}")
        return self

    @property
    def cores(self) -> int:
        """Return the cores: a vCPU of Graviton is one, of others one of a core's two threads."""
        return self.vcpu if self.processor.startswith("graviton") else max(1, self.vcpu // 2)

    def usd_per_h(self, engine: Engine) -> float | None:
        """Return the price of an hour; None if the type does not come with that engine."""
        return self.redis_oss_usd_per_h if engine == "redis_oss" else self.valkey_usd_per_h

    def usable_bytes(self, reserved_percent: float) -> float | None:
        """Return the memory for data: all of it but what is reserved for replication and snapshots."""
        return None if self.memory_gib is None else self.memory_gib * 2**30 * (1 - reserved_percent / 100)


def bytes_per_s(gbps: float) -> float:
    """Return a bandwidth in bytes per second: 12.5 Gbps are 1562.5 MB/s, not 125."""
    return gbps * 1e9 / 8


class Origin(Strict):
    """Where the figures of one kind come from; `confidence` is None where every node has its own."""

    date: Date
    source: str = Field(min_length=1, max_length=200)
    region: str | None = None
    confidence: Confidence | None = None


class ProcessorGain(Strict):
    """By what factor the throughput of an engine thread is higher on the newer of two processors, at most."""

    newer: Processor
    older: Processor
    up_to: Number


class EngineGains(Strict):
    """What raises the throughput of an engine thread, each by a factor from 1 to the one that its vendor states."""

    processor: list[ProcessorGain]
    enhanced_io: Number
    io_multiplexing: Number
    eight_cores: Number


class RedisCatalogue(Strict):
    """The whole file: node types by name, what all have in common, and the origin of each kind of figure."""

    max_connections: Number
    memory: Origin
    network: Origin
    features: Origin
    price: Origin
    engine_gains: EngineGains
    nodes: dict[str, RedisNode] = Field(min_length=1)


@cache
def redis_catalogue() -> RedisCatalogue:
    """Return the shipped catalogue."""
    return read_sourced(CATALOGUE, RedisCatalogue)


@cache
def redis_nodes() -> MappingProxyType[str, RedisNode]:
    """Return every node type of the catalogue by name."""
    return MappingProxyType(redis_catalogue().nodes)
