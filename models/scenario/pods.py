"""The pods of the gateway: how they are asked, grow and are replaced, and what holds their eviction back."""

from typing import Literal

from pydantic import Field

from models.scenario.base import Section

DEPLOYED = "source: traffic-tacos deployment-repo manifest, October 2025"
KUBERNETES = "source: Kubernetes, pkg/apis/core/v1/defaults.go"


class Probe(Section):
    """One probe of the kubelet: an HTTP call to the pod, which takes a worker and CPU there."""

    initial_delay_s: float = Field(
        0,
        ge=0,
        le=3600,
        description="seconds from the container's start that are waited; the next of the kubelet's ticks is the first "
        f"({KUBERNETES})",
    )
    period_s: float = Field(
        10,
        ge=1,
        le=3600,
        description=f"seconds between two; they tick from when the kubelet takes the pod ({KUBERNETES})",
    )
    timeout_s: float = Field(1, ge=0.01, le=3600, description=f"seconds after which it has failed ({KUBERNETES})")
    failure_threshold: int = Field(3, ge=1, le=1000, description=f"failures in a row that count ({KUBERNETES})")
    success_threshold: int = Field(1, ge=1, le=1000, description=f"successes in a row that count ({KUBERNETES})")


class RestartProbe(Probe):
    """A probe that restarts the container: one success is enough, as Kubernetes demands."""

    success_threshold: Literal[1] = Field(
        1, description="successes in a row that count (source: Kubernetes, pkg/apis/core/validation)"
    )


class ReadinessProbe(Probe):
    """The probe that decides over traffic: what is not said of it is as in the talk."""

    initial_delay_s: float = Field(
        15, ge=0, le=3600, description="seconds from the container's start that are waited (the talk)"
    )
    period_s: float = Field(5, ge=1, le=3600, description="seconds between two (the talk)")


class Probes(Section):
    """What the kubelet asks every pod. A startup probe, if there is one, holds the others back until it succeeds."""

    readiness: ReadinessProbe = Field(
        ReadinessProbe(),
        description="asks Redis through the pod's pool; unready pods get no traffic (the talk: 15 s, every 5 s, 3)",
    )
    liveness: RestartProbe | None = Field(
        None, description="asks the pod alone; failing it restarts the container (assumption: as in the talk, none)"
    )
    startup: RestartProbe | None = Field(
        None, description="as readiness; failing it restarts the container (assumption: as in the talk, none)"
    )
    redis_ping: Literal["random_shard", "every_shard"] = Field(
        "random_shard", description="which primaries readiness asks (source: go-redis, a keyless command picks a slot)"
    )
    cpu_us: float = Field(50, ge=0, le=1_000_000, description="microseconds of the pod's CPU per probe (assumption)")


class Heap(Section):
    """The Go heap of a pod, which a memory-based autoscaler sees."""

    base_mib: float = Field(
        45, ge=0, le=65_536, description="in use when idle: 80 MiB resident at GOGC 75 (the talk: 80 MiB after the fix)"
    )
    request_kib: float = Field(32, ge=0, le=65_536, description="in use per request in the pod (assumption)")
    connection_kib: float = Field(20, ge=0, le=65_536, description="in use per Redis connection (assumption)")
    gogc: int = Field(75, ge=1, le=10_000, description="GOGC: growth before a collection, percent (the talk)")
    limit_mib: float = Field(450, ge=1, le=1_048_576, description="GOMEMLIMIT in MiB (the talk)")
    madvdontneed: bool = Field(True, description="freed memory is given back at once; GODEBUG (the talk)")


class Rollout(Section):
    """How pods are replaced, and how one ends."""

    max_surge_percent: int = Field(
        25,
        ge=0,
        le=100,
        description="pods beyond the wanted number while updating (source: Kubernetes, apps/v1 defaults)",
    )
    max_unavailable_percent: int = Field(
        25, ge=0, le=100, description="pods that may be missing while updating (source: Kubernetes, apps/v1 defaults)"
    )
    max_surge_pods: int | None = Field(
        None,
        ge=0,
        le=2000,
        description="the same as a number, which then counts; null = the share (source: Kubernetes, apps/v1)",
    )
    max_unavailable_pods: int | None = Field(
        None,
        ge=0,
        le=2000,
        description="the same as a number, which then counts; null = the share (source: Kubernetes, apps/v1)",
    )
    pre_stop_s: float = Field(
        5,
        ge=0,
        le=600,
        description="seconds a pod that ends still serves, until endpoints have forgotten it (assumption)",
    )
    grace_s: float = Field(
        30, ge=0.1, le=3600, description=f"seconds a pod has to end in, hook included ({KUBERNETES})"
    )


class DisruptionBudget(Section):
    """A PodDisruptionBudget of the gateway: exactly one of the four numbers. It holds back evictions, of a node that is
    drained, say; rolling updates, autoscaling and nodes that vanish do not ask it."""

    min_available_pods: int | None = Field(
        None, ge=0, le=2000, description="pods that stay ready (source: Kubernetes, policy/v1)"
    )
    min_available_percent: int | None = Field(
        None,
        ge=0,
        le=100,
        description="share of the wanted pods that stay ready, rounded up (source: Kubernetes, policy/v1)",
    )
    max_unavailable_pods: int | None = Field(
        None, ge=0, le=2000, description="wanted pods that may be missing (source: Kubernetes, policy/v1)"
    )
    max_unavailable_percent: int | None = Field(
        None,
        ge=0,
        le=100,
        description="share of the wanted pods that may be missing, rounded up (source: Kubernetes, policy/v1)",
    )
    unready: Literal["if_healthy_budget", "always_allow"] = Field(
        "if_healthy_budget",
        description="whether a pod that runs and is not ready may go while too few are ready "
        "(source: Kubernetes, policy/v1, unhealthyPodEvictionPolicy)",
    )
