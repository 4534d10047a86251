"""The parts of the cluster put together, and what the load balancer and the record are told of it."""

from typing import assert_never

import simpy

from models.engine.plane import Plane
from models.kubernetes.autoscaler import Autoscaler
from models.kubernetes.deployment import Deployment
from models.kubernetes.kubelet import Kubelet
from models.kubernetes.machines import Machines
from models.kubernetes.provisioning import ClusterAutoscaler, Karpenter
from models.kubernetes.state import Pod, Process, Shared
from models.plan.plan import Plan
from models.scenario.autoscaling import Autoscaling
from models.scenario.faults import Deploy, SpotWave
from models.vocabulary.news import Told
from models.vocabulary.units import ns

PROVISIONERS: dict[str, type[Karpenter | ClusterAutoscaler]] = {
    "karpenter": Karpenter,
    "cluster_autoscaler": ClusterAutoscaler,
}


class Cluster:
    """Pods, nodes and all that scales them, from the warm pods of the start on."""

    def __init__(self, env: simpy.Environment, plane: Plane, plan: Plan, scaling: Autoscaling) -> None:
        self.env, self.plane = env, plane
        self.shared = Shared(env, plan, scaling)
        self.kubelet = Kubelet(self.shared, plane, self._changed)
        self.deployment = Deployment(self.shared, self._changed, self.kubelet.end)
        self.machines = Machines(self.shared, self.kubelet, self.deployment, self._short)
        self.provisioner = PROVISIONERS[scaling.nodes.provisioner](self.shared, self.machines)
        self.settling = False
        self.machines.start_warm([self.deployment.new_pod() for _ in range(plan.scenario.gateway.pods)])
        self.known = self.routed = self._ready()
        self.autoscaler = Autoscaler(self.shared, plane, self.deployment)
        for fault in plan.scenario.faults:
            if isinstance(fault, SpotWave | Deploy):
                env.process(self._fault(fault))

    def hear(self, told: Told) -> None:
        """Pass on what the data plane tells."""
        self.kubelet.hear(told)

    def levels(self) -> list[int]:
        """Return how many pods run, are known to the load balancer, and are wanted, and how many nodes are paid for."""
        running = sum(pod.process is not None for pod in self.shared.pods.values())
        return [running, len(self.routed), self.deployment.wanted, len(self.shared.nodes)]

    def _ready(self) -> list[int]:
        return sorted(pod.process for pod in self.shared.alive() if pod.ready and pod.process is not None)

    def _changed(self, _pod: Pod) -> None:
        """Let all parts draw their conclusions, once, when everything of this instant has happened."""
        if not self.settling:
            self.settling = True
            self.env.process(self._settle())

    def _settle(self) -> Process:
        yield self.env.timeout(0)
        self.settling = False
        self.deployment.reconcile()
        self.machines.place()
        ready = self._ready()
        if ready != self.known:
            self.known = ready
            self.env.process(self._propagate(ready))

    def _propagate(self, ready: list[int]) -> Process:
        """Let the load balancer know the pods that are ready, a while after they are."""
        yield self.env.timeout(ns(self.shared.scaling.endpoints_delay_s))
        self.routed = ready
        self.plane.route_to(ready)

    def _short(self) -> None:
        self.provisioner.pods_wait()

    def _fault(self, fault: SpotWave | Deploy) -> Process:
        yield self.env.timeout(ns(fault.at_s))
        if isinstance(fault, SpotWave):
            self.machines.wave(fault.share_percent)
        elif isinstance(fault, Deploy):
            self.deployment.deploy()
        else:
            assert_never(fault)
