"""A part by itself names who is to blame: a fault of its reference shows where it is busy, and nowhere else."""

from collections import deque
from collections.abc import Callable

import pytest

from models.clients import reference as clients
from models.engine.reference_run import Servers
from models.plan.making import make_plan
from models.redis.reference import Redis
from models.run.agreement import compare_engines
from models.waiting_room.specification import WaitingRoom
from tests.strategies.alone import case_of
from tests.strategies.scenarios import Case

HIDDEN = {"share": 0.5, "poll_interval_s": 1}
BUSY: dict[str, Case] = {
    "clients": case_of(clients={"timeout_s": 0.006, "backoff_base_s": 0.02, "backoff_max_s": 0.1, "hidden": HIDDEN}),
    "service": case_of(
        gateway={"worker_slots": 2, "backlog": 1000, "cpu_us": {"join": 3000, "status": 2000}, "redis_pool_size": 1}
    ),
    "waiting_room": case_of(
        waiting_room={"heartbeat_ttl_s": 1, "expire_every_s": 0.2, "expire_limit": 2},
        admission={"rate_rps": 3, "burst": 2},
        clients={"patience": {"median_s": 1, "sigma": 0.5}, "leave_share": 0.5},
    ),
    "redis": case_of(redis={"replicas_per_shard": 2}, waiting_room={"replica_reads": True}),
}
"""The smallest run in which each part has more to do than any other."""


def a_late_retry(patch: pytest.MonkeyPatch) -> None:
    backoff = clients.backoff
    patch.setattr(clients, "backoff", lambda *drawn: backoff(*drawn) + 1)


def the_last_in_line_served_first(patch: pytest.MonkeyPatch) -> None:
    release = Servers.release

    def unfair(servers: Servers) -> None:
        servers.queue = deque(reversed(servers.queue))
        release(servers)
        servers.queue = deque(reversed(servers.queue))

    patch.setattr(Servers, "release", unfair)


def one_place_fewer_expired(patch: pytest.MonkeyPatch) -> None:
    expire = WaitingRoom.expire
    patch.setattr(WaitingRoom, "expire", lambda room, limit, now_ms: expire(room, limit - 1, now_ms))


def a_late_feed(patch: pytest.MonkeyPatch) -> None:
    feed = Redis._feed_replicas
    patch.setattr(Redis, "_feed_replicas", lambda redis, shard, work, leaves: feed(redis, shard, work, leaves + 1))


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "clients": a_late_retry,
    "service": the_last_in_line_served_first,
    "waiting_room": one_place_fewer_expired,
    "redis": a_late_feed,
}


@pytest.mark.parametrize("part", BUSY)
def test_engines_agree_on_each_part_alone(part):
    agreement = compare_engines(make_plan(*BUSY[part]))
    assert agreement, str(agreement)


@pytest.mark.parametrize("part", FAULTS)
def test_a_fault_of_a_part_shows_in_its_own_run_and_in_no_other(part, monkeypatch):
    FAULTS[part](monkeypatch)
    assert [name for name, case in BUSY.items() if not compare_engines(make_plan(*case))] == [part]
