"""The load driver against servers with scripted answers: nothing early, nothing lost, nothing endless."""

import os
import signal
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import real_adapter.drive.connections
from real_adapter.drive.connections import Connections
from real_adapter.drive.driver import Driven, drive_closed, drive_open, late_p99_us
from real_adapter.drive.reply_reader import NO_INTEGER
from real_adapter.drive.requests import digits, encode_each, encode_rows
from real_adapter.drive.schedules import poisson_ns
from real_adapter.server.server import LocalServer
from sim.errors import BadInput
from tests.real_adapter.drive.loads import MS, SLEEPS, at_once, numbered
from tests.real_adapter.drive.resp_server import Arguments, RespServer, echo_number

SCHEDULES = st.lists(st.integers(0, 2_000_000), min_size=1, max_size=60).map(sorted)


@settings(max_examples=25)
@given(
    due=SCHEDULES,
    connections=st.integers(1, 4),
    tick_ns=st.sampled_from([0, 0, 100_000, 700_000]),
    pieces=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    busy_wait=st.booleans(),
    data=st.data(),
)
def test_each_request_is_sent_once_in_order_and_gets_its_own_reply(
    due: list[int], connections: int, tick_ns: int, pieces: list[int], busy_wait: bool, data: st.DataObject
) -> None:
    count = len(due)
    on = np.array(data.draw(st.lists(st.integers(0, connections - 1), min_size=count, max_size=count)))
    with RespServer(pieces=pieces) as server, Connections([server.url], connections) as open_ones:
        driven = drive_open(
            open_ones, numbered(count), np.array(due), on, tick_ns=tick_ns, keep_integers=True, busy_wait=busy_wait,
            patience_s=20,
        )  # fmt: skip
    assert driven.integers.tolist() == list(range(count))
    expected = [[[b"GET", b"x", b"%d" % k] for k in np.flatnonzero(on == which)] for which in range(connections)]
    assert server.received == expected
    planned = -(-np.array(due) // tick_ns) * tick_ns if tick_ns else np.array(due)
    assert driven.due_ns.tolist() == due
    assert (driven.sent_ns >= planned).all()
    assert (driven.replied_ns >= driven.sent_ns).all()
    assert all((np.diff(driven.sent_ns[on == which]) >= 0).all() for which in range(connections))
    assert (driven.errors, driven.first_error) == (0, None)
    assert driven.seconds * 1e9 >= driven.replied_ns.max()


def test_what_is_due_in_one_tick_goes_out_in_one_piece_for_each_connection() -> None:
    due, on = np.arange(1, 401) * (MS // 10), np.arange(400) % 3
    with RespServer() as server, Connections([server.url], 3) as connections:
        ticked = drive_open(connections, numbered(400), due, on, tick_ns=10 * MS, **SLEEPS)
        one_by_one = drive_open(connections, numbered(400), due, on, **SLEEPS)
    tick = -(-due // (10 * MS))
    for which in range(3):
        for end in np.unique(tick):
            together = ticked.sent_ns[(tick == end) & (on == which)]
            assert (together == together[0]).all()
            assert together[0] >= end * 10 * MS
    assert ticked.send_calls <= 3 * np.unique(tick).size
    assert one_by_one.send_calls > ticked.send_calls


@settings(max_examples=15)
@given(users=st.integers(1, 9), connections=st.integers(1, 4), think_us=st.sampled_from([0, 0, 300]))
def test_a_user_waits_for_a_reply_and_thinks_before_the_next_request(
    users: int, connections: int, think_us: int
) -> None:
    count = 60
    with RespServer() as server, Connections([server.url], connections) as open_ones:
        driven = drive_closed(
            open_ones, numbered(count), users, 20, think_s=think_us / 1e6, keep_integers=True, **SLEEPS
        )
    assert driven.integers.tolist() == list(range(count))
    arrived = {int(each[-1]): which for which, received in enumerate(server.received) for each in received}
    on = np.array([arrived[number] for number in range(count)])
    assert not driven.due_ns[:users].any()
    # every later request is due a think time after a reply, one for each, and on the connection of that reply
    releasing = np.argsort(driven.replied_ns, kind="stable")[: count - users]
    assert driven.due_ns[users:].tolist() == (driven.replied_ns[releasing] + think_us * 1000).tolist()
    assert on.tolist() == [*(user % connections for user in range(users)), *on[releasing]]
    changes = np.concatenate([np.ones(count), -np.ones(count)])
    order = np.lexsort((changes, np.concatenate([driven.sent_ns, driven.replied_ns])))
    assert np.cumsum(changes[order]).max() <= users


def test_a_closed_loop_ends_after_its_duration_with_the_requests_whose_turn_came() -> None:
    with RespServer() as server, Connections([server.url], 2) as connections:
        driven = drive_closed(connections, numbered(1).take(at_once(1_000_000)), 2, 0.1, **SLEEPS)
    sent = driven.due_ns.size
    assert 0 < sent < 1_000_000
    assert driven.due_ns.max() < 100 * MS
    assert (driven.replied_ns >= 0).all()
    assert sum(map(len, server.received)) == sent


def test_fewer_requests_than_users_and_none_at_all() -> None:
    with RespServer() as server, Connections([server.url], 2) as connections:
        few = drive_closed(connections, numbered(2), 5, 1, keep_integers=True, **SLEEPS)
        none = drive_open(connections, numbered(0), at_once(0))
    assert few.integers.tolist() == [0, 1]
    assert none.replied_ns.size == 0
    assert not none.fell_behind


def test_errors_are_counted_and_the_first_is_quoted() -> None:
    def odd_ones_fail(arguments: Arguments) -> bytes:
        if arguments == [b"PING"] or int(arguments[-1]) % 2 == 0:
            return echo_number(arguments)
        return b"*2\r\n:7\r\n-ERR number %b is odd\r\n" % arguments[-1]

    with RespServer(odd_ones_fail) as server, Connections([server.url], 1) as connections:
        driven = drive_open(connections, numbered(10), at_once(10), keep_integers=True, **SLEEPS)
    assert driven.errors == 5
    assert driven.first_error == "ERR number 1 is odd"
    assert driven.integers.tolist() == [0, 7, 2, 7, 4, 7, 6, 7, 8, 7]


def test_replies_without_an_integer_are_told_apart() -> None:
    with RespServer(lambda _: b"+OK\r\n") as server, Connections([server.url], 1) as connections:
        driven = drive_open(connections, numbered(2), at_once(2), keep_integers=True, **SLEEPS)
    assert driven.integers.tolist() == [NO_INTEGER, NO_INTEGER]


def test_lateness_is_of_the_first_request_of_an_instant_and_from_the_end_of_the_tick() -> None:
    burst = np.array([0] * 50 + [5 * MS] * 50)
    sent = burst + np.tile(np.arange(50) * 10_000, 2)
    assert late_p99_us(burst, sent, 0) == 0
    assert late_p99_us(burst, sent + 7_000, 0) == pytest.approx(7)
    due = np.array([100, 200, 1_000_000])
    assert late_p99_us(due, np.array([1_003_000, 1_004_000, 1_005_000]), MS) == pytest.approx(3)
    assert late_p99_us(np.arange(1000) * MS, np.arange(1000) * MS + np.arange(1000) * 1000, 0) == pytest.approx(
        989, abs=1
    )


def test_the_drive_runs_on_the_given_processors_and_the_caller_stays_where_it_was(monkeypatch) -> None:
    used = []
    carry = real_adapter.drive.connections.carry

    def noted(*arguments: object) -> int:
        used.append(os.sched_getaffinity(0))
        return carry(*arguments)

    before = os.sched_getaffinity(0)
    core = max(before)
    with RespServer() as server, Connections([server.url], 1) as connections:
        monkeypatch.setattr(real_adapter.drive.connections, "carry", noted)
        drive_open(connections, numbered(1), at_once(1), cores={core}, **SLEEPS)
        with pytest.raises(BadInput, match=r"cores: \[4095\] cannot be used; must be among"):
            drive_open(connections, numbered(1), at_once(1), cores={4095}, **SLEEPS)
    assert used == [{core}]
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("busy_wait", [True, False])
def test_a_caller_who_is_interrupted_does_not_wait_for_the_schedule(busy_wait: bool) -> None:
    class Interrupted(Exception):  # not KeyboardInterrupt, at which pytest would end
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with RespServer() as server, Connections([server.url], 1) as connections:
            began = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Interrupted):
                drive_open(connections, numbered(1), np.array([60_000 * MS]), busy_wait=busy_wait)
        assert time.monotonic() - began < 30
    finally:
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"due_ns": np.array([0])}, "due_ns must be 2 ascending"),
        ({"due_ns": np.array([1, 0])}, "due_ns must be 2 ascending"),
        ({"due_ns": np.array([-1, 0])}, "due_ns must be 2 ascending"),
        ({"on": np.array([0, 2])}, "on must name one of 2 connections"),
        ({"on": np.array([0])}, "on must name one of 2 connections for each of 2"),
        ({"tick_ns": -1}, "tick_ns"),
    ],
)
def test_a_load_that_is_none_is_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        drive_open(Connections(["redis://h"], 2), numbered(2), **({"due_ns": at_once(2)} | settings))
    with pytest.raises(ValueError, match=r"users \(0\)"):
        drive_closed(Connections(["redis://h"], 2), numbered(2), 0, 1)


def test_a_result_is_a_value() -> None:
    with RespServer() as server, Connections([server.url], 1) as connections:
        driven = drive_open(connections, numbered(3), at_once(3), **SLEEPS)
    assert isinstance(driven, Driven)
    assert driven.integers is None
    with pytest.raises(AttributeError):
        driven.errors = 1  # type: ignore[misc]


def test_a_real_server_answers_each_request_with_its_own_reply(server: LocalServer) -> None:
    due = poisson_ns(4_000, 0.25, seed=3)
    members = digits(np.arange(due.size), 12)
    adding = encode_rows(["ZADD", "{driver}:line", members, members])
    asking = encode_rows(["ZRANK", "{driver}:line", members])
    with Connections([f"redis://{server.address}"], 7) as connections:
        added = drive_open(connections, adding, due, keep_integers=True, patience_s=20, **SLEEPS)
        asked = drive_closed(connections, asking, 20, 20, keep_integers=True, **SLEEPS)
        wrong = encode_each([["LPUSH", "{driver}:line", 1]])
        refused = drive_open(connections, wrong, at_once(1), **SLEEPS)
    assert (added.integers == 1).all()
    assert asked.integers.tolist() == list(range(due.size))
    assert refused.errors == 1
    assert refused.first_error.startswith("WRONGTYPE ")
    with server.client() as client:
        client.delete("{driver}:line")
