"""Pods that come, are asked, end and are killed: both engines agree on any sequence of it, and each thing happens."""

import numpy as np
import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.engine.plane import TOLD, Plane, Reading
from models.engine.record import CLIENTS, COMMANDS, NODES, PER_NODE, Column, Level
from models.engine.recording import Recording
from models.plan.plan import Plan
from models.run import laws
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.reference import Reference
from models.run.run import run_under
from models.vocabulary.news import News, Told
from models.vocabulary.operations import Op
from models.vocabulary.units import MILLISECOND, SECOND
from sim.clock import DRAINED, Stop
from tests.models.recordings import planned
from tests.models.runs import assert_agreement, total

PODS = 3
CALM = ("clients.count=60", "run.duration_s=12", f"gateway.pods={PODS}", "gateway.redis_min_idle=3")
BUSY = (
    "clients.poll_interval_s=0.2",
    "gateway.cpu_us={status: 5000}",
    "gateway.redis_connect_s=0.5",
    "clients.retries=1",
    "clients.backoff_base_s=0.01",
)


def plan_of(*changes: str) -> Plan:
    return planned(*CALM, *changes)


class Scripted(Control):
    """Control that also does what a script says: (ms, what, pod) in order; it keeps all that it is told and reads."""

    script: tuple[tuple[int, str, int], ...] = ()
    seen: list[list[Told | Reading | bool]]

    def __init__(self, env: simpy.Environment, plane: Plane, plan: Plan) -> None:
        super().__init__(env, plane, plan)
        self.log: list[tuple[int, Told | Reading | bool]] = []
        self.seen.append(self.log)
        self.known = list(range(PODS))
        env.process(self._play())

    def hear(self, told: Told) -> None:
        self.log.append((int(self.env.now), told))
        super().hear(told)

    def _play(self):
        for number, (ms, what, pod) in enumerate(self.script):
            yield self.env.timeout(ms * MILLISECOND - self.env.now)
            self._do(what, pod, number)

    def _do(self, what: str, pod: int, number: int) -> None:
        now = int(self.env.now)
        if what in ("ready", "live"):
            self.plane.probe(pod, Op.READINESS if what == "ready" else Op.LIVENESS, number)
        elif what == "kill":
            self.plane.kill_pod(pod)
        elif what == "restart":
            self.plane.kill_pod(pod)
            self.plane.start_pod(pod)
        elif what == "end":
            self.log.append((now, self.plane.end_pod(pod)))
        elif what == "read":
            self.log.append((now, self.plane.reading(pod)))
        else:
            self.known = [k for k in self.known if k != pod] if pod in self.known else sorted([*self.known, pod])
            self.plane.route_to(self.known)


def scripted(*script: tuple[int, str, int]) -> type[Scripted]:
    return type("Script", (Scripted,), {"script": script, "seen": []})


def played(plan: Plan, control: type[Scripted]) -> tuple[Recording, list]:
    """What the compiled engine leaves behind, having passed all laws, and what control saw."""
    plane = KernelPlane(plan)
    run_under(control, plan, plane)
    recording = plane.recording()
    with pytest.MonkeyPatch.context() as patch:
        # without autoscaling nobody but people asks pods, says that law; the script's probes do
        patch.setattr(laws, "check_edge", lambda plan, recording: None)
        laws.check(plan, recording)
    return recording, control.seen[-1]


STEP = st.tuples(
    st.integers(0, 8000),
    st.sampled_from(["ready", "ready", "live", "kill", "restart", "restart", "end", "read", "known", "known"]),
    st.integers(0, PODS - 1),
)
SETTINGS = (
    "gateway.worker_slots=2",
    "gateway.backlog=16384",
    "gateway.redis_pool_size=2",
    "gateway.redis_pool_timeout_s=0.02",
    "gateway.probes.redis_ping=every_shard",
    "gateway.redis_min_idle=0",
    "gateway.routing=sticky",
    "gateway.routing=random",
    "clients.timeout_s=0.05",
    "gateway.backlog=3",
    "gateway.probes.cpu_us=0",
    "gateway.redis_connect_s=0",
    "waiting_room.replica_reads=true",
    "redis.max_clients=7",
    "redis.max_clients=20",
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=30), st.sets(st.sampled_from(SETTINGS), max_size=4), st.booleans())
def test_engines_agree_on_anything_done_to_pods(steps, changes, coarse):
    if coarse:  # so that many things happen at one instant
        steps = [(ms // 500 * 500, what, pod) for ms, what, pod in steps]
    control = scripted(*sorted(steps, key=lambda step: step[0]))
    assert_agreement(plan_of(*BUSY, *changes), control)
    ours, theirs, fused = control.seen
    assert ours == theirs == fused


def test_a_pod_the_balancer_does_not_know_gets_nothing_and_none_known_refuses_all():
    control = scripted((1000, "known", 0), (1000, "known", 1), (6000, "read", 0), (6000, "known", 2))
    recording, log = played(plan_of(*BUSY), control)
    at, reading = log[0]
    assert at == 6 * SECOND
    assert reading.requests == 0
    refused = recording.column(Column.FAILED_REFUSED)
    assert refused[:6].sum() == 0
    assert refused[6:].sum() > 0


def test_a_pod_that_ends_refuses_what_comes_and_finishes_what_it_has():
    alone = ((1000, "known", 1), (1000, "known", 2))
    recording, log = played(plan_of(*BUSY, "gateway.cpu_us={status: 100000}"), scripted(*alone, (3001, "end", 0)))
    assert log[0] == (3001 * MILLISECOND, False)
    ends = [(at, told) for at, told in log[1:] if told.what == News.EMPTY]
    assert [told.whose for _, told in ends] == [0]
    assert ends[0][0] > 3001 * MILLISECOND
    assert total(recording, Column.FAILED_REFUSED) > 0


def test_what_is_in_a_killed_pod_fails():
    plan = plan_of(*BUSY, "gateway.cpu_us={status: 100000}", "gateway.worker_slots=5", "gateway.backlog=16384")
    alone = ((1000, "known", 1), (1000, "known", 2))
    calm, _ = played(plan, scripted(*alone))
    assert total(calm, Column.FAILED_REFUSED) == 0
    recording, log = played(plan, scripted(*alone, (3000, "read", 0), (3000, "restart", 0), (3000, "read", 0)))
    before, after = log[0][1], log[1][1]
    assert before.requests > 5  # working and waiting
    assert after.requests == after.cpu_ns == after.connections == 0
    at_once = before.requests - 5
    assert recording.column(Column.FAILED_REFUSED)[3] >= at_once


def test_a_starting_pod_opens_its_connections_in_the_time_given_and_pays_for_each():
    probes = [(ms, "ready", 0) for ms in range(3100, 9000, 100)]
    changes = ("gateway.redis_connect_s=2", "gateway.redis_min_idle=20", "gateway.probes.cpu_us=0")
    plan = plan_of(*changes)
    control = scripted((3000, "known", 0), (3000, "restart", 0), *probes, (9000, "read", 0))
    recording, log = played(plan, control)
    answered = {told.number: told.succeeded for _, told in log if isinstance(told, Told) and told.what == News.PROBED}
    first = min(number for number, succeeded in answered.items() if succeeded)
    assert probes[first - 2][0] in (5000, 5100)  # the last of 20 is sent after 1.9 s
    assert log[-1][1].connections == 20 * plan.params.redis.nodes
    quiet, _ = played(plan, scripted((3000, "known", 0)))
    commands = [r.record.series[:, NODES + COMMANDS :: PER_NODE].sum() for r in (recording, quiet)]
    pings = sum(answered.values())
    assert commands[0] - commands[1] == 20 * plan.params.redis.nodes + pings


def test_a_pod_whose_connections_a_node_refuses_does_not_become_ready_until_another_has_closed_its_own():
    """Three pods have 16 connections each to nodes that take 50 (the real server: "max number of clients reached"): one
    that starts anew wants 20, and gets 18 until another one is killed."""
    probes = [(ms, "ready", 0) for ms in range(5000, 11_000, 100)]
    changes = ("gateway.redis_pool_size=20", "gateway.redis_min_idle=20", "gateway.redis_connect_s=0.1")
    plan = plan_of(*changes, "redis.max_clients=50")
    assert plan.params.service.warm_connections == 16
    script = sorted([(3000, "restart", 0), (3000, "known", 0), *probes, (8000, "kill", 1), (8000, "known", 1)])
    recording, log = played(plan, scripted(*script))
    ready = [at for at, told in log if isinstance(told, Told) and told.what == News.PROBED and told.succeeded]
    assert total(recording, Column.CONNECTIONS_REFUSED) > 0
    assert ready
    assert 8000 * MILLISECOND < ready[0] < 9500 * MILLISECOND
    assert recording.record.series[:, NODES + CLIENTS :: PER_NODE].max() == 50


@pytest.mark.parametrize("pinged", ["random_shard", "every_shard"])
def test_a_readiness_probe_asks_redis_and_a_liveness_probe_does_not(pinged):
    nothing_else = ("clients.arrival={profile: uniform, over_s: 86400}", "waiting_room.expire_every_s=3600")
    plan = plan_of(f"gateway.probes.redis_ping={pinged}", *nothing_else)
    control = scripted(*((100 * k, "ready", 0) for k in range(1, 50)), (5000, "live", 0))
    recording, log = played(plan, control)
    assert len(log) == 50
    assert all(told.succeeded for _, told in log)
    commands = recording.record.series[:, NODES + COMMANDS :: PER_NODE].sum(axis=0)
    assert commands.sum() == 49 * (plan.params.redis.shards if pinged == "every_shard" else 1)
    assert (commands[: plan.params.redis.shards] > 0).all()


def test_a_probe_waits_for_a_shard_that_is_busy():
    plan = planned(*CALM, *BUSY, "redis.shards=1", script_us=30_000.0)
    _, log = played(plan, scripted((4000, "ready", 0)))
    assert log[0][0] > 4100 * MILLISECOND


def test_cpu_used_is_what_the_work_given_has_taken_so_far():
    plan = plan_of(*BUSY)
    reads = [(1000 * second, "read", pod) for second in range(1, 12) for pod in range(PODS)]
    recording, log = played(plan, scripted(*reads))
    used = np.array([[log[PODS * k + pod][1].cpu_ns for pod in range(PODS)] for k in range(11)]).sum(axis=1)
    assert np.array_equal(np.diff(used, prepend=0), recording.column(Column.GATEWAY_BUSY_NS)[:11])


def test_connections_beyond_those_that_are_open_are_opened_when_they_are_needed():
    changes = ("gateway.redis_min_idle=1", "redis.shards=1", "gateway.redis_connect_s=0")
    plan = planned(*CALM, *BUSY, *changes, script_us=3000.0)
    everybody = scripted(*((1000, "restart", pod) for pod in range(PODS)), (8000, "read", 0))
    recording, log = played(plan, everybody)
    connections = recording.column(Column.LEVELS + Level.CONNECTIONS)
    assert connections[0] == PODS * plan.params.redis.nodes * plan.params.service.pool_size
    assert PODS < connections[8] < connections[0]
    assert log[-1][1].connections > 1


@pytest.mark.parametrize("engine", [KernelPlane, Reference])
def test_control_hears_of_the_last_probe_of_all(engine):
    """Nobody sends anything: the answer to a probe is news before it is the end of the run."""
    load = "clients.load={mode: open_loop, settle_s: 0, stages: [{rate_rps: 0.01, duration_s: 5}]}"
    plane = engine(planned("clients.count=10", load, "run.duration_s=10"))
    plane.probe(0, Op.LIVENESS, 7)
    stop = plane.advance(SECOND)
    assert (stop.cause, plane.news()) == (TOLD, [Told(News.PROBED, 0, 7)])
    assert plane.advance(SECOND) == Stop(stop.time, DRAINED)
