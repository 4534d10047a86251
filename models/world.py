"""The state of the compiled engine: arrays for clients, requests, pods, pools, nodes, rooms and seats, and what is due.

A request that has reached the load balancer holds a *slot* until its last event, also after its client has given up on
it. A session's request in the air is only an event.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.operations import Answer
from models.plan import Params, Plan, Tables
from models.record import Record, new_record
from models.rooms import Rooms, new_rooms
from models.units import FOREVER
from sim import ranked, wheel
from sim.compiled import compiled, inlined
from sim.heap import Heap, grown_heap, new_heap
from sim.memory import zeros
from sim.ranked import grown_ranked
from sim.wheel import Wheel, grown_wheel, new_wheel

SPARE = 512
"""Room kept free everywhere for what one event may add (a script calls 64 places, a pass answers those in flight)."""

TICK_BITS = 19
"""The wheel's tick is 2**19 ns, half a millisecond. A shorter one makes for a smaller heap, but polls five seconds
ahead then fall into more buckets than the caches hold: with 3,000,000 clients that cost a fifth more per request."""

SESSION = np.dtype(
    [
        ("sent_at", "i8"),
        ("came_at", "i8"),  # at the load balancer, for the first time; -1 before
        ("pass_until", "i8"),
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
BOT, SAYS_LEAVE, HAS_TABS, TIMED = 1, 2, 4, 8
"""Traits of a session; HAS_TABS: its person has others. TIMED comes and goes: an event is due that will look whether it
still waits for an answer, not later than it would stop waiting."""
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
        ("node_life", "i1"),  # of the node that its connection is to
    ]
)
"""A request, in one cache line. A change for a replica has where its log ends as `stamp`, and its work in ns as
`queued_at`."""
CLIENT, SOURCE, KUBELET, DIALLER, CONTROL, PRIMARY = range(6)
"""Where a request comes from; for all up to DIALLER, which is a pod that opens connections, a pod waits."""
COMING, JOINING, WAITING, ENTERING, BUYING, DONE = range(6)
"""Phases of a session."""
NODE = np.dtype(
    [
        ("idle_since", "i8"),
        ("passes", "i8"),
        ("effect_ns", "i8"),  # writes of the current pass
        ("wake", "i8"),  # what the last wake-up cost, ns
        ("near", "f8"),  # coldness of the caches, see `sim.engine_thread`
        ("far", "f8"),
        ("applied", "i8"),  # changes of the primary's log that this replica has seen
        ("ends", "i8"),  # the pass under way, or the last one
        ("collected_at", "i8"),  # when it last collected the garbage of scripts
        ("scripts", "i4"),  # run since then
        ("busy", "i1"),
        ("dead", "i1"),
        ("life", "i1"),  # the process in it: another one after it has died
        ("listed", "i1"),  # 1 after an odd number of scripts that list keys
    ]
)
POD = np.dtype(
    [
        ("given_ns", "i8"),  # CPU time asked of it in this life
        ("working", "i4"),
        ("most", "i4"),  # requests in it at most, since that was last read
        ("connecting", "i4"),  # pools that are not open yet
        ("state", "i1"),
        ("unused", "i1"),
        ("life", "i2"),  # the process in it: another one after it has been killed
    ]
)
OFF, SERVING, ENDING = range(3)
"""States of a pod's process: not there, or not listening yet; taking requests; only finishing those it has."""
POOL = np.dtype([("in_use", "i4"), ("open", "i4"), ("armed", "i4"), ("node_life", "i4")])
MOST_NEWS = 8
"""News that one event can be; two are the most so far: a probe answered by a pod that was waiting to end."""

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
    SOLD_OUT_EVENTS,
    SOLD_OUT_AT,
    CONTROL_SENT,
    SOURCE_JOINS,
    NEXT_ARRIVAL,
    POOL_WAITING,
    NOW,
    FREE_SLOTS,
    BUCKET_NEEDS,
    TRACED,
    TOTALS,
) = range(21)
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
    heap: Heap
    wheel: Wheel
    endpoint: NDArray[np.int64]
    news: NDArray[np.int64]
    pod: NDArray[np.void]
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
    announced: NDArray[np.int8]
    rooms: Rooms
    known: NDArray[np.int8]
    known_deadline: NDArray[np.int64]
    record: Record
    trace: NDArray[np.int64]


def new_world(plan: Plan, arrival: NDArray[np.int64], traced: int = 0) -> World:
    """Return the state before the first event, with a trace of the first *traced* ones.

    `arrival` int64[S] is when each session's first request reaches the balancer.
    """
    p = plan.params
    order = np.argsort(arrival, kind="stable").astype(np.int64)
    slots = 4096
    total = np.zeros(TOTALS, np.int64)
    total[FREE_SLOTS] = slots
    total[SOLD_OUT_AT] = -1
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
        heap=new_heap(16384),
        wheel=new_wheel(TICK_BITS, _wheel_buckets(p), _wheel_buckets(p) // 4 + 2048 + p.sessions // 4),
        endpoint=np.arange(p.pods, dtype=np.int64),
        news=np.zeros((MOST_NEWS, 4), np.int64),
        pod=_new_pods(p),
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
        announced=np.zeros(p.events, np.int8),
        rooms=new_rooms(
            plan.rules,
            plan.placement.event_node,
            p.shards,
            max(p.tokens, 1),
            plan.cost,
            plan.extra_calls,
            1 << 14 if p.replica_reads else 1,
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
    pool["open"][: p.warm_pods * p.nodes] = p.warm_connections
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
    session["traits"] = BOT * who.bot + SAYS_LEAVE * who.says_leave + HAS_TABS * tabs
    return session


def _new_nodes(p: Params) -> NDArray[np.void]:
    node = np.zeros(p.nodes, NODE)
    node["near"] = node["far"] = 1.0
    return node


def _wheel_buckets(p: Params) -> int:
    """Return how many buckets reach as far as the timers that everybody has: the poll interval and the timeout."""
    far = max(p.timeout, p.poll_interval, p.bot_interval) * 5 // 4 >> TICK_BITS
    return 1 << int(np.clip(far, 1 << 12, 1 << 20) - 1).bit_length()


@inlined
def wide(value: int) -> int:
    """Return the number in a narrow field to pass it on: numba compiles a function anew for each width it is given."""
    return value + 0


@compiled
def most_behind(w: World) -> int:
    """Return how many changes the replica farthest behind has not seen yet."""
    behind = 0
    for k in range(w.p.shards, w.p.nodes):
        behind = max(behind, w.rooms.logged[(k - w.p.shards) // w.p.replicas] - w.node[k].applied)
    return behind


@compiled
def is_short(w: World) -> bool:
    """Tell whether some array could be too small for the next event: `grown` must be called first."""
    in_flight = w.total[IN_FLIGHT]
    return (
        w.total[FREE_SLOTS] < SPARE
        or w.heap.size[0] + in_flight + w.total[BUCKET_NEEDS] + SPARE >= w.heap.time.size
        or w.wheel.state[wheel.FREE] < SPARE + in_flight // wheel.CHUNK + w.total[BUCKET_NEEDS]
        or w.rooms.line.state[ranked.FREE] < SPARE
        or w.rooms.line.state[ranked.LONGEST] + SPARE > w.rooms.line.directory.shape[1]
        or (w.rooms.log.shape[1] > 1 and most_behind(w) + SPARE > w.rooms.log.shape[1])
    )


def grown(w: World) -> World:
    """Return the same state with more room wherever it is short; the arrays that have enough stay the same."""
    return w._replace(**_more_slots(w), **_more_agenda(w), **_more_rooms(w))


def _more_slots(w: World) -> dict[str, Any]:
    if w.total[FREE_SLOTS] >= SPARE:
        return {}
    old, new = w.slot.size, 2 * w.slot.size
    slot, follower, free = zeros(new, SLOT), np.zeros(new, np.int64), np.zeros(new, np.int64)
    slot[:old], follower[:old] = w.slot, w.follower
    spare = np.concatenate([np.arange(new - 1, old - 1, -1), w.free[: w.total[FREE_SLOTS]]])
    free[: spare.size] = spare
    w.total[FREE_SLOTS] = spare.size
    return {"slot": slot, "follower": follower, "free": free}


def _more_agenda(w: World) -> dict[str, Any]:
    more: dict[str, Any] = {}
    needed = int(w.heap.size[0] + w.total[IN_FLIGHT] + w.total[BUCKET_NEEDS] + SPARE)
    if needed >= w.heap.time.size:
        more["heap"] = grown_heap(w.heap, 2 * needed)
    if w.wheel.state[wheel.FREE] < SPARE + w.total[IN_FLIGHT] // wheel.CHUNK + w.total[BUCKET_NEEDS]:
        more["wheel"] = grown_wheel(w.wheel, 2 * w.wheel.next.size)
    return more


def _more_rooms(w: World) -> dict[str, Any]:
    rooms = w.rooms
    line = rooms.line
    if line.state[ranked.FREE] < SPARE or line.state[ranked.LONGEST] + SPARE > line.directory.shape[1]:
        rooms = rooms._replace(line=grown_ranked(line, 2 * line.fill.size, 2 * line.directory.shape[1]))
    if most_behind(w) + SPARE > rooms.log.shape[1] > 1:
        shards, old, _ = rooms.log.shape
        log = np.zeros((shards, 2 * old, 3), np.int64)
        for shard in range(shards):
            at = np.arange(max(0, rooms.logged[shard] - old), rooms.logged[shard])
            log[shard, at % (2 * old)] = rooms.log[shard, at % old]
        rooms = rooms._replace(log=log)
    return {} if rooms is w.rooms else {"rooms": rooms}


def with_line_to_refill(w: World) -> World:
    """Return the same state with room for any line to be written anew, 128 to a chunk, with everybody in it."""
    line = w.rooms.line
    chunks = w.rooms.place.size // ranked.CHUNK + SPARE
    if line.state[ranked.FREE] >= chunks and line.directory.shape[1] >= chunks:
        return w
    line = grown_ranked(line, line.fill.size + chunks, max(line.directory.shape[1], chunks))
    return w._replace(rooms=w.rooms._replace(line=line))
