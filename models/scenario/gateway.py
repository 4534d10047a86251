"""The section `gateway`: its pods, how they serve, and their connections to Redis."""

from typing import Literal

from pydantic import Field

from models.scenario.base import Section
from models.scenario.pods import DEPLOYED, DisruptionBudget, Heap, Probes, Rollout


class GatewayCpu(Section):
    """Mean CPU of the gateway per request, microseconds, by endpoint."""

    join: float = Field(250, ge=0, le=1_000_000, description="microseconds of CPU per join (assumption)")
    status: float = Field(130, ge=0, le=1_000_000, description="microseconds of CPU per status (assumption)")
    enter: float = Field(200, ge=0, le=1_000_000, description="microseconds of CPU per enter (assumption)")
    leave: float = Field(150, ge=0, le=1_000_000, description="microseconds of CPU per leave (assumption)")
    reserve: float = Field(250, ge=0, le=1_000_000, description="microseconds of CPU per reserve (assumption)")


class Gateway(Section):
    """The pods that hold the waiting room's endpoints."""

    pods: int = Field(
        30,
        ge=1,
        le=2000,
        description="pods at the start; fixed in number without autoscaling (the talk: 30 at 30k RPS)",
    )
    cpu_cores: float = Field(1.2, ge=0.01, le=256, description=f"CPU limit of a pod in cores ({DEPLOYED})")
    cpu_request_cores: float = Field(
        0.7, ge=0.01, le=256, description=f"CPU a pod requests, for autoscaling and scheduling ({DEPLOYED})"
    )
    memory_request_mib: int = Field(
        512, ge=1, le=1_048_576, description=f"memory a pod requests, for autoscaling and scheduling ({DEPLOYED})"
    )
    cpu_us: GatewayCpu = Field(
        GatewayCpu(), description="CPU per request (assumption near the talk's 15 % at 1k RPS per pod)"
    )
    cpu_sigma: float = Field(0.5, ge=0, le=3, description="lognormal shape of the CPU time, its mean kept (assumption)")
    worker_slots: int = Field(
        262_144,
        ge=1,
        le=1_000_000,
        description="requests a pod works on at the same time, each on a goroutine of its own "
        "(source: fasthttp server.go, DefaultConcurrency = 256 * 1024, which Fiber leaves as it is)",
    )
    backlog: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="requests waiting for a slot; more are refused, 503 (source: fasthttp workerpool.go: none wait)",
    )
    routing: Literal["round_robin", "random", "sticky"] = Field(
        "round_robin", description="how the load balancer picks the pod (assumption)"
    )
    redis_pool_size: int = Field(
        1000,
        ge=1,
        le=65_000,
        description="connections per pod and Redis node (the talk; PoolSize of go-redis is per node)",
    )
    redis_pool_timeout_s: float = Field(
        10, ge=0.001, le=3600, description="longest wait for a connection in seconds (the talk)"
    )
    redis_min_idle: int = Field(
        100,
        ge=0,
        le=10_000,
        description="connections per pod and node opened at the start, with autoscaling (the talk)",
    )
    redis_connect_s: float = Field(
        10,
        ge=0,
        le=600,
        description="seconds a pod takes at least to open those, before it serves (the talk: about 10 s)",
    )
    redis_connect_factor: float = Field(
        13,
        ge=0,
        le=10_000,
        description="CPU of the node to open a connection, in empty scripts "
        "(source: AWS ElastiCache user guide, best practices for connections: 2.82 against 0.21 ms)",
    )
    clock_skew_ms: float = Field(
        2, ge=0, le=60_000, description="standard deviation of the pods' clocks, normal (assumption)"
    )
    probes: Probes = Probes()
    heap: Heap = Heap()
    rollout: Rollout = Rollout()
    disruption_budget: DisruptionBudget | None = Field(
        None,
        description="what holds evictions back; null = no PodDisruptionBudget (source: Kubernetes has none by default)",
    )
