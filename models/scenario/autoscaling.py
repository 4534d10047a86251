"""How the gateway scales: the autoscaler, what it remembers, and the nodes under the pods."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Section, Sequence
from models.scenario.pods import DEPLOYED

HPA = "source: Kubernetes, podautoscaler/config/v1alpha1/defaults.go"
BEHAVIOUR = "source: Kubernetes, pkg/apis/autoscaling/v2/defaults.go"
KARPENTER = "source: kubernetes-sigs/karpenter, pkg/operator/options"
NODEPOOL = "source: kubernetes-sigs/karpenter, pkg/apis/v1/nodepool.go"


class Policy(Section):
    """At most this many pods, or per cent of them, in a period."""

    type: Literal["Pods", "Percent"] = Field(description="what value counts")
    value: int = Field(ge=1, le=10_000, description="pods, or percent")
    period_s: float = Field(15, ge=1, le=1800, description=f"seconds it is counted over ({BEHAVIOUR})")


class Behaviour(Section):
    """How fast one direction may go."""

    select: Literal["Max", "Min", "Disabled"] = Field(
        "Max", description=f"which policy counts, by the change it allows ({BEHAVIOUR})"
    )
    tolerance: float | None = Field(
        None,
        ge=0,
        le=1,
        description="deviation from a target that is left alone in this direction; null = autoscaling.tolerance "
        "(source: Kubernetes, autoscaling/v2, HPAConfigurableTolerance)",
    )


class ScaleUp(Behaviour):
    """How fast pods are added."""

    stabilization_s: float = Field(0, ge=0, le=3600, description=f"seconds to look back over ({BEHAVIOUR})")
    policies: Sequence[Policy] = Field(
        (Policy(type="Pods", value=4), Policy(type="Percent", value=100)),
        min_length=1,
        max_length=10,
        description=f"what limits the change ({BEHAVIOUR})",
    )


class ScaleDown(Behaviour):
    """How fast pods are removed."""

    stabilization_s: float = Field(300, ge=0, le=3600, description=f"seconds to look back over ({BEHAVIOUR})")
    policies: Sequence[Policy] = Field(
        (Policy(type="Percent", value=100),),
        min_length=1,
        max_length=10,
        description=f"what limits the change ({BEHAVIOUR})",
    )


#: An instance type of models/catalogues/ec2_nodes.yaml.
InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9]+$", max_length=32)]


class Nodes(Section):
    """The machines under the pods, and what adds and removes them."""

    provisioner: Literal["karpenter", "cluster_autoscaler"] = Field(
        "karpenter", description="what launches nodes for pods without room (the talk: Karpenter)"
    )
    instance_types: Sequence[InstanceType] = Field(
        ("c7g.large", "c7g.xlarge", "m7g.large", "m7g.xlarge"),
        min_length=1,
        max_length=50,
        description="types of models/catalogues/ec2_nodes.yaml to choose from; cluster_autoscaler takes the first "
        "(assumption)",
    )
    spot_percent: float = Field(
        70, ge=0, le=100, description="share of the nodes bought as spot (the talk: 21 of 30 pods)"
    )
    spare_nodes: int = Field(
        0,
        ge=0,
        le=1000,
        description="empty nodes that are there at the start; placeholder pods of low priority hold them, so they are "
        "not consolidated before a pod of the gateway has come (assumption)",
    )
    batch_idle_s: float = Field(1, ge=0, le=60, description=f"Karpenter waits so long for more pods ({KARPENTER})")
    batch_max_s: float = Field(10, ge=0, le=600, description=f"and at most so long in all ({KARPENTER})")
    scan_s: float = Field(
        10, ge=1, le=600, description="cluster-autoscaler looks so often (source: cluster-autoscaler, --scan-interval)"
    )
    launch_median_s: float = Field(
        45,
        ge=0,
        le=3600,
        description="from launching a node to ready, median, seconds (assumption from reports of 35-65)",
    )
    launch_p95_s: float = Field(80, ge=0, le=7200, description="the same, 95th percentile, seconds (assumption)")
    image_pull_s: float = Field(
        10, ge=0, le=3600, description="pulling the image onto a node that has not got it, seconds (assumption)"
    )
    start_s: float = Field(2, ge=0, le=3600, description="starting a container, image there, seconds (assumption)")
    consolidation: Literal["when_empty_or_underutilised", "when_empty", "never"] = Field(
        "when_empty_or_underutilised", description=f"which nodes are removed again ({NODEPOOL})"
    )
    consolidate_after_s: float = Field(
        60, ge=0, le=86_400, description=f"a node's pods must not have changed for so many seconds ({DEPLOYED})"
    )
    budget_percent: int = Field(
        10,
        ge=0,
        le=100,
        description=f"nodes disrupted at once at most, percent of those that are up, rounded up; 0 = none ({NODEPOOL})",
    )
    budget_nodes: int | None = Field(
        None,
        ge=0,
        le=2000,
        description=f"nodes disrupted at once at most, besides; 0 = none, null = no such budget ({NODEPOOL})",
    )
    termination_handler: bool = Field(
        False,
        description="whether a spot node under cluster_autoscaler is drained at its notice, as Karpenter always does "
        "(source: aws-node-termination-handler, EKS managed node groups)",
    )
    interruptions_percent_per_month: float = Field(
        5, ge=0, le=1e6, description="spot nodes interrupted, percent per month (source: AWS, below 5 % on average)"
    )


class Spell(Section):
    """A spell before the start, as the autoscaler remembers it. It lasts until the next one, or until the start."""

    ago_s: float = Field(gt=0, le=7200, description="seconds before the start at which it began")
    recommended_pods: int = Field(ge=0, le=2000, description="pods that the metrics proposed in it, sync by sync")
    added_pods: int = Field(
        0,
        ge=-2000,
        le=2000,
        description="pods the autoscaler added as it began, which its policies count; removed ones are negative "
        "(assumption: none)",
    )


class Autoscaling(Section):
    """The HorizontalPodAutoscaler of the gateway and the nodes under it. `gateway.pods` are ready at the start."""

    min_pods: int = Field(3, ge=1, le=2000, description="pods at least (the talk: 3 at 1k RPS)")
    max_pods: int = Field(30, ge=1, le=2000, description="pods at most (the talk: 30)")
    cpu_percent: int | None = Field(
        75, ge=1, le=1000, description=f"target of the CPU used, percent of the request, null = none ({DEPLOYED})"
    )
    memory_percent: int | None = Field(
        80, ge=1, le=1000, description=f"target of the memory used, percent of the request, null = none ({DEPLOYED})"
    )
    sync_s: float = Field(15, ge=1, le=600, description=f"seconds between two decisions ({HPA})")
    tolerance: float = Field(0.1, ge=0, le=1, description=f"deviation from a target that is left alone ({HPA})")
    cpu_initialization_s: float = Field(
        300, ge=0, le=3600, description=f"a younger pod's CPU counts only while ready ({HPA})"
    )
    initial_readiness_delay_s: float = Field(
        30, ge=0, le=3600, description=f"a pod unready for longer than this since its start has been ready once ({HPA})"
    )
    metrics_s: float = Field(
        15, ge=1, le=600, description="seconds between two readings of metrics-server (source: its shipped manifest)"
    )
    metrics_lag_s: float = Field(
        5, ge=0, le=60, description="age of the kubelet's figures when they are read, seconds (assumption)"
    )
    behavior: Literal["given", "absent"] = Field(
        "given",
        description="given: up and down, where what is not set is Kubernetes' default; absent: a manifest without "
        "`behavior`, at most max(2 x pods, 4) at a time, and the highest proposal of downscale_stabilization_s is "
        "followed (source: Kubernetes, podautoscaler/horizontal.go)",
    )
    up: ScaleUp = ScaleUp()
    down: ScaleDown = ScaleDown()
    downscale_stabilization_s: float = Field(
        300, ge=0, le=3600, description=f"seconds to look back over where behavior is absent ({HPA})"
    )
    before: Sequence[Spell] = Field(
        (),
        max_length=100,
        description="what the autoscaler remembers of the time before the start; empty = it first sees the gateway's "
        "pods at its first sync and holds their number for its windows (source: Kubernetes, "
        "podautoscaler/horizontal.go, recordInitialRecommendation)",
    )
    endpoints_delay_s: float = Field(
        1, ge=0, le=60, description="seconds until the load balancer knows of a change of ready pods (assumption)"
    )
    nodes: Nodes = Nodes()
