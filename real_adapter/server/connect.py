"""A connection to a Redis that is somebody's: looked at before it is used, written to only if that is allowed."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import redis
from redis.cluster import LoadBalancingStrategy

from models.plan.hash_slots import SLOTS
from models.plan.room_rules import MICRO, RoomRules
from real_adapter.room.redis_room import Call, Client, RedisRoom, load_for
from real_adapter.server.bounded_replies import Bounds, bounded
from real_adapter.server.facts import ServerFacts, read_facts
from real_adapter.server.headroom import LEASE_S, Headroom, headroom_for
from real_adapter.server.redis_errors import answering_as_a_redis, denied, is_denied, said_plainly
from real_adapter.server.redis_url import RedisUrl, parse_redis_url
from real_adapter.server.server import PLAIN, is_ours
from sim.errors import BadInput

CONNECT_S = 5.0
SMALL_BYTES = 16e6
"""What is written at most by whoever does not say: some rooms of some places."""
AT_ONCE = 500
"""So many keys are removed in one go."""


@dataclass(frozen=True)
class Connection:
    """A server or cluster that will do; whatever is written there has keys that begin with *prefix*.

    *headroom* is that of a server which this process has not started; None: it is ours alone.
    """

    client: Client
    server: ServerFacts
    prefix: str
    headroom: Headroom | None = None

    def watch(self) -> None:
        """BadInput once more cannot be written without harm to others; see `real_adapter.server.headroom`."""
        if self.headroom is not None:
            self.headroom.check()

    def cleanup(self) -> int:
        """Remove every key that begins with the prefix, and nothing else; return how many there were."""
        removed = 0
        found = iter(self.client.scan_iter(match=f"{self.prefix}*", count=1000))
        while some := list(islice(found, AT_ONCE)):
            pipeline = self.client.pipeline(transaction=False)
            for key in some:
                pipeline.unlink(key)
            removed += sum(pipeline.execute())
        return removed


@contextmanager
def connect(url: str, *, allow_remote_writes: bool = False, writes_bytes: float = SMALL_BYTES) -> Iterator[Connection]:
    """Connect to the server or cluster at *url* (see `redis_url`); in the end the keys written are removed.

    BadInput if it cannot be reached, is no Redis or Valkey that will do, a cluster that does not work, a server that
    this process has not started (unless *allow_remote_writes*), permits too little, or has no room for *writes_bytes*;
    also if it fails later on.
    """
    where = parse_redis_url(url)
    bounds = Bounds(where.place)
    with said_plainly(where), _client(where, bounds) as first:
        with answering_as_a_redis(where):
            facts = _looked_at(first, where)
        bounds.widen()
        with _cluster_client(where) if facts.cluster else first as client:
            ours = _all_ours(client)
            if not allow_remote_writes and not ours:
                raise BadInput(
                    f"redis at {where.place}: was not started by this program, so nothing is written to it; "
                    "--allow-remote-writes permits it, with keys of its own only, which are removed"
                )
            headroom = None if ours else headroom_for(client, where.place, writes_bytes)
            connection = Connection(client, facts, f"breakwater:{uuid.uuid4().hex[:12]}:", headroom)
            _check_removal(connection)
            with _leaving_nothing(connection, where):
                _check_permissions(connection, where)
                yield connection


@contextmanager
def _leaving_nothing(connection: Connection, where: RedisUrl) -> Iterator[None]:
    """Remove what has been written, whatever happens; if that fails, BadInput that says so besides what happened."""
    told = f"redis at {where.place}: is left with work for you"
    try:
        with said_plainly(where):
            yield
    except BadInput as error:
        told = str(error)
        raise
    finally:
        try:
            connection.cleanup()
        except (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, OSError):
            raise BadInput(f"{told}; remove the keys that begin with {connection.prefix} by hand") from None


def _client(where: RedisUrl, bounds: Bounds) -> "redis.Redis":
    options = {**PLAIN, "socket_connect_timeout": CONNECT_S, **where.options}
    options["connection_class"] = bounded(options.get("connection_class"), bounds)
    return redis.Redis.from_pool(redis.ConnectionPool(**options))


def _cluster_client(where: RedisUrl) -> "redis.RedisCluster":
    options: dict[str, Any] = {**PLAIN, "socket_connect_timeout": CONNECT_S, **where.options}
    options.pop("connection_class", None)
    if where.read_from_replicas:
        options["load_balancing_strategy"] = LoadBalancingStrategy.ROUND_ROBIN_REPLICAS
    return redis.RedisCluster(**{"host": "localhost", **options, "ssl": where.tls})


def _looked_at(client: "redis.Redis", where: RedisUrl) -> ServerFacts:
    """Return what answers at *where*. BadInput if it is nothing to work with."""
    if not client.ping():
        raise BadInput(f"redis at {where.place}: does not answer as a Redis does; check host and port")
    facts = read_facts(client)
    if facts.cluster:
        told = client.cluster("INFO")
        covered = int(told["cluster_slots_ok"])
        if told["cluster_state"] != "ok" or covered != SLOTS:
            raise BadInput(
                f"redis at {where.place}: its cluster serves {covered} of {SLOTS} slots and is in the state "
                f"{told['cluster_state']}; give every slot a primary that works"
            )
    elif where.cluster or where.read_from_replicas:
        raise BadInput(f"redis at {where.place}: is no cluster; leave out cluster and read_from_replicas")
    elif not facts.primary:
        raise BadInput(f"redis at {where.place}: is a replica, which takes no writes; connect to its primary")
    return facts


def _all_ours(client: Client) -> bool:
    """Tell whether every server that would be written to is one that this process has started, and still runs."""
    if isinstance(client, redis.RedisCluster):
        told: Any = client.info("server", target_nodes=redis.RedisCluster.PRIMARIES)
        each = [told] if "run_id" in told else list(told.values())
    else:
        each = [client.info("server")]
    return all(is_ours(info["run_id"]) for info in each)


def _check_removal(connection: Connection) -> None:
    """See that keys can be removed before there are any."""
    connection.client.scan(match=f"{connection.prefix}*")
    connection.client.unlink(f"{connection.prefix}none")


def _check_permissions(connection: Connection, where: RedisUrl) -> None:
    """Do once all that a waiting room takes, in a room of its own. BadInput for what is not permitted."""
    rules = RoomRules(MICRO, MICRO, call_window=1, call_ttl_ms=1000, heartbeat_ttl_ms=1000)
    room = RedisRoom(connection.client, "permissions", rules, connection.prefix, lease_s=LEASE_S)
    calls = room.calls
    each: tuple[Call, ...] = (
        calls.open(0, rules),
        calls.join(1, 0, None, asks_time=False),  # comes before one with the clock's score, and so is called and let in
        calls.join(2, 0, None, asks_time=True),
        calls.status(1, 1),
        calls.status_read(1, 1),
        calls.enter(1, 1),
        calls.leave(2),
        calls.expire(1, 1),
    )
    for call in each:
        try:
            load_for(connection.client, call)
            room.evaluate(call)
            room.lease()
        except redis.exceptions.ResponseError as error:
            if is_denied(error):
                raise BadInput(f"redis at {where.place}: {denied(error, where, call.script)}") from None
            raise
    room.state((1, 2))
    room.delete((1, 2))
