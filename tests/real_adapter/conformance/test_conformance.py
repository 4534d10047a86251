"""The Lua core against its specification on real servers, and the checker against Lua cores that are wrong."""

import os
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from models.vocabulary.operations import Answer, Reply
from models.waiting_room.scripts import SCRIPTS, Script, load_script, script_of
from real_adapter.conformance.clients import two_clients
from real_adapter.conformance.comparison import CLIENTS, CLUSTER, CUT_OFF, FAILOVER, RANDOM, check_conformance
from real_adapter.conformance.edges import edge_sequences
from real_adapter.conformance.failover import RULES, Attempt, broken_promises, what_became
from real_adapter.conformance.operations import Crowd, ModelRoom, random_settings
from real_adapter.conformance.report import Case, ConformanceReport
from real_adapter.conformance.sequences import commands_run, random_sequences
from real_adapter.conformance.trial import Site
from real_adapter.room.state import RoomState
from real_adapter.server.cluster import LocalCluster
from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer
from sim.errors import BadInput

OPERATIONS = 100_000 if os.environ.get("BREAKWATER_NIGHTLY") == "1" else 10_000
SEED = 20_251_009
UNTIL_FOUND = 10_000

FAULTS = {
    "a window one too wide": ("all", "tonumber(g[6]) - outstanding", "tonumber(g[6]) + 1 - outstanding"),
    "a window one too narrow": ("all", "tonumber(g[6]) - outstanding", "tonumber(g[6]) - 1 - outstanding"),
    "65 calls at once": ("all", "outstanding, 64)", "outstanding, 65)"),
    "credit of exactly one is not used": ("all", "credit < 1000000", "credit <= 1000000"),
    "credit beyond the burst": ("all", "math.min(tonumber(g[5]), (", "math.max(0, ("),
    "the clock of calls runs back": ("all", "'called_at_ms', latest", "'called_at_ms', now"),
    "called before the opening": ("all", "if not g[1] then", "if not g[1] and false then"),
    "a call is good at its deadline": (
        "all",
        "tonumber(deadline) <= now then\n    return -1",
        "tonumber(deadline) < now then\n    return -1",
    ),
    "so it is to a replica": ("status_read", "tonumber(deadline) > tonumber", "tonumber(deadline) >= tonumber"),
    "so it is to who enters": ("enter", "tonumber(deadline) <= now", "tonumber(deadline) < now"),
    "and to who joins again": ("join", "tonumber(deadline) > now", "tonumber(deadline) >= now"),
    "a full admission is not enough": ("enter", "level < 1000000", "level <= 1000000"),
    "a wait rounded down": ("enter", "1000000 - level + rate - 1", "1000000 - level"),
    "the clock of the bucket runs back": ("enter", "math.max(bucket_at, now))", "now)"),
    "an admitted place stays alive": ("enter", "redis.call('ZREM', KEYS[3], token)", ""),
    "a sign of life goes back": ("status", "'GT', now, token)\n    return rank", "now, token)\n    return rank"),
    "a reader is a sign of life": ("status_keys", "'XLEN', KEYS[5]", "'ZADD', KEYS[3], 'GT', now, token"),
    "silence of exactly the TTL": ("expire", "'(%.0f'", "'%.0f'"),
    "a lapse a millisecond late": ("expire", "called, '-inf', now,", "called, '-inf', now - 1,"),
    "the silent stay called": ("expire", "redis.call('ZREM', called, unpack(silent))", ""),
    "a second place for one token": ("join", "if rank then", "if rank and order ~= 'counter' then"),
    "a ticket number used twice": ("join", "'ticket', 1)", "'ticket', 0)"),
    "the clock in milliseconds": ("join", "time[2]\nelseif", "'000'\nelseif"),
    "leaving only the line": ("leave", "redis.call('ZREM', KEYS[2], ARGV[1])", ""),
    "a score's last digits lost": ("join", "'ZADD', line, score", "'ZADD', line, tostring(tonumber(score))"),
}


EDGES = {
    "a pass that the server keeps for good": ("enter", ", 'PX', pass_ttl + 86400000", ""),
    "a pass collected after an hour": ("enter", "pass_ttl + 86400000", "pass_ttl + 3600000"),
    "a pass collected after two days": ("enter", "pass_ttl + 86400000", "pass_ttl + 86400000 * 2"),
    "a wait a millisecond short": (
        "enter",
        "1000000 - level + rate - 1) / rate)",
        "1000000 - level + rate - 1) / rate) - 1",
    ),
    "a lapse a millisecond late for a reader": (
        "status_read",
        "tonumber(deadline) > tonumber(ARGV[2])",
        "tonumber(deadline) > tonumber(ARGV[2]) - 1",
    ),
    "a lapse a millisecond early": ("expire", "called, '-inf', now,", "called, '-inf', now + 1,"),
    "a join takes a sign of life back": (
        "join",
        "redis.call('ZADD', seen, 'GT', now, token)",
        "redis.call('ZADD', seen, now, token)",
    ),
    "microseconds without their first zeros": ("join", "string.rep('0', 6 - #time[2]) .. ", ""),
    "no sign of life of who is called": (
        "status",
        "redis.call('ZADD', seen, 'GT', now, token)\n  return 0",
        "return 0",
    ),
    "a lapsed call stays beside the new place": ("join", "  redis.call('ZREM', called, token)\n", ""),
    "the lapsed stay alive": ("expire", "redis.call('ZREM', seen, unpack(lapsed))", ""),
    "the silent stay in line": ("expire", "redis.call('ZREM', line, unpack(silent))", ""),
    "calls that cost no credit": ("all", "credit - count * 1000000", "credit"),
    "admissions that cost nothing": ("enter", "level - 1000000, 'bucket_at_ms'", "level, 'bucket_at_ms'"),
    "a bucket deeper than the burst": (
        "enter",
        "math.min(tonumber(g[5]), level + rate * elapsed)",
        "level + rate * elapsed",
    ),
    "nobody is somebody who was not called": ("enter", "return -2", "return -1"),
    "a call by a clock behind is shorter": ("all", "local deadline = latest", "local deadline = now"),
    "a bucket that starts empty": ("open", "'bucket', ARGV[3]", "'bucket', 0"),
    "credit that runs back": ("all", "math.max(0, now - called_at)", "now - called_at"),
    "a bucket that runs back": ("enter", "math.max(0, now - bucket_at)", "now - bucket_at"),
    "who left stays alive": (
        "leave",
        "return redis.call('ZREM', KEYS[3], ARGV[1])",
        "return redis.call('ZSCORE', KEYS[3], ARGV[1]) and 1 or 0",
    ),
    "leaving only what was called": ("leave", "redis.call('ZREM', KEYS[1], ARGV[1])", ""),
    "an admitted place stays called": ("enter", "redis.call('ZREM', KEYS[2], token)", ""),
    "more are removed than the limit allows": (
        "expire",
        "'LIMIT', 0, limit)\nif #silent",
        "'LIMIT', 0, 9999)\nif #silent",
    ),
}
"""Faults that random sequences meet seldom, and fixed ones at once."""


def faulty(name: str, old: str, new: str) -> dict[str, Script]:
    """Return the Lua core with *old* replaced by *new* in the script *name*, or in all that have it if it is "all"."""
    scripts = {script: load_script(script) for script in SCRIPTS}
    changed = [n for n, script in scripts.items() if old in script.source] if name == "all" else [name]
    for script in changed:
        assert scripts[script].source.count(old) == 1
        scripts[script] = script_of(script, scripts[script].source.replace(old, new))
    assert changed
    return scripts


def unheard(_: int) -> None:
    """Take note of progress, and do nothing about it."""


@pytest.fixture(scope="module")
def site(server: LocalServer) -> Iterator[Site]:
    client = server.client()
    yield Site(client, "conformance:")
    assert list(client.scan_iter(match="conformance:*")) == []


@pytest.mark.xdist_group("cluster")
def test_the_lua_core_is_what_its_specification_says() -> None:
    told: list[float] = []
    report = check_conformance(None, OPERATIONS, SEED, lambda fraction, note: told.append(fraction))
    assert report.equal, "\n".join(report.lines())
    cases = {case.name: case for case in report.cases}
    assert len(cases) == 7
    assert all(case.operations > 0 and not case.not_run for case in report.cases)
    assert cases[RANDOM].operations == OPERATIONS
    assert cases[CLUSTER].operations == OPERATIONS // 5
    assert cases[CLIENTS].counts["changes of client"] > 0
    for name in (FAILOVER, CUT_OFF):
        assert cases[name].counts["places confirmed and kept"] > 0
        assert cases[name].counts["admissions confirmed and kept"] > 0
    assert cases[CUT_OFF].counts["places unconfirmed and lost"] > 0
    assert told == sorted(told)


def test_the_crowds_meet_every_answer() -> None:
    met: set[tuple[str, Answer]] = set()
    most_called = 0
    for seed in range(60):
        random = Random(seed)
        settings = random_settings(random, random.randint(1, 3))
        rooms = [ModelRoom(rules, settings.pass_ttl_ms) for rules in settings.rules]
        crowd = Crowd(random, settings)
        for _ in range(1500):
            operation = crowd.next()
            room = rooms[operation.event]
            before = room.room.calls
            reply = room.apply(operation, 1)
            most_called = max(most_called, room.room.calls - before)
            if reply is not None:
                met.add((operation.name, reply.answer))
        assert all(room.room.call_credit >= 0 for room in rooms)
    statuses = {(name, answer) for name in ("status", "status_read", "status_keys") for answer in list(Answer)[:3]}
    assert met == statuses | {
        ("join", Answer.WAITING),
        ("join", Answer.READY),
        ("enter", Answer.GRANTED),
        ("enter", Answer.THROTTLED),
        ("enter", Answer.NOT_CALLED),
        ("enter", Answer.UNKNOWN),
        ("leave", Answer.LEFT),
        ("leave", Answer.UNKNOWN),
        ("expire", Answer.EXPIRED),
    }
    assert most_called == 64


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_shown_small(site: Site, fault: str) -> None:
    wrong = replace(site, scripts=faulty(*FAULTS[fault]))
    case = random_sequences(fault, wrong, UNTIL_FOUND, SEED, unheard)
    assert case.differences
    assert min(len(difference.splitlines()) for difference in case.differences) <= 50
    assert not ConformanceReport("", SEED, (case,)).equal


def test_the_edges_are_the_same_on_both_sides(site: Site) -> None:
    case = edge_sequences("edges", site)
    assert case.differences == ()
    assert case.operations > 500


@pytest.mark.parametrize("fault", [*FAULTS, *EDGES])
def test_every_fault_shows_on_an_edge(site: Site, fault: str) -> None:
    wrong = replace(site, scripts=faulty(*(FAULTS | EDGES)[fault]))
    assert edge_sequences(fault, wrong).differences != ()


def test_a_command_more_is_found_though_replies_are_equal(site: Site) -> None:
    wrong = replace(site, scripts=faulty("status", "local rank =", "redis.call('ZCARD', seen)\n  local rank ="))
    assert not random_sequences("replies", wrong, 1000, SEED, unheard).differences
    (difference,) = commands_run("commands", wrong, 1000, SEED, unheard).differences
    assert "'ZCARD': 1" in difference


def test_a_fault_is_found_with_two_clients_too(site: Site, server: LocalServer) -> None:
    wrong = replace(site, scripts=faulty("leave", "redis.call('ZREM', KEYS[2], ARGV[1])", ""))
    case = two_clients("clients", wrong, server, 20_000, SEED)
    (difference,) = case.differences
    assert "client 0" in difference or "client 1" in difference


def test_a_script_that_fails_is_a_difference(site: Site) -> None:
    wrong = replace(site, scripts=faulty("leave", "return redis.call('ZREM', KEYS[3]", "return redis.call('ZREM', nil"))
    case = random_sequences("leave", wrong, 2000, SEED, unheard)
    assert "the server answers with an error" in case.differences[0]


def test_others_on_the_server_keep_commands_from_being_told_apart(site: Site, server: LocalServer) -> None:
    client = server.client()

    def calls(section: str) -> object:
        client.get("conformance of somebody else")
        return info(section)

    watched = server.client()
    info, watched.info = watched.info, calls  # type: ignore[method-assign]
    case = commands_run("commands", replace(site, client=watched), 100, SEED, unheard)
    assert case.not_run == "others use this server, so commands cannot be told apart"
    assert not ConformanceReport("", SEED, (case,)).equal


def test_on_somebodys_server_it_keeps_to_its_prefix_and_leaves_nothing(server: LocalServer) -> None:
    client = server.client()
    client.set("theirs", "kept")
    before = set(client.scan_iter())
    with connect(f"redis://{server.address}") as connection:
        report = check_conformance(connection, 1000, SEED)
        assert set(client.scan_iter()) == before
    assert report.equal
    assert report.server == str(server.facts)
    assert [case.operations for case in report.cases][1:] == [1000, 100]
    assert not any("status_keys" in name for name in report.cases[1].counts)
    assert client.delete("theirs") == 1


@pytest.mark.xdist_group("cluster")
def test_on_somebodys_cluster_it_needs_what_primaries_know(cluster: LocalCluster) -> None:
    url = f"redis://{cluster.primaries[0].address}"
    with connect(url) as connection:
        edges, sequences, commands = check_conformance(connection, 500, SEED).cases
    assert edges.differences == ()
    assert (sequences.operations, sequences.differences) == (500, ())
    assert commands.not_run == "commands are counted on single servers only"
    told = "redis URL: read_from_replicas=true is not for conformance: replicas lag behind; leave it out"
    with pytest.raises(BadInput, match=told), connect(f"{url}?read_from_replicas=true") as connection:
        check_conformance(connection, 500, SEED)


def test_too_few_operations_are_refused() -> None:
    with pytest.raises(BadInput, match="operations: 99 is not allowed; allowed: 100 or more"):
        check_conformance(None, 99, SEED)


def test_a_report_tells_what_differed_and_what_was_not_run() -> None:
    cases = (Case("one", 1000, ("a\nb",), 2.0, {"kept": 3}), Case("two", 0, (), 0.0, not_run="it needs INFO"))
    assert list(ConformanceReport("redis 7", 5, cases).lines()) == [
        "Lua core on redis 7 against the specification, seed 5",
        "1 differ    one: 1,000 operations in 2.0 s",
        "            kept 3",
        "    a",
        "    b",
        "not run     two: it needs INFO",
    ]


# -- promises after a failover: each way of breaking one is found -----------------------------------------------------

WAITING, GRANTED = Reply(Answer.WAITING, 1), Reply(Answer.GRANTED)
ATTEMPTS = [
    Attempt("join", 1, 10.0, WAITING, True),
    Attempt("join", 2, 20.0, WAITING, True),
    Attempt("join", 3, 30.0, WAITING, True),
    Attempt("join", 4, 40.0, WAITING, False),
    Attempt("join", 5, 50.0, None, False),
    Attempt("enter", 1, 0.0, GRANTED, True),
]
KEPT = RoomState(
    line=((30.0, 3),),
    called={2: 99},
    seen={2: 1, 3: 1},
    opened=True,
    call_credit=0,
    called_at_ms=0,
    bucket=0,
    bucket_at_ms=0,
    tickets=0,
    rules=RULES,
    passes={1: 99},
)


def test_what_was_confirmed_and_kept_breaks_no_promise() -> None:
    assert list(broken_promises(ATTEMPTS, KEPT)) == []
    assert what_became(ATTEMPTS, KEPT) == {
        "admissions confirmed and kept": 1,
        "places confirmed and kept": 3,
        "places unanswered and not there": 1,
        "places unconfirmed and lost": 1,
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"line": (), "seen": {2: 1}}, "the confirmed place of token 3 is held 0 times"),
        ({"called": {2: 99, 3: 99}}, "the confirmed place of token 3 is held 2 times"),
        (
            {"passes": {}, "called": {1: 9, 2: 99}, "seen": {1: 1, 2: 1, 3: 1}},
            "the confirmed admission of token 1 is lost",
        ),
        ({"called": {}, "seen": {3: 1}, "passes": {1: 99, 2: 99}}, "token 2 has been admitted and never asked to be"),
        ({"line": ((31.0, 3),)}, "token 3 joined with score 30 and stands in line with 31"),
        ({"line": ((30.0, 3), (60.0, 6)), "seen": {2: 1, 3: 1, 6: 1}}, "token 6 is there and never joined"),
        ({"seen": {2: 1, 3: 1, 4: 1}}, "token 4 has a sign of life and no place"),
        ({"seen": {2: 1}}, "token 3 has a place and no sign of life"),
    ],
)
def test_a_broken_promise_is_told(change: dict[str, object], told: str) -> None:
    assert list(broken_promises(ATTEMPTS, replace(KEPT, **change))) == [told]
