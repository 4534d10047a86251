"""The autoscaler and what it knows: metrics-server's readings of every pod, and a decision every sync.

Readings and decisions have a phase each, drawn by seed: metrics-server and the controller know nothing of each other.
"""

from itertools import pairwise

from models.catalogues.ec2_capacity import Demand
from models.engine.plane import Plane
from models.kubernetes.deployment import Deployment
from models.kubernetes.go_heap import GoHeap, live_kib, resident_kib
from models.kubernetes.hpa import History, Hpa, PodMetrics, Policy, Rules, Sample, Target, decide, first_sight
from models.kubernetes.state import Pod, Process, Shared
from models.plan.mesh import proxy_mib
from models.scenario.autoscaling import Autoscaling, ScaleDown, ScaleUp
from models.scenario.gateway import Gateway
from models.vocabulary.streams import Stream
from models.vocabulary.units import SECOND, ns
from sim.draws import uniform

KIB_PER_MIB = 1024
FRESH_S = 10
"""metrics-server tells nothing of a container from one reading taken earlier after its start
(kubernetes-sigs/metrics-server, pkg/storage/pod.go, freshContainerMinMetricsResolution)."""


class Autoscaler:
    """The gateway's HorizontalPodAutoscaler, with metrics-server."""

    def __init__(self, shared: Shared, plane: Plane, deployment: Deployment) -> None:
        self.shared, self.env, self.plane, self.deployment = shared, shared.env, plane, deployment
        self.hpa = hpa_of(shared.scaling, shared.request)
        self.proxy_kib = round(proxy_mib(shared.plan.scenario) * KIB_PER_MIB)
        self.heap = heap_of(shared.gateway)
        self.history = history_before(shared.scaling)
        self.scrape_at, self.sync_at = (
            int(uniform(shared.plan.params.run.starts[Stream.PHASE], loop, 0) * ns(period))
            for loop, period in enumerate((shared.scaling.metrics_s, shared.scaling.sync_s))
        )
        for pod in shared.pods.values():  # warm pods were read before the run, too
            pod.read_at = self.scrape_at - ns(shared.scaling.metrics_s)
        self.env.process(self._scrape())
        self.env.process(self._sync())

    def _scrape(self) -> Process:
        """Read all pods' meters every so often; what is read is known a little later."""
        yield self.env.timeout(self.scrape_at)
        while True:
            running = [(pod, pod.process) for pod in self.shared.pods.values() if pod.process is not None]
            read = [self._read(pod, process) for pod, process in running]
            self.env.process(self._publish(read))
            yield self.env.timeout(ns(self.shared.scaling.metrics_s))

    def _publish(self, read: list[tuple[Pod, Sample, Sample] | None]) -> Process:
        yield self.env.timeout(ns(self.shared.scaling.metrics_lag_s))
        for told in read:
            if told is not None:
                told[0].cpu, told[0].memory = told[1:]

    def _read(self, pod: Pod, process: int) -> tuple[Pod, Sample, Sample] | None:
        """Read a pod's meters; of a container that is younger than 10 s nothing is told yet."""
        first = pod.read_at == pod.started_at
        samples = self._samples(pod, process)
        return None if first and self.shared.now - pod.started_at < FRESH_S * SECOND else (pod, *samples)

    def _samples(self, pod: Pod, process: int) -> tuple[Sample, Sample]:
        """Return CPU in millicores since the last reading (at first, since the start), and resident memory in KiB."""
        now, reading = self.shared.now, self.plane.reading(process)
        used = (
            (reading.cpu_ns - pod.read_cpu_ns) * self.shared.gateway.cpu_cores / self.shared.plan.params.service.cores
        )
        window = max(now - pod.read_at, 1)
        cpu = Sample(round(1000 * used / window), now, window)
        pod.read_at, pod.read_cpu_ns = now, reading.cpu_ns
        most = live_kib(self.heap, reading.most_requests, reading.connections)
        live = live_kib(self.heap, reading.requests, reading.connections)
        pod.resident_kib = resident_kib(self.heap, pod.resident_kib, most, live)
        return cpu, Sample(pod.resident_kib + self.proxy_kib, now, 0)

    def _sync(self) -> Process:
        """Decide every so often. What it sees first is a deployment of the present size."""
        yield self.env.timeout(self.sync_at)
        self.history = first_sight(self.history, self.deployment.wanted, self.shared.now)
        while True:
            pods = tuple(_seen(pod) for pod in self.shared.pods.values())
            wanted, self.history = decide(self.hpa, self.history, self.deployment.wanted, pods, self.shared.now)
            if wanted != self.deployment.wanted:
                self.deployment.scale(wanted)
            yield self.env.timeout(ns(self.shared.scaling.sync_s))


def _seen(pod: Pod) -> PodMetrics:
    """Return a pod as the autoscaler sees it: pending until its container runs."""
    started = pod.accepted_at if pod.process is not None or pod.restarts > 0 else None
    return PodMetrics(started, pod.ready, pod.ready_changed_at, pod.ending, pod.cpu, pod.memory)


def history_before(scaling: Autoscaling) -> History:
    """Return what the autoscaler has in mind at the start: a proposal for every sync since the first of `before`.

    Times before the run are negative. The syncs are those that lead up to the start, whatever their phase within the
    run is.
    """
    every, past = ns(scaling.sync_s), sorted(scaling.before, key=lambda spell: -spell.ago_s)
    begins = [-ns(spell.ago_s) for spell in past]
    recommended: list[tuple[int, int]] = []
    for spell, (begin, end) in zip(past, pairwise([*begins, 1]), strict=True):
        recommended += [(at, spell.recommended_pods) for at in range(begin, end, every)]
    changes = [(begin, spell.added_pods) for spell, begin in zip(past, begins, strict=True)]
    return History(
        recommended=tuple(recommended),
        added=tuple((at, pods) for at, pods in changes if pods > 0),
        removed=tuple((at, -pods) for at, pods in changes if pods < 0),
    )


def hpa_of(scaling: Autoscaling, request: Demand) -> Hpa:
    """Return the autoscaler's settings in its own units; a pod *request*s so much, its sidecar included."""
    targets = []
    if scaling.cpu_percent is not None:
        targets.append(Target("cpu", request.milli, scaling.cpu_percent))
    if scaling.memory_percent is not None:
        targets.append(Target("memory", request.mib * KIB_PER_MIB, scaling.memory_percent))
    return Hpa(
        least=scaling.min_pods,
        most=scaling.max_pods,
        targets=tuple(targets),
        up=_rules(scaling.up),
        down=_rules(scaling.down) if scaling.behavior == "given" else Rules(ns(scaling.downscale_stabilization_s), ()),
        tolerance=scaling.tolerance,
        cpu_initialization=ns(scaling.cpu_initialization_s),
        initial_readiness_delay=ns(scaling.initial_readiness_delay_s),
        behaviour=scaling.behavior == "given",
    )


def _rules(behaviour: ScaleUp | ScaleDown) -> Rules:
    policies = tuple(Policy(policy.type, policy.value, ns(policy.period_s)) for policy in behaviour.policies)
    return Rules(ns(behaviour.stabilization_s), policies, behaviour.select, behaviour.tolerance)


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
