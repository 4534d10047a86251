"""A waiting room on a real server: in step with the specification, whatever is done, and safe in a cluster."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from redis.cluster import LoadBalancingStrategy

from models.plan.event_shares import room_rules
from models.plan.room_rules import MICRO, RoomRules
from models.scenario import load_scenario
from models.vocabulary.operations import Answer
from models.vocabulary.script_limits import EXPIRED_PER_CALL, LUA_UNPACKS
from models.waiting_room.scripts import load_script, script_of
from models.waiting_room.specification import WaitingRoom
from real_adapter.room.redis_room import EXACT, PASS_TTL_MS, RedisRoom, rule_texts, score_text
from real_adapter.room.state import state_of
from real_adapter.server.cluster import LocalCluster
from real_adapter.server.server import LocalServer
from sim.errors import BadInput

RULES = RoomRules(MICRO, 10 * MICRO, call_window=100, call_ttl_ms=60_000, heartbeat_ttl_ms=60_000)
NUMBERS = itertools.count()
START_MS = 1_760_000_000_000
TOKENS = st.integers(0, 7)
SKEWS_MS = st.sampled_from((0, 0, 0, 1, 7, 400))


@pytest.fixture
def client(server: LocalServer) -> "redis.Redis":
    return server.client()


@pytest.fixture
def room(client: "redis.Redis") -> Iterator[RedisRoom]:
    held = RedisRoom(client, f"room{next(NUMBERS)}", RULES)
    yield held
    held.delete(range(8))


class InStep(RuleBasedStateMachine):
    """The same done to a room on the server and to one of the specification: replies and states stay equal."""

    client: ClassVar["redis.Redis"]

    @initialize(
        rules=st.builds(
            RoomRules,
            rate_micro_per_ms=st.one_of(st.sampled_from([1, 300_007, MICRO]), st.integers(1, EXACT - 1)),
            burst_micro=st.one_of(st.sampled_from([MICRO - 1, MICRO, 3 * MICRO]), st.integers(1, EXACT - 1)),
            call_window=st.integers(1, 9),
            call_ttl_ms=st.integers(1, 3000),
            heartbeat_ttl_ms=st.integers(1, 3000),
        )
    )
    def begin(self, rules: RoomRules) -> None:
        self.now_ms = START_MS
        self.passes: dict[int, int] = {}
        self.room = RedisRoom(self.client, f"machine{next(NUMBERS)}", rules)
        self.model = WaitingRoom(rules, lambda *call: None, lambda *change: None)

    @rule(ms=st.sampled_from((1, 10, 1000, 100_000_000)))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms

    @rule(skew_ms=SKEWS_MS)
    def open(self, skew_ms: int) -> None:
        self.room.open(self.now_ms - skew_ms)
        self.model.open(self.now_ms - skew_ms)

    @rule(token=TOKENS, skew_ms=SKEWS_MS, after_ns=st.integers(0, 600))
    def join_by_pod_clock(self, token: int, skew_ms: int, after_ns: int) -> None:
        now_ms = self.now_ms - skew_ms
        score = float(now_ms * 1_000_000 + after_ns)
        assert self.room.join(token, now_ms, score) == self.model.join(token, now_ms, score)

    @rule(token=TOKENS, skew_ms=SKEWS_MS)
    def join_by_counter(self, token: int, skew_ms: int) -> None:
        now_ms = self.now_ms - skew_ms
        assert self.room.join(token, now_ms, None) == self.model.join(token, now_ms, None)

    @rule(token=TOKENS, skew_ms=SKEWS_MS)
    def join_by_server_clock(self, token: int, skew_ms: int) -> None:
        now_ms = self.now_ms - skew_ms
        reply = self.room.join(token, now_ms, None, asks_time=True)
        assert reply == self.model.join(token, now_ms, float(self.room.server_time_us or 0), asks_time=True)

    @rule(token=TOKENS, skew_ms=SKEWS_MS)
    def status(self, token: int, skew_ms: int) -> None:
        now_ms = self.now_ms - skew_ms
        assert self.room.status(token, now_ms) == self.model.status(token, now_ms)

    @rule(token=TOKENS)
    def status_keys(self, token: int) -> None:
        assert self.room.status_keys(token, self.now_ms) == self.model.status_keys(token, self.now_ms, 1)

    @rule(token=TOKENS)
    def status_read_tells_what_status_would_without_calling(self, token: int) -> None:
        reply = self.room.status_read(token, self.now_ms)
        in_line = [token for _, token in self.model.line]
        if token in in_line:
            assert reply == (Answer.WAITING, in_line.index(token) + 1, 0, 0)
        else:
            ready = self.model.called.get(token, 0) > self.now_ms
            assert reply == (Answer.READY if ready else Answer.UNKNOWN, 0, 0, 0)

    @rule(token=TOKENS, skew_ms=SKEWS_MS)
    def enter(self, token: int, skew_ms: int) -> None:
        now_ms = self.now_ms - skew_ms
        reply = self.room.enter(token, now_ms)
        assert reply == self.model.enter(token, now_ms)
        if reply.answer == Answer.GRANTED:
            self.passes[token] = now_ms + PASS_TTL_MS

    @rule(token=TOKENS)
    def leave(self, token: int) -> None:
        assert self.room.leave(token) == self.model.leave(token)

    @rule(limit=st.sampled_from((1, 2, EXPIRED_PER_CALL)))
    def expire(self, limit: int) -> None:
        assert self.room.expire(limit, self.now_ms) == self.model.expire(limit, self.now_ms)

    def teardown(self) -> None:
        if hasattr(self, "room"):
            assert self.room.state(range(8)) == state_of(self.model, self.passes)
            self.room.delete(range(8))


def test_any_sequence_of_operations_stays_in_step(client: "redis.Redis") -> None:
    InStep.client = client
    run_state_machine_as_test(InStep, settings=settings(max_examples=50, stateful_step_count=50))


def test_places_can_be_taken_before_the_opening(room: RedisRoom) -> None:
    assert room.join(1, START_MS, 1.0) == (Answer.WAITING, 1, 0, 0)
    assert room.status(1, START_MS + 1_000_000) == (Answer.WAITING, 1, 0, 0)
    assert not room.state(range(8)).opened


def test_other_rules_for_an_event_that_has_some_are_refused(client: "redis.Redis", room: RedisRoom) -> None:
    tag = room.keys.stem.split("{")[1].split("}")[0]
    RedisRoom(client, tag, RULES)
    with pytest.raises(BadInput, match=f"event {tag}: has window 100 on the server already, not 7"):
        RedisRoom(client, tag, RoomRules(MICRO, 10 * MICRO, 7, 60_000, 60_000))


@pytest.mark.parametrize(("field", "value"), [("burst_micro", 0), ("rate_micro_per_ms", EXACT)])
def test_rules_that_lua_cannot_count_with_are_refused(client: "redis.Redis", field: str, value: int) -> None:
    rules = RoomRules(**{**vars(RULES), field: value})
    with pytest.raises(BadInput, match=rf"{field}: {value} is not allowed; allowed: 1 to 2\*\*53 - 1"):
        RedisRoom(client, "refused", rules)
    assert not client.exists("wr:{refused}:gate")


def test_a_server_that_has_forgotten_the_scripts_is_given_them_again(client: "redis.Redis", room: RedisRoom) -> None:
    room.join(1, START_MS, 1.0)
    client.script_flush()
    assert room.status(1, START_MS).position == 1
    client.script_flush()
    assert room.status_read(1, START_MS).position == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_score_is_that_score(score: float) -> None:
    assert float(score_text(score)) == score


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(BadInput, match=r"score: .* is not allowed; allowed: a finite number"):
        score_text(score)


def test_scores_of_one_float_are_tied_and_tokens_decide(room: RedisRoom) -> None:
    now_ns = START_MS * 1_000_000
    room.join(2, START_MS, float(now_ns))
    room.join(1, START_MS, float(now_ns + 100))  # the nearest float64 is the same
    room.join(0, START_MS, float(now_ns + 200))  # here it is the next one
    assert [token for _, token in room.state(range(8)).line] == [1, 2, 0]


def test_the_servers_clock_is_in_microseconds_and_orders_the_line(client: "redis.Redis", room: RedisRoom) -> None:
    seconds, micros = client.time()
    times = []
    for token in (5, 4, 3):
        room.join(token, START_MS, None, asks_time=True)
        times.append(room.server_time_us)
    assert seconds * 1_000_000 + micros <= times[0]
    assert times == sorted(times)
    assert times[-1] < (seconds + 3600) * 1_000_000
    assert [score for score, _ in room.state(range(8)).line] == times


def test_as_many_as_are_allowed_can_expire_at_once(room: RedisRoom) -> None:
    tokens = range(EXPIRED_PER_CALL + 1)
    room.client.zadd(room.keys.line, {f"{token:012}": token for token in tokens})
    room.client.zadd(room.keys.seen, {f"{token:012}": START_MS for token in tokens})
    later_ms = START_MS + RULES.heartbeat_ttl_ms + 1
    assert room.expire(EXPIRED_PER_CALL, later_ms).removed == EXPIRED_PER_CALL
    assert [token for _, token in room.state(range(8)).line] == [tokens[-1]]


def test_lua_unpacks_about_as_many_values_as_the_limits_say_and_expire_stays_below(room: RedisRoom) -> None:
    key = room.keys.line
    unpack = "local t = {} for i = 1, tonumber(ARGV[1]) do t[i] = i end return redis.call('ZREM', KEYS[1], unpack(t))"
    assert room.client.eval(unpack, 1, key, LUA_UNPACKS) == 0
    with pytest.raises(redis.exceptions.ResponseError, match="too many results to unpack"):
        room.client.eval(unpack, 1, key, LUA_UNPACKS + 100)
    assert EXPIRED_PER_CALL < LUA_UNPACKS


ONE_IN_10_000 = "event.admission_shares=[0.9999, 0.0001]"


@pytest.mark.parametrize(
    "settings",
    [
        ("admission.rate_rps=0.001",),
        ("admission.rate_rps=0.1", "waiting_room.events=100"),
        ("admission={rate_rps: 10, burst: 10000, call_window: 10000}", "waiting_room.events=2", ONE_IN_10_000),
        ("admission.rate_rps=1e7", "admission.burst=100000000", "admission.call_window=100000000"),
        ("admission.call_ttl_s=0.1", "waiting_room.heartbeat_ttl_s=86400"),
        ("admission.call_ttl_s=86400", f"waiting_room.expire_limit={EXPIRED_PER_CALL}"),
    ],
)
def test_the_scripts_take_whatever_a_scenario_may_say(settings: tuple[str, ...], room: RedisRoom) -> None:
    scenario = load_scenario("onsale-300k", settings)
    texts = [text for rules in room_rules(scenario) for text in rule_texts(rules).values()]
    assert all(int(text) >= 1 for text in texts)
    room.calls.expire(scenario.waiting_room.expire_limit, START_MS)


@pytest.mark.parametrize("limit", [0, EXPIRED_PER_CALL + 1])
def test_more_or_fewer_are_refused(room: RedisRoom, limit: int) -> None:
    with pytest.raises(BadInput, match=f"limit: {limit} is not allowed; allowed: 1 to 5000"):
        room.expire(limit, START_MS)


def test_a_pass_outlives_its_deadline_on_the_server(room: RedisRoom) -> None:
    room.join(1, START_MS, 1.0)
    room.open(START_MS)
    room.status(1, START_MS + 1)
    assert room.enter(1, START_MS + 1).answer == Answer.GRANTED
    assert room.state(range(8)).passes == {1: START_MS + 1 + PASS_TTL_MS}
    assert room.client.pttl(room.keys.passes(1)) > 10 * PASS_TTL_MS  # of the pods' clocks only the deadline counts


def test_deleting_a_room_leaves_nothing(client: "redis.Redis", room: RedisRoom) -> None:
    room.open(START_MS)
    for token in range(3):
        room.join(token, START_MS, float(token))
        room.status(token, START_MS + 5)
        room.enter(token, START_MS + 5)
    room.delete(range(8))
    assert list(client.scan_iter(match=f"{room.keys.stem}*")) == []


@pytest.mark.xdist_group("cluster")
def test_a_script_cannot_reach_a_key_of_another_slot(cluster: LocalCluster) -> None:
    source = load_script("status").source.replace("'ZRANK', line", "'ZRANK', 'elsewhere'")
    scripts = {"status": script_of("status", source)}
    with cluster.client() as client:
        room = RedisRoom(client, "bounds", RULES, scripts=scripts)
        with pytest.raises(redis.exceptions.ResponseError, match=r"slot|non local key"):
            room.status(1, START_MS)
        room.delete(range(2))


@pytest.mark.xdist_group("cluster")
def test_a_read_only_status_is_answered_by_a_replica(cluster: LocalCluster) -> None:
    with cluster.client(load_balancing_strategy=LoadBalancingStrategy.ROUND_ROBIN_REPLICAS) as client:
        room = RedisRoom(client, "replicas", RULES)
        room.join(1, START_MS, 1.0)
        owner = cluster.owner(room.keys.line)
        (replica,) = cluster.replicas[cluster.primaries.index(owner)]
        _await_copy(owner, replica)
        before = _reads(replica)
        assert [room.status_read(1, START_MS).answer for _ in range(6)] == [Answer.WAITING] * 6
        assert _reads(replica) - before >= 6
        room.delete(range(8))


def _await_copy(primary: LocalServer, replica: LocalServer) -> None:
    """Wait until the replica has all that the primary has now."""
    offset = primary.client().info("replication")["master_repl_offset"]
    _await(lambda: replica.client().info("replication")["slave_repl_offset"] >= offset)


def _await(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "the cluster does not get there"
        time.sleep(0.05)


def _reads(server: LocalServer) -> int:
    stats = server.client().info("commandstats")
    return int(stats.get("cmdstat_evalsha_ro", {"calls": 0})["calls"])
