"""The autoscaler and what it knows: metrics-server's readings of every pod, and a decision every sync."""

from models.cluster.deployment import Deployment
from models.cluster.state import Pod, Process, Shared
from models.go_heap import GoHeap, live_kib, resident_kib
from models.hpa import History, Hpa, PodMetrics, Policy, Rules, Sample, Target, decide
from models.plane import Plane
from models.scenario.platform import Gateway
from models.scenario.scaling import Autoscaling, ScaleDown, ScaleUp
from models.units import ns

KIB_PER_MIB = 1024


class Autoscaler:
    """The gateway's HorizontalPodAutoscaler, with metrics-server."""

    def __init__(self, shared: Shared, plane: Plane, deployment: Deployment) -> None:
        self.shared, self.env, self.plane, self.deployment = shared, shared.env, plane, deployment
        self.hpa = hpa_of(shared.scaling, shared.gateway)
        self.heap = heap_of(shared.gateway)
        self.history = History()
        self.env.process(self._scrape())
        self.env.process(self._sync())

    def _scrape(self) -> Process:
        """Read all pods' meters every so often; what is read is known a little later."""
        while True:
            yield self.env.timeout(ns(self.shared.scaling.metrics_s))
            running = [(pod, pod.process) for pod in self.shared.pods.values() if pod.process is not None]
            read = [(pod, *self._samples(pod, process)) for pod, process in running]
            self.env.process(self._publish(read))

    def _publish(self, read: list[tuple[Pod, Sample, Sample]]) -> Process:
        yield self.env.timeout(ns(self.shared.scaling.metrics_lag_s))
        for pod, cpu, memory in read:
            pod.cpu, pod.memory = cpu, memory

    def _samples(self, pod: Pod, process: int) -> tuple[Sample, Sample]:
        """Return CPU in millicores since the last reading (at first, since the start), and resident memory in KiB."""
        now, reading = self.shared.now, self.plane.reading(process)
        used = (reading.cpu_ns - pod.read_cpu_ns) * self.shared.gateway.cpu_cores / self.shared.plan.params.cores
        window = max(now - pod.read_at, 1)
        cpu = Sample(round(1000 * used / window), now, window)
        pod.read_at, pod.read_cpu_ns = now, reading.cpu_ns
        most = live_kib(self.heap, reading.most_requests, reading.connections)
        live = live_kib(self.heap, reading.requests, reading.connections)
        pod.resident_kib = resident_kib(self.heap, pod.resident_kib, most, live)
        return cpu, Sample(pod.resident_kib, now, 0)

    def _sync(self) -> Process:
        while True:
            yield self.env.timeout(ns(self.shared.scaling.sync_s))
            pods = tuple(_seen(pod) for pod in self.shared.pods.values())
            wanted, self.history = decide(self.hpa, self.history, self.deployment.wanted, pods, self.shared.now)
            if wanted != self.deployment.wanted:
                self.deployment.scale(wanted)


def _seen(pod: Pod) -> PodMetrics:
    """Return a pod as the autoscaler sees it: pending until its container runs."""
    started = pod.accepted_at if pod.process is not None or pod.restarts > 0 else None
    return PodMetrics(started, pod.ready, pod.ready_changed_at, pod.ending, pod.cpu, pod.memory)


def hpa_of(scaling: Autoscaling, gateway: Gateway) -> Hpa:
    """Return the autoscaler's settings in its own units."""
    targets = []
    if scaling.cpu_percent is not None:
        targets.append(Target("cpu", round(gateway.cpu_request_cores * 1000), scaling.cpu_percent))
    if scaling.memory_percent is not None:
        targets.append(Target("memory", gateway.memory_request_mib * KIB_PER_MIB, scaling.memory_percent))
    return Hpa(
        least=scaling.min_pods,
        most=scaling.max_pods,
        targets=tuple(targets),
        up=_rules(scaling.up),
        down=_rules(scaling.down),
        tolerance=scaling.tolerance,
        cpu_initialization=ns(scaling.cpu_initialization_s),
        initial_readiness_delay=ns(scaling.initial_readiness_delay_s),
    )


def _rules(behaviour: ScaleUp | ScaleDown) -> Rules:
    policies = tuple(Policy(policy.type, policy.value, ns(policy.period_s)) for policy in behaviour.policies)
    return Rules(ns(behaviour.stabilization_s), policies, behaviour.select)


def heap_of(gateway: Gateway) -> GoHeap:
    """Return the settings of a pod's heap in KiB."""
    heap = gateway.heap
    return GoHeap(
        base_kib=round(heap.base_mib * KIB_PER_MIB),
        request_kib=round(heap.request_kib),
        connection_kib=round(heap.connection_kib),
        gogc=heap.gogc,
        limit_kib=round(heap.limit_mib * KIB_PER_MIB),
        gives_back=heap.madvdontneed,
    )
