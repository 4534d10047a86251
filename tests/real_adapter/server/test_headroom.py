"""Somebody's server has room for what is written to it, or nothing is: no key of others is ever evicted."""

from collections.abc import Iterator

import pytest
import redis

from models.plan.room_rules import MICRO, RoomRules
from real_adapter.calibrate.calibration import MOST_WRITTEN_BYTES, their_rig
from real_adapter.conformance.comparison import check_conformance
from real_adapter.measure.cases import poisson
from real_adapter.room.redis_room import RedisRoom
from real_adapter.server.connect import connect
from real_adapter.server.headroom import LEASE_S, MOST_SHARE, headroom_for
from real_adapter.server.server import LocalServer, start_server
from sim.errors import BadInput

FOREIGN = 2_600
RULES = RoomRules(MICRO, MICRO, call_window=1, call_ttl_ms=1000, heartbeat_ttl_ms=1000)


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server count as ours."""
    monkeypatch.setattr("real_adapter.server.connect.is_ours", lambda run_id: False)


@pytest.fixture(params=["allkeys-lru", "volatile-lru", "noeviction"])
def full_cache(request: pytest.FixtureRequest) -> Iterator[LocalServer]:
    """A cache of 20 MB that holds others' keys, of 3 MB or so."""
    with start_server(settings={"maxmemory": "20mb", "maxmemory-policy": request.param}) as running:
        with running.client() as client:
            client.mset({f"theirs:{k}": "x" * 1000 for k in range(FOREIGN)})
        yield running


def foreign_keys(server: LocalServer) -> int:
    with server.client() as client:
        return sum(1 for _ in client.scan_iter(match="theirs:*", count=1000))


@pytest.mark.usefixtures("strangers")
def test_nothing_is_written_where_it_could_fill_the_server(full_cache: LocalServer) -> None:
    told = r"\d+ MB of memory are free, and up to 300 MB would be written; allowed: 25 % of what is free"
    url = f"redis://{full_cache.address}"
    with (
        pytest.raises(BadInput, match=told),
        connect(url, allow_remote_writes=True, writes_bytes=MOST_WRITTEN_BYTES),
    ):
        pytest.fail("connected")
    with full_cache.client() as client:
        assert client.dbsize() == FOREIGN
        assert client.info("stats")["evicted_keys"] == 0


@pytest.mark.usefixtures("strangers")
def test_little_is_written_where_there_is_room_for_it(full_cache: LocalServer) -> None:
    url = f"redis://{full_cache.address}"
    with connect(url, allow_remote_writes=True, writes_bytes=1e6) as connection:
        assert check_conformance(connection, 300, 1).equal
    assert foreign_keys(full_cache) == FOREIGN


def test_the_share_is_of_what_is_free(server: LocalServer) -> None:
    with start_server(settings={"maxmemory": "100mb"}) as small, small.client() as client:
        info = client.info("memory")
        free = 100 * 2**20 - info["used_memory"]
        headroom_for(client, "here", 0.9 * MOST_SHARE * free)
        with pytest.raises(BadInput, match="writes of others would fail on a full server"):
            headroom_for(client, "here", 1.1 * MOST_SHARE * free)
    with server.client() as client, pytest.raises(BadInput, match="MB of memory are free"):
        headroom_for(client, "here", 1e15)  # without a limit the machine's memory is one


@pytest.mark.usefixtures("strangers")
def test_once_a_key_has_been_evicted_nothing_more_is_written() -> None:
    with start_server(settings={"maxmemory": "40mb", "maxmemory-policy": "allkeys-lru"}) as cache:
        url = f"redis://{cache.address}"
        with (
            connect(url, allow_remote_writes=True, writes_bytes=1e6) as connection,
            cache.client() as others,
            their_rig(connection, url) as rig,
        ):
            rig.bench.add_room(10)
            rig.gauge.measure("status", lambda: rig.bench.drive(poisson("status", 10, 500), 1))
            for k in range(500):
                others.set(f"theirs:{k}", "x" * 100_000)  # 50 MB in all
            with pytest.raises(BadInput, match="has begun to evict keys"):
                rig.gauge.measure("status", lambda: rig.bench.drive(poisson("status", 10, 500), 1))
            with pytest.raises(BadInput, match="has begun to evict keys"):
                rig.bench.add_room(20)


@pytest.mark.usefixtures("strangers")
def test_where_others_fill_the_server_nothing_more_is_written() -> None:
    with start_server(settings={"maxmemory": "40mb"}) as cache, cache.client() as others:
        headroom = headroom_for(others, "here", 1e6)
        headroom.check()
        for k in range(250):
            others.set(f"theirs:{k}", "x" * 100_000)  # 25 MB in all
        with pytest.raises(BadInput, match=r"MB of memory are free, of \d+ at the start"):
            headroom.check()


def test_keys_of_a_room_with_a_lease_expire_by_themselves(server: LocalServer) -> None:
    with server.client() as client:
        room = RedisRoom(client, "leased", RULES, "left:", lease_s=LEASE_S)
        room.open(0)
        for token in range(3):
            room.join(token, 0, float(token))
        room.status(1, 1)
        kept = [key for key in client.scan_iter(match="left:*") if client.ttl(key) < 0]
        assert kept == []
        assert 0 < client.ttl(room.keys.line) <= LEASE_S
        room.delete(range(3))


@pytest.mark.usefixtures("strangers")
def test_nothing_that_is_measured_on_somebodys_server_stays_for_good(server: LocalServer) -> None:
    url = f"redis://{server.address}"
    with connect(url, allow_remote_writes=True) as connection, their_rig(connection, url) as rig:
        client = rig.bench.client
        rig.bench.add_room(100)
        for operation in ("join", "status", "enter"):
            rig.gauge.measure(operation, lambda name=operation: rig.bench.drive(poisson(name, 100, 500), 1))
        rig.gauge.look_after()
        found = list(client.scan_iter(match=f"{connection.prefix}*"))
        assert len(found) >= 4
        assert [key for key in found if client.ttl(key) < 0] == []


def test_a_server_that_does_not_tell_its_memory_is_refused() -> None:
    class Silent(redis.Redis):
        def info(self, *_: object, **__: object) -> dict[str, str]:
            return {"run_id": "x"}

    with pytest.raises(BadInput, match="does not tell how much memory is free"):
        headroom_for(Silent(), "there:6379", 1.0)
