"""The state of the compiled engine: arrays for clients, requests, pods, pools, nodes, rooms and seats, and what is due.

A request that has reached the load balancer holds a *slot* until its last event, also after its client has given up on
it. A session's request in the air is only an event.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.engine.record import Record, new_record
from models.plan.events import events_of
from models.plan.plan import Params, Plan, Tables
from models.vocabulary.operations import Answer
from models.vocabulary.units import FOREVER, SECOND
from models.waiting_room.state import Rooms, new_rooms
from sim import ranked
from sim.jit import inlined
from sim.ladder import Ladder, Room, new_ladder
from sim.memory import CACHE_LINE, zeros
from sim.ranked import new_ranked

COARSE_BITS = 24
"""Far events lie in buckets of 2**24 ns, 17 ms: 300 in the 5 s between two polls, whose ends the caches hold."""
FINE_BITS = (12, 19)
"""The least and the most that the width in bits of the buckets can have in which events are put in order."""
EVENTS_A_REQUEST = 6
TOGETHER = 32
"""Events that share such a bucket while everybody polls: fewer are sorted faster, more are fetched earlier."""

SESSION = np.dtype(
    [
        ("sent_at", "i8"),
        ("came_at", "i8"),  # at the load balancer, for the first time; -1 before
        ("pass_until", "i8"),  # of its entry pass; of one that was told that the seats are gone, when
        ("contact_at", "i8"),  # last request sent to a primary
        ("gives_up_at", "i8"),
        ("base_delay", "i8"),
        ("number", "i4"),
        ("person", "i4"),
        ("phase", "i1"),
        ("op", "i1"),
        ("attempt", "i1"),
        ("awaiting", "i1"),
        ("admitted", "i1"),
        ("bought", "i1"),
        ("holds", "i1"),  # has seats, as the backend knows it
        ("traits", "i1"),
    ]
)
"""A session, in one cache line: what changes, and what is fixed about it (see `population.Population`)."""
assert SESSION.itemsize == CACHE_LINE
BOT, SAYS_LEAVE, HAS_TABS, TIMED, HIDDEN, TOLD = 1, 2, 4, 8, 16, 32
"""Traits of a session; HAS_TABS: its person has others; HIDDEN: its page is in the background; TOLD: it knows that the
seats are gone. TIMED comes and goes: an event is due that will look whether it still waits for an answer, not later
than it would stop waiting."""
SLOT = np.dtype(
    [
        ("sent_at", "i8"),
        ("stamp", "i8"),  # the pod's clock when the command was made, ns of the epoch; of a change: see below
        ("queued_at", "i8"),  # when it began to wait for a connection; once it has one, when it asked
        ("entity", "i8"),
        ("number", "i8"),
        ("detail", "i4"),  # with the answer: position, or wait in ms
        ("token", "i4"),
        ("pod", "i4"),
        ("node", "i2"),
        ("stage", "i2"),
        ("life", "i2"),  # of its pod, when it came there
        ("op", "i1"),
        ("answer", "i1"),
        ("origin", "i1"),
        ("abandoned", "i1"),
        ("dials", "i1"),  # what it asks the node is to open a connection
        ("node_life", "i1"),  # of the node that its connection is to, which dies once in a run at most
    ]
)
"""A request, in one cache line. A change for a replica has where its log ends as `stamp`, and its work in ns as
`queued_at`."""
assert SLOT.itemsize == CACHE_LINE
CLIENT, SOURCE, KUBELET, DIALLER, CONTROL, PRIMARY = range(6)
"""Where a request comes from; for all up to DIALLER, which is a pod that opens connections, a pod waits."""
BUSY, WAITING, DONE = range(3)
"""Phases of a session: it waits in line, as far as it knows; it is over; or neither."""
NODE = np.dtype(
    [
        ("idle_since", "i8"),
        ("passes", "i8"),
        ("effect_ns", "i8"),  # writes of the current pass
        ("wake", "i8"),  # what the last wake-up cost, ns
        ("near", "f8"),  # coldness of the caches, see `models.redis_costs.engine_thread`
        ("far", "f8"),
        ("applied", "i8"),  # changes of its shard's log that this replica has seen, or this primary has sent
        ("ends", "i8"),  # the pass under way, or the last one
        ("collected_at", "i8"),  # when it last collected the garbage of scripts
        ("clients", "i8"),  # connections it has accepted and that stand
        ("credit_full_at", "i8"),  # the buckets of its network, see `redis_costs.network_allowance`
        ("line_full_at", "i8"),
        ("throttled_at", "i8"),  # when replies first left later than their pass ended, ns; -1: never
        ("latest", "i8"),  # by how much at most, ns
        ("held_up", "i8"),  # requests whose replies did
        ("scripts", "i4"),  # run since then
        ("expiring", "i4"),  # expiries on their way to it, or not executed yet
        ("busy", "i1"),
        ("dead", "i1"),
        ("life", "i1"),  # the process in it: another one after it has died
        ("listed", "i1"),  # 1 after an odd number of scripts that list keys
        ("refused", "i1"),  # 1 if it has refused somebody a connection in the current pass
    ]
)
POD = np.dtype(
    [
        ("given_ns", "i8"),  # CPU time asked of it in this life
        ("working", "i4"),
        ("most", "i4"),  # requests in it at most, since that was last read
        ("connecting", "i4"),  # pools that are not open yet
        ("first", "i4"),  # of the rows in `returns` that are in use, and
        ("coming", "i4"),  # how many these are
        ("state", "i2"),
        ("life", "i2"),  # the process in it: another one after it has been killed
    ]
)
OFF, SERVING, ENDING = range(3)
"""States of a pod's process: not there, or not listening yet; taking requests; only finishing those it has."""
POOL = np.dtype(
    [
        ("in_use", "i4"),
        ("open", "i4"),
        ("accepted", "i4"),  # by the node, of those open
        ("owed", "i4"),  # answers on their way back to it that are events
        ("armed", "i2"),
        ("node_life", "i2"),
    ]
)
RETURN = np.dtype([("time", "i8"), ("node", "i4"), ("workers", "i4"), ("connections", "i4"), ("spare", "i4")])
"""What comes back to a pod at one time (see `models.service.returns`)."""
AHEAD = 32
"""Times that a pod can note, a power of two: about so many passes end while an answer is on its way to a pod."""
MOST_NEWS = 8
"""News that one event can be; two are the most so far: a probe answered by a pod that was waiting to end. The engine
stops behind every event that is news."""

(
    ACTIVE,  # sessions that may still do something, and sources that may still send
    IN_FLIGHT,  # slots in use
    ROUND_ROBIN_AT,
    SENT,
    ANSWERED,
    FAILED,
    LATE,
    BACKEND_BUSY,
    NEWS,
    PODS_KNOWN,
    CONTROL_SENT,
    SOURCE_JOINS,
    NEXT_ARRIVAL,
    POOL_WAITING,
    NOW,
    FREE_SLOTS,
    BUCKET_NEEDS,
    TRACED,
    UNTIL,  # to what time the engine is being advanced
    LATEST,  # the latest answer that has been taken for known
    ASKED,  # probes under way, and pods that are ending: there can be news of them at any time
    UNKNOWN,  # events, operations and answers that nothing is known of: there are none (see `kernel_plane`)
    TOTALS,
) = range(23)
"""Entries of `World.total`."""


class World(NamedTuple):
    """Everything the compiled engine reads and writes. Queues are those of `sim.queues`, linked by `follower`; `trace`
    int64[T, 2] takes time and key of the first T events, for comparison with the reference (T = 0: none). `endpoint`
    int64[P] are the pods that the load balancer knows, of which `total[PODS_KNOWN]` count; `news` int64[8, 4] is what
    control is to be told, of which `total[NEWS]`."""

    p: Params
    x: Tables
    total: NDArray[np.int64]
    session: NDArray[np.void]
    bought_at: NDArray[np.int64]
    arrival: NDArray[np.int64]  # when each session's first request reaches the balancer, sorted
    arriving: NDArray[np.int64]  # whose that is
    slot: NDArray[np.void]
    follower: NDArray[np.int64]
    free: NDArray[np.int64]
    ladder: Ladder
    endpoint: NDArray[np.int64]
    news: NDArray[np.int64]
    pod: NDArray[np.void]
    returns: NDArray[np.void]
    core_free: NDArray[np.int64]
    backlog: NDArray[np.int64]
    pool: NDArray[np.void]
    pool_queue: NDArray[np.int64]
    node: NDArray[np.void]
    inbox: NDArray[np.int64]
    in_pass: NDArray[np.int64]
    backend_queue: NDArray[np.int64]
    seats: NDArray[np.int64]
    sold: NDArray[np.int64]
    sold_out_at: NDArray[np.int64]  # ns, by event; -1 before
    announced: NDArray[np.int8]
    rooms: Rooms
    known: NDArray[np.int8]
    known_deadline: NDArray[np.int64]
    record: Record
    trace: NDArray[np.int64]


class Sizes(NamedTuple):
    """How long arrays are at first that grow when needed (see `models.engine.growth`): what the ladder of events holds;
    chunks of the lines, and of the longest line; changes in the log of a shard, at least 2."""

    slots: int
    ladder: Room
    chunks: int
    longest: int
    log: int


def usual_sizes(p: Params) -> Sizes:
    """Return sizes that most runs never outgrow."""
    return Sizes(
        slots=4096,
        ladder=Room(chunks=4 * _coarse_buckets(p) + 16384 + p.sessions // 8, run=4096, heap=16384),
        chunks=p.tokens // (ranked.CHUNK // 2) + 8 * p.events + 64,
        longest=p.largest_event // (ranked.CHUNK // 2) + 64,
        log=1 << 14,
    )


SMALLEST = Sizes(slots=1, ladder=Room(chunks=1, run=1, heap=8), chunks=1, longest=1, log=2)
"""Everything must grow before the first event."""


def new_world(plan: Plan, arrival: NDArray[np.int64], traced: int, sizes: Sizes) -> World:
    """Return the state before the first event, with a trace of the first *traced* ones.

    `arrival` int64[S] is when each session's first request reaches the balancer.
    """
    p = plan.params
    order = np.argsort(arrival, kind="stable").astype(np.int64)
    slots = sizes.slots
    total = np.zeros(TOTALS, np.int64)
    total[FREE_SLOTS] = slots
    total[PODS_KNOWN] = p.warm_pods
    session = _new_sessions(plan)
    total[ACTIVE] = p.sessions
    viewed = p.tokens if p.replica_reads else 1
    return World(
        p=p,
        x=plan.tables,
        total=total,
        session=session,
        bought_at=np.full(max(plan.population.people, 1), FOREVER, np.int64),
        arrival=arrival[order],
        arriving=order,
        slot=zeros(slots, SLOT),
        follower=np.zeros(slots, np.int64),
        free=np.arange(slots - 1, -1, -1).astype(np.int64),
        ladder=new_ladder(_fine_bits(plan), COARSE_BITS, _coarse_buckets(p), sizes.ladder),
        endpoint=np.arange(p.pods, dtype=np.int64),
        news=np.zeros((MOST_NEWS, 4), np.int64),
        pod=_new_pods(p),
        returns=np.zeros(p.pods * AHEAD, RETURN),
        core_free=np.zeros((p.pods, p.cores), np.int64),
        backlog=np.zeros((p.pods, 3), np.int64),
        pool=_new_pools(p),
        pool_queue=np.zeros((p.pods * p.nodes, 3), np.int64),
        node=_new_nodes(p),
        inbox=np.zeros((p.nodes, 3), np.int64),
        in_pass=np.zeros((p.nodes, 3), np.int64),
        backend_queue=np.zeros((1, 3), np.int64),
        seats=plan.seats.copy(),
        sold=np.zeros(p.events, np.int64),
        sold_out_at=np.full(p.events, -1, np.int64),
        announced=np.zeros(p.events, np.int8),
        rooms=new_rooms(
            plan.rules,
            plan.placement.event_node,
            p.shards,
            np.bincount(events_of(plan.tables.event_cycle, p.tokens), minlength=p.events),
            plan.cost,
            plan.extra_calls,
            new_ranked(p.events, sizes.chunks, sizes.longest),
            sizes.log if p.replica_reads else 1,
            p.failing,
        ),
        known=np.full((max(p.replicas, 1), viewed), Answer.UNKNOWN, np.int8),
        known_deadline=np.zeros((max(p.replicas, 1), viewed), np.int64),
        record=new_record(p.end, p.nodes, plan.tables.stage_end.size),
        trace=np.zeros((traced, 2), np.int64),
    )


def _new_pods(p: Params) -> NDArray[np.void]:
    pod = np.zeros(p.pods, POD)
    pod["state"][: p.warm_pods] = SERVING
    return pod


def _new_pools(p: Params) -> NDArray[np.void]:
    pool = np.zeros(p.pods * p.nodes, POOL)
    pool["open"][: p.warm_pods * p.nodes] = pool["accepted"][: p.warm_pods * p.nodes] = p.warm_connections
    return pool


def _new_sessions(plan: Plan) -> NDArray[np.void]:
    who = plan.population
    session = zeros(plan.params.sessions, SESSION)
    session["came_at"] = -1
    session["number"] = 1
    session["sent_at"] = session["contact_at"] = who.first_send
    session["gives_up_at"] = who.gives_up_at
    session["base_delay"] = who.base_delay
    session["person"] = who.person
    tabs = np.bincount(who.person, minlength=1)[who.person] > 1
    session["traits"] = BOT * who.bot + SAYS_LEAVE * who.says_leave + HAS_TABS * tabs + HIDDEN * who.hidden
    return session


def _new_nodes(p: Params) -> NDArray[np.void]:
    node = np.zeros(p.nodes, NODE)
    node["near"] = node["far"] = 1.0
    node["throttled_at"] = -1
    node["clients"] = p.warm_pods * p.warm_connections
    return node


def _coarse_buckets(p: Params) -> int:
    """Return how many buckets reach as far as the timers that everybody has: the poll interval and the timeout."""
    far = max(p.timeout, p.poll_interval, p.bot_interval, p.hidden_interval) * 5 // 4 >> COARSE_BITS
    return 1 << int(np.clip(far, 1 << 7, 1 << 15) - 1).bit_length()


def _fine_bits(plan: Plan) -> int:
    """Return the width in bits of the buckets in which events are put in order, so that a few tens share one."""
    p, rates = plan.params, plan.tables.stage_rate
    rps = max(p.sessions * SECOND / p.poll_interval, float(rates.max()) if rates.size else 0.0, 1.0)
    return int(np.clip(math.log2(TOGETHER / EVENTS_A_REQUEST * SECOND / rps), *FINE_BITS))


@inlined
def wide(value: int) -> int:
    """Return the number in a narrow field to pass it on: numba compiles a function anew for each width it is given."""
    return value + 0
