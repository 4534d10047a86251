"""What serves them: network, gateway, waiting room, admission, Redis and the reservation backend."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import LognormalMs, Section, Sequence
from models.scenario.pods import DEPLOYED, DisruptionBudget, Heap, Probes, Rollout
from models.vocabulary.script_limits import EXPIRED_PER_CALL

BACKEND = "source: traffic-tacos reservation-api and inventory-api repositories, October 2025"


class Network(Section):
    """Delays between client, pod and Redis node, one way."""

    client_one_way: LognormalMs = Field(
        LognormalMs(median_ms=15, sigma=0.6),
        description="client to gateway, drawn once per client (assumption)",
    )
    client_jitter: LognormalMs = Field(
        LognormalMs(median_ms=2, sigma=0.8), description="added to that for every packet (assumption)"
    )
    zones: int = Field(3, ge=1, le=6, description="availability zones that pods and nodes are spread over (assumption)")
    same_zone_one_way_us: float = Field(
        100, ge=0, le=1_000_000, description="pod to Redis node of its zone, microseconds (assumption)"
    )
    cross_zone_one_way_us: float = Field(
        400, ge=0, le=1_000_000, description="pod to Redis node of another zone, microseconds (assumption)"
    )


class GatewayCpu(Section):
    """Mean CPU of the gateway per request, microseconds, by endpoint."""

    join: float = Field(250, ge=0, le=1_000_000, description="microseconds of CPU per join (assumption)")
    status: float = Field(130, ge=0, le=1_000_000, description="microseconds of CPU per status (assumption)")
    enter: float = Field(200, ge=0, le=1_000_000, description="microseconds of CPU per enter (assumption)")
    leave: float = Field(150, ge=0, le=1_000_000, description="microseconds of CPU per leave (assumption)")
    reserve: float = Field(250, ge=0, le=1_000_000, description="microseconds of CPU per reserve (assumption)")


class Gateway(Section):
    """The pods that hold the waiting room's endpoints."""

    pods: int = Field(
        30,
        ge=1,
        le=2000,
        description="pods at the start; fixed in number without autoscaling (the talk: 30 at 30k RPS)",
    )
    cpu_cores: float = Field(1.2, ge=0.01, le=256, description=f"CPU limit of a pod in cores ({DEPLOYED})")
    cpu_request_cores: float = Field(
        0.7, ge=0.01, le=256, description=f"CPU a pod requests, for autoscaling and scheduling ({DEPLOYED})"
    )
    memory_request_mib: int = Field(
        512, ge=1, le=1_048_576, description=f"memory a pod requests, for autoscaling and scheduling ({DEPLOYED})"
    )
    cpu_us: GatewayCpu = Field(
        GatewayCpu(), description="CPU per request (assumption near the talk's 15 % at 1k RPS per pod)"
    )
    cpu_sigma: float = Field(0.5, ge=0, le=3, description="lognormal shape of the CPU time, its mean kept (assumption)")
    worker_slots: int = Field(
        262_144,
        ge=1,
        le=1_000_000,
        description="requests a pod works on at the same time, each on a goroutine of its own "
        "(source: fasthttp server.go, DefaultConcurrency = 256 * 1024, which Fiber leaves as it is)",
    )
    backlog: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="requests waiting for a slot; more are refused, 503 (source: fasthttp workerpool.go: none wait)",
    )
    routing: Literal["round_robin", "random", "sticky"] = Field(
        "round_robin", description="how the load balancer picks the pod (assumption)"
    )
    redis_pool_size: int = Field(
        1000,
        ge=1,
        le=65_000,
        description="connections per pod and Redis node (the talk; PoolSize of go-redis is per node)",
    )
    redis_pool_timeout_s: float = Field(
        10, ge=0.001, le=3600, description="longest wait for a connection in seconds (the talk)"
    )
    redis_min_idle: int = Field(
        100,
        ge=0,
        le=10_000,
        description="connections per pod and node opened at the start, with autoscaling (the talk)",
    )
    redis_connect_s: float = Field(
        10,
        ge=0,
        le=600,
        description="seconds a pod takes at least to open those, before it serves (the talk: about 10 s)",
    )
    redis_connect_factor: float = Field(
        13,
        ge=0,
        le=10_000,
        description="CPU of the node to open a connection, in empty scripts "
        "(source: AWS ElastiCache user guide, best practices for connections: 2.82 against 0.21 ms)",
    )
    clock_skew_ms: float = Field(
        2, ge=0, le=60_000, description="standard deviation of the pods' clocks, normal (assumption)"
    )
    probes: Probes = Probes()
    heap: Heap = Heap()
    rollout: Rollout = Rollout()
    disruption_budget: DisruptionBudget | None = Field(
        None,
        description="what holds evictions back; null = no PodDisruptionBudget (source: Kubernetes has none by default)",
    )


#: A hash tag is what stands between { and } in a key.
EventTag = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]


class ExtraCall(Section):
    """Calls of a command that a changed script makes more, or fewer, in every run (`waiting_room/script_cost.py`)."""

    operation: Literal["join", "status", "enter", "leave", "expire"] = Field(
        description="whose script; a status that only reads, for replicas, is another one and does not change"
    )
    command: Literal[
        "HMGET",
        "HSET",
        "HINCRBY",
        "TIME",
        "ZADD",
        "ZREM",
        "ZRANK",
        "ZSCORE",
        "ZCARD",
        "ZPOPMIN",
        "ZRANGEBYSCORE",
        "SET",
        "XLEN",
        "XADD",
        "EXPIRE",
        "GET",
        "HGET",
        "EXISTS",
        "INCR",
        "ZCOUNT",
        "ZRANGE",
    ] = Field(description="the Redis command; not KEYS, which waiting_room.core: keys stands for")
    on: Literal["none", "line", "called", "seen"] = Field(
        "none", description="the sorted set it walks, which decides about its cost (assumption)"
    )
    elements: int = Field(1, ge=1, le=1000, description="fields or members that each call handles (assumption)")
    calls: int = Field(
        ge=-1000, le=1000, description="calls more in each run, or fewer: negative, at most those it makes; not 0"
    )


class WaitingRoom(Section):
    """The line."""

    core: Literal["index", "keys"] = Field(
        "index", description="status by ZRANK (index) or by KEYS as before the fix (the talk: index)"
    )
    events: int = Field(1, ge=1, le=1000, description="events sold at the same time (the talk: one concert)")
    event_tags: Sequence[EventTag] | None = Field(
        None,
        max_length=1000,
        description="hash tag of each event (keys are wr:{tag}:...); null = onsale-1, ... (assumption)",
    )
    event_tags_drawn: bool = Field(
        False,
        description="draw a tag for each event instead, others with every seed, so that luck decides on which shards "
        "they fall (assumption)",
    )
    ticket_order: Literal["pod_clock", "redis_time", "counter"] = Field(
        "pod_clock", description="what orders the line (the talk: the pod's clock in nanoseconds)"
    )
    replica_reads: bool = Field(
        True,
        description="status reads go to the nearest node of the shard; a sign of life is written every third of its "
        "TTL. False, or without replicas, with core: keys or a redis_failover: each writes one, on the primary "
        "(the talk: RouteByLatency)",
    )
    heartbeat_ttl_s: float = Field(
        60, ge=1, le=86_400, description="a place not polled for this many seconds is removed (assumption)"
    )
    expire_every_s: float = Field(
        1, ge=0.01, le=3600, description="seconds between passes that remove such places (assumption)"
    )
    expire_limit: int = Field(
        500,
        ge=1,
        le=EXPIRED_PER_CALL,
        description="places one pass removes at most, per event (assumption; the script cannot unpack 8,000)",
    )
    extra_calls: Sequence[ExtraCall] = Field(
        (), max_length=100, description="calls that changed scripts make more or fewer (assumption: none)"
    )


class Admission(Section):
    """Who may enter when. Rate, burst and window are totals, split over the events by `event.admission_shares`."""

    rate_rps: float = Field(1000, gt=0, le=10_000_000, description="admissions per second (the talk)")
    burst: int = Field(
        5000,
        ge=1,
        le=100_000_000,
        description="most admissions at once: size of the token bucket; rate x poll interval keeps the permits of "
        "those who were called until they poll (assumption)",
    )
    call_window: int = Field(
        10_000,
        ge=1,
        le=100_000_000,
        description="called places not yet taken up; 2 x rate x poll interval keeps the rate (assumption)",
    )
    call_ttl_s: float = Field(
        30, ge=0.1, le=86_400, description="seconds after which a call not taken up lapses (assumption)"
    )
    pass_ttl_s: float = Field(600, ge=1, le=86_400, description="seconds an entry pass is valid (assumption)")


class Redis(Section):
    """The cluster behind the waiting room."""

    shards: int = Field(5, ge=1, le=500, description="shards, each a primary with replicas (the talk)")
    replicas_per_shard: int = Field(1, ge=0, le=5, description="replicas of each primary (the talk)")
    node_type: str = Field(
        "cache.m7g.xlarge",
        min_length=1,
        max_length=64,
        description="ElastiCache node type, one of models/catalogues/redis_nodes.yaml (the talk)",
    )
    profile: str = Field(
        "talk-m7g",
        min_length=1,
        max_length=4096,
        description="command costs: a name in models/profiles, or a .json file of one's own, relative to the "
        "scenario file (the talk's points, fitted)",
    )
    profile_reading: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="how to understand what the profile was fitted to, by the name it has there: talk-m7g knows "
        "one_primary, primary_and_replica, five_primaries; null = the one whose costs it has (assumption)",
    )
    bytes_per_place: float = Field(
        1500,
        ge=0,
        le=100_000_000,
        description="memory of one place in line, index included, bytes (the talk: 300 MB + 150 MB for 300,000 people)",
    )
    reserved_memory_percent: float = Field(
        25,
        ge=0,
        le=99,
        description="memory kept free for replication and snapshots, percent (source: AWS ElastiCache user guide)",
    )
    max_clients: int = Field(
        65_000,
        ge=1,
        le=1_000_000,
        description="connections a node accepts, further ones are refused; a Redis of one's own: 10,000 unless its "
        "maxclients says otherwise (source: AWS ElastiCache user guide, best practices for connections)",
    )
    request_bytes: float = Field(200, ge=0, le=1_000_000, description="bytes of a request to a node (assumption)")
    reply_bytes: float = Field(
        1000, ge=0, le=1_000_000, description="bytes of a node's reply to one request (the talk: 1 KB a status)"
    )
    replicated_bytes: float = Field(
        100, ge=0, le=1_000_000, description="bytes a primary sends each replica for one request (assumption)"
    )

    @property
    def profile_file(self) -> str | None:
        """Return the path of the profile if it is a file of the user's own."""
        return self.profile if self.profile.endswith(".json") else None


class Backend(Section):
    """The reservation service as one station; servers = max(1, round(capacity x service time))."""

    reservation_capacity_rps: float = Field(
        3000, gt=0, le=1_000_000, description="reservations per second it can do (the talk's load test)"
    )
    reservation_service_ms: float = Field(
        20, gt=0, le=60_000, description="mean service time in milliseconds (assumption)"
    )
    reservation_sigma: float = Field(
        0.5, ge=0, le=3, description="lognormal shape of the service time, its mean kept (assumption)"
    )
    writes_per_order: float = Field(
        7, ge=0, le=1000, description=f"DynamoDB writes to hold, confirm and commit one order ({BACKEND})"
    )
    reads_per_order: float = Field(
        3, ge=0, le=1000, description=f"DynamoDB reads to confirm and commit one order ({BACKEND})"
    )
    writes_per_refusal: float = Field(
        1,
        ge=0,
        le=1000,
        description="DynamoDB writes of a reservation that finds no seat; a failed conditional write is billed "
        "(source: AWS DynamoDB developer guide)",
    )

    @property
    def servers(self) -> int:
        """Return how many reservations are served at the same time."""
        return max(1, round(self.reservation_capacity_rps * self.reservation_service_ms / 1000))
