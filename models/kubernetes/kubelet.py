"""The kubelet: a pod's way from its node to its end. Image, container, probes, restarts, and the end in good time."""

from collections.abc import Callable, Generator
from typing import Any

import simpy

from models.engine.plane import Plane
from models.kubernetes.state import Pod, Process, Shared
from models.scenario.pods import Probe
from models.vocabulary.news import News, Told
from models.vocabulary.operations import Op
from models.vocabulary.units import SECOND, ns

BACKOFF_S = 10
LONGEST_BACKOFF_S = 300
FORGIVEN_S = 600
"""Wait before a container is started for the third time, doubling from there to the longest; the first restart is at
once, and so is that of a container that has run for ten minutes (Kubernetes, Pod Lifecycle: CrashLoopBackOff)."""

LONG_AGO = 3600 * SECOND
"""Since when warm pods are ready: so long that the autoscaler counts them like any old ones."""


class Kubelet:
    """All kubelets. `changed` is called whenever a pod has become ready, unready, or gone."""

    def __init__(self, shared: Shared, plane: Plane, changed: Callable[[Pod], None]) -> None:
        self.shared, self.env, self.plane, self.changed = shared, shared.env, plane, changed
        self.probes, self.rollout = shared.gateway.probes, shared.gateway.rollout
        self.free = list(range(shared.plan.params.service.pods - 1, -1, -1))
        self.asked: dict[int, simpy.Event] = {}
        self.emptied: dict[int, simpy.Event] = {}
        self.next_probe = 0

    def hear(self, told: Told) -> None:
        """Pass on what the data plane tells of a probe or of a pod that has emptied."""
        if told.what == News.PROBED:
            waiting = self.asked.pop(told.number, None)
        elif told.what == News.EMPTY:
            waiting = self.emptied.pop(told.whose, None)
        else:
            raise ValueError(f"{told.what!r} is no news of a pod")
        if waiting is not None:
            waiting.succeed(told.succeeded)

    # -- a pod's life -------------------------------------------------------------------------------------------------

    def warm(self, pod: Pod, pods: int) -> None:
        """Take over a pod that has been serving since before the run; its probes are spread over their periods."""
        pod.process, pod.ready = self.free.pop(), True
        pod.accepted_at = pod.started_at = pod.ready_changed_at = -LONG_AGO
        pod.phase = pod.number / pods
        self._watch_started(pod)

    def run(self, pod: Pod) -> Process:
        """Bring a pod that has been bound to a node up: pull the image, unless it is there, and start the container."""
        node = pod.node
        if node is None:
            raise ValueError(f"pod {pod.number} is on no node")
        pod.accepted_at = self.shared.now
        if not node.pulling:
            node.pulling = True
            self.env.process(self._pull(node.pulled))
        yield node.pulled
        yield from self._start(pod)

    def _pull(self, pulled: simpy.Event) -> Process:
        """Pull an image; other pods of the node wait for the same one."""
        yield self.env.timeout(ns(self.shared.scaling.nodes.image_pull_s))
        pulled.succeed()

    def _start(self, pod: Pod) -> Process:
        yield self.env.timeout(ns(self.shared.scaling.nodes.start_s))
        while not self.free and not pod.gone:
            yield self.env.timeout(SECOND)  # more pods are ending than the data plane has room for
        if pod.ending or pod.gone:
            return
        pod.process = self.free.pop()
        pod.life += 1
        pod.started_at = pod.read_at = self.shared.now
        pod.read_cpu_ns, pod.resident_kib = 0, 0
        pod.cpu = pod.memory = None
        self.plane.start_pod(pod.process)
        self._watch(pod)

    def _watch(self, pod: Pod) -> None:
        """Let the probes of a container that has been started begin."""
        if self.probes.startup is not None:
            self.env.process(self._await_startup(pod, pod.life, self.probes.startup))
        else:
            self._watch_started(pod)

    def _watch_started(self, pod: Pod, at_once: bool = False) -> None:
        self.env.process(self._probing(pod, self.probes.readiness, Op.READINESS, at_once))
        if self.probes.liveness is not None:
            self.env.process(self._probing(pod, self.probes.liveness, Op.LIVENESS))

    # -- probes -------------------------------------------------------------------------------------------------------

    def _await_startup(self, pod: Pod, life: int, probe: Probe) -> Process:
        """Ask until the container has started, when readiness is asked at once; restart it if it does not."""
        yield self._first_tick(pod, probe)
        failures = 0
        while self._lives(pod, life):
            began = self.shared.now
            if (yield from self._ask(pod, Op.READINESS, probe)):
                if self._lives(pod, life):
                    self._watch_started(pod, at_once=True)
                return
            failures += 1
            if failures == probe.failure_threshold and self._lives(pod, life):
                self.env.process(self._restart(pod))
                return
            yield self._next_tick(pod, probe, began)

    def _probing(self, pod: Pod, probe: Probe, op: Op, at_once: bool = False) -> Process:
        """Ask again and again; so many answers in a row that say otherwise change what is thought of the pod."""
        life, in_row = pod.life, 0
        fine = pod.ready if op == Op.READINESS else True
        if not at_once or self.shared.now < pod.started_at + ns(probe.initial_delay_s):
            yield self._first_tick(pod, probe)
        while self._lives(pod, life):
            began = self.shared.now
            succeeded = yield from self._ask(pod, op, probe)
            if not self._lives(pod, life):
                return
            in_row = in_row + 1 if succeeded != fine else 0
            if in_row >= (probe.success_threshold if succeeded else probe.failure_threshold):
                fine, in_row = succeeded, 0
                if op == Op.READINESS:
                    self._set_ready(pod, fine)
                elif not fine:
                    self.env.process(self._restart(pod))
                    return
            yield self._next_tick(pod, probe, began)

    def _first_tick(self, pod: Pod, probe: Probe) -> simpy.Event:
        """Return the first tick at which a container is asked: those of its initial delay are let pass (worker.go)."""
        return self._next_tick(pod, probe, max(self.shared.now, pod.started_at + ns(probe.initial_delay_s)) - 1)

    def _next_tick(self, pod: Pod, probe: Probe, after: int) -> simpy.Event:
        """Return the first tick *after* a moment, or now if that has passed: a slow answer delays one tick.

        Ticks begin when the kubelet takes the pod.
        """
        period = ns(probe.period_s)
        origin = pod.accepted_at + int(period * pod.phase)
        tick = origin + ((after - origin) // period + 1) * period
        return self.env.timeout(max(0, tick - self.shared.now))

    def _ask(self, pod: Pod, op: Op, probe: Probe) -> Generator[simpy.Event, Any, bool]:
        """Call the pod; return whether it has answered well in time."""
        number = self.next_probe
        self.next_probe += 1
        answered = self.asked[number] = self.env.event()
        if pod.process is not None:
            self.plane.probe(pod.process, op, number)
        yield answered | self.env.timeout(ns(probe.timeout_s))
        self.asked.pop(number, None)
        return answered.triggered and bool(answered.value)

    def _lives(self, pod: Pod, life: int) -> bool:
        return pod.life == life and pod.process is not None and not pod.ending

    def _set_ready(self, pod: Pod, ready: bool) -> None:
        if pod.ready != ready:
            pod.ready, pod.ready_changed_at = ready, self.shared.now
            self.changed(pod)

    # -- the end of a container, and of a pod -------------------------------------------------------------------------

    def _restart(self, pod: Pod) -> Process:
        """End the container and start it anew, later and later."""
        life = pod.life = pod.life + 1
        self._set_ready(pod, False)
        yield from self._end_process(pod, ns(self.rollout.grace_s))
        pod.restarts += 1
        pod.crashes = 1 if self.shared.now - pod.started_at > ns(FORGIVEN_S) else pod.crashes + 1
        backoff_s = min(LONGEST_BACKOFF_S, BACKOFF_S << min(pod.crashes - 2, 5)) if pod.crashes > 1 else 0
        yield self.env.timeout(ns(backoff_s))
        if pod.life == life and not pod.ending and not pod.gone:
            yield from self._start(pod)

    def end(self, pod: Pod) -> None:
        """End a pod: no new traffic, the hook, then no new requests; killed when its grace is over."""
        pod.ending = True
        if pod.node is not None:
            pod.node.changed_at = self.shared.now
        self.changed(pod)
        self.env.process(self._ending(pod))

    def _ending(self, pod: Pod) -> Process:
        grace = ns(self.rollout.grace_s)
        hook = min(ns(self.rollout.pre_stop_s), grace)
        if pod.process is not None:
            yield self.env.timeout(hook)
            yield from self._end_process(pod, grace - hook)
        if not pod.gone:
            self.remove(pod)

    def _end_process(self, pod: Pod, grace: int) -> Process:
        process = pod.process
        if process is None:
            return
        if not self.plane.end_pod(process):
            emptied = self.emptied[process] = self.env.event()
            yield emptied | self.env.timeout(grace)
            if self.emptied.get(process) is emptied:
                del self.emptied[process]
        self._kill(pod)

    def _kill(self, pod: Pod) -> None:
        if pod.process is not None:
            self.plane.kill_pod(pod.process)
            self.free.append(pod.process)
            self.free.sort(reverse=True)
            pod.process = None

    def remove(self, pod: Pod) -> None:
        """Kill what is left of a pod and forget it."""
        self._kill(pod)
        pod.ending = pod.gone = True
        pod.ready = False
        pod.life += 1
        if pod.node is not None:
            pod.node.pods.remove(pod)
            pod.node.changed_at = self.shared.now
        del self.shared.pods[pod.number]
        self.changed(pod)
