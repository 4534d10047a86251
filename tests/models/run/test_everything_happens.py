"""Over a few named scenarios everything that there is a name for happens in both engines: what never does is untested.

Every kind of event, every answer, every column of the record, every kind of news, and every word of a program.
"""

from collections.abc import Iterator

import numpy as np
import pytest
import simpy

from models.engine.plane import Plane
from models.engine.record import NODES, Column
from models.engine.reference_run import Request
from models.engine.requests import KUBELET
from models.engine.world import TRACED
from models.plan.plan import Plan
from models.plan.sizes import SMALLEST
from models.run.agreement import column_names
from models.run.compiled import KernelPlane
from models.run.control import Control
from models.run.reference import Reference
from models.run.run import run_under
from models.vocabulary.instants import ENTITY_BITS, NUMBER_BITS, Kind
from models.vocabulary.news import News, Told
from models.vocabulary.operations import Answer, Reply
from models.vocabulary.units import MILLISECOND
from models.vocabulary.verbs import Verb, Whom
from tests.models.recordings import planned

LINE = (
    "clients.count=150",
    "run.duration_s=12",
    "event={seats: 30, choose: {median_s: 1, sigma: 0.5}}",
    "clients={poll_interval_s: 1, backoff_base_s: 0.1, backoff_max_s: 0.4}",
    "network.client_one_way={median_ms: 20, sigma: 0.5}",
)
AT_ONCE = "clients.arrival={profile: uniform, over_s: 0}"
SLOW = ("admission={rate_rps: 8, burst: 3, call_ttl_s: 1, pass_ttl_s: 1}",)
SUCCESSION = "detection_s: 1, promotion_s: 0.5, topology_refresh_s: 1, replication_lag_ms: 500"
QUICK_PODS = "image_pull_s: 0, start_s: 0, launch_median_s: 0, spare_nodes: 1"
LOAD = "mode: open_loop, settle_s: 0, mix: {status: 0.5, join: 0.3, enter: 0.2}"
SCENARIOS = {
    "a line that some leave, in which others fall silent, and of which few get through": planned(
        *LINE,
        *SLOW,
        "clients={patience: {median_s: 5, sigma: 0.7}, leave_share: 0.5}",
        "waiting_room={heartbeat_ttl_s: 2, expire_every_s: 0.5}",
    ),
    "an event that sells out, and whose end is announced": planned(*LINE, "event.on_sold_out=announce"),
    "a primary that dies while people join and are let in": planned(
        *LINE,
        "clients.arrival={profile: uniform, over_s: 1.5}",
        f"faults=[{{kind: redis_failover, at_s: 1.2, {SUCCESSION}}}]",
        script_us=3000.0,
    ),
    "pods that end while they are asked": planned(
        *LINE,
        *SLOW,
        f"autoscaling={{min_pods: 2, max_pods: 4, endpoints_delay_s: 0.5, nodes: {{{QUICK_PODS}}}}}",
        "faults=[{kind: deploy, at_s: 1}]",
        "gateway={redis_connect_s: 0, cpu_us: {status: 50000}, rollout: {pre_stop_s: 0, grace_s: 5}}",
        "gateway.probes.readiness={initial_delay_s: 0, period_s: 1}",
    ),
    "an edge that blocks some, asks others, and challenges bots": planned(
        *LINE,
        "edge={web_acl: [{kind: rate, limit: 10, window_s: 60, look_every_s: 1, delay_s: 0, action: captcha},"
        " {kind: bot_control, action: challenge, mistaken: 0.1}, {kind: geo, abroad: 0.1}]}",
    ),
    "too few workers": planned(*LINE, AT_ONCE, "gateway={worker_slots: 2, backlog: 3}"),
    "too few connections of pods": planned(
        *LINE, AT_ONCE, "gateway={redis_pool_size: 1, redis_pool_timeout_s: 0.3}", script_us=50_000.0
    ),
    "too few connections of nodes, and too little patience": planned(
        *LINE, AT_ONCE, "redis.max_clients=4", "clients.timeout_s=0.06"
    ),
    "no memory": planned(*LINE, "redis={reserved_memory_percent: 99, bytes_per_place: 1e7}"),
    "an open loop on an engine thread that is slow to wake": planned(
        "clients.count=50",
        "run.duration_s=3",
        f"clients.load={{{LOAD}, stages: [{{rate_rps: 50, duration_s: 2}}]}}",
        "redis.profile=x86-valkey",
    ),
}
Seen = dict[str, set[str]]


class Watching(Control):
    """Control that notes what it is told and, every 2 ms, what requests of the compiled engine have been answered."""

    def __init__(self, env: simpy.Environment, plane: Plane, plan: Plan) -> None:
        super().__init__(env, plane, plan)
        self.news: set[str] = set()
        self.answers: set[str] = set()
        self.words: set[str] = set()
        if isinstance(plane, KernelPlane):
            env.process(self._look(plane))
        else:
            plane.gateway.program = [Walked(steps, self.words) for steps in plane.gateway.program]

    def hear(self, told: Told) -> None:
        self.news.add(told.what.name)
        super().hear(told)

    def _look(self, plane: KernelPlane) -> Iterator[simpy.Event]:
        """A slot keeps its answer until another request has it; one without any has the number of WAITING."""
        while True:
            slot = plane.world.requests.slot
            told = (slot["answer"] != Answer.WAITING) | (slot["detail"] > 0)
            self.answers |= {Answer(answer).name for answer in np.unique(slot["answer"][told])}
            self._read(plane, slot[slot["origin"] <= KUBELET])
            yield self.env.timeout(2 * MILLISECOND)

    def _read(self, plane: KernelPlane, slot: np.ndarray) -> None:
        """Whoever is at a step of a program has taken those before."""
        program = plane.world.p.service.program
        for service, op, step in {tuple(row) for row in slot[["service", "op", "step"]].tolist()}:
            for taken in program[service, op, : step + 1].tolist():
                self.words |= words_of(*taken)


class Walked(list):
    """A program of the reference that notes the steps that are taken."""

    def __init__(self, steps: list[tuple[int, int]], words: set[str]) -> None:
        super().__init__(steps)
        self.words = words

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for step in super().__iter__():
            self.words |= words_of(*step)
            yield step


def words_of(verb: int, argument: int) -> set[str]:
    """The words of a step of a program."""
    return {Verb(verb).name} | ({f"of {Whom(argument).name}"} if verb == Verb.REDIS else set())


def seen(plan: Plan, plane: KernelPlane | Reference) -> Seen:
    """What happens in a run of this engine, by name; what the reference answers is noted elsewhere."""
    control, _ = run_under(Watching, plan, plane)
    if isinstance(plane, KernelPlane):
        trace, record = plane.world.trace[: int(plane.world.total[TRACED])], plane.world.record
    else:
        trace, record = np.array(plane.trace, np.int64).reshape(-1, 2), plane.record
    kinds = {Kind(kind).name for kind in np.unique(trace[:, 1] >> (ENTITY_BITS + NUMBER_BITS))}
    if record.series[:, Column.FAILED_POOL_TIMEOUT].any():
        kinds.add(Kind.POOL_TIMEOUT.name)  # a timer of the pool's own, which stands in no trace
    columns = {name for name, counts in zip(column_names(plan)[:NODES], record.series.T, strict=False) if counts.any()}
    return {
        "kinds": kinds,
        "answers": control.answers,
        "columns": columns,
        "news": control.news,
        "words": control.words,
    }


@pytest.fixture(scope="module")
def happened() -> dict[str, Seen]:
    """By engine, all that happens in any of the scenarios."""
    found: dict[str, Seen] = {engine: {} for engine in ("kernel", "reference")}
    answers: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Request, "reply", property(lambda r: r.__dict__["reply"], noting(answers)), raising=False)
        for plan in SCENARIOS.values():
            for engine, plane in (
                ("kernel", KernelPlane(plan, 1_000_000, SMALLEST)),
                ("reference", Reference(plan, 1_000_000)),
            ):
                for what, names in seen(plan, plane).items():
                    found[engine].setdefault(what, set()).update(names)
    found["reference"]["answers"] = answers
    return found


def noting(answers: set[str]):
    """What sets the reply of a request of the reference, and keeps the answers but for the one that it begins with."""

    def set_reply(r: Request, reply: Reply) -> None:
        if reply != Reply(Answer.WAITING):
            answers.add(reply.answer.name)
        r.__dict__["reply"] = reply

    return set_reply


EVERYTHING = {
    "kinds": {kind.name for kind in Kind},
    "answers": {answer.name for answer in Answer},
    "columns": set(column_names(planned())[:NODES]),
    "news": {news.name for news in News},
    "words": {verb.name for verb in Verb} | {f"of {whom.name}" for whom in Whom},
}


@pytest.mark.parametrize("engine", ["kernel", "reference"])
@pytest.mark.parametrize("what", EVERYTHING)
def test_everything_there_is_a_name_for_happens(happened, engine, what):
    assert happened[engine][what] == EVERYTHING[what]
