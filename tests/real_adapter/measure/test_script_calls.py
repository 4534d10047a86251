"""The scripts' calls as a real server sees them: what is shipped, and what each kind of change shows."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.scenario.waiting_room import ExtraCall
from models.waiting_room.scripts import FOLDER, SCRIPTS, load_script
from real_adapter.measure.script_calls import WAYS, ScriptCalls, script_calls
from sim.errors import BadInput

ZCOUNT = "redis.call('ZCOUNT', KEYS[1], '-inf', '+inf')\n"
HEARTBEAT = "    redis.call('ZADD', seen, 'GT', now, token)\n"


@pytest.fixture(scope="module")
def shipped() -> ScriptCalls:
    return script_calls()


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str, str], ScriptCalls]:
    """A function that traces the scripts with *old* replaced by *new* in one file."""

    def traced(file: str, old: str, new: str) -> ScriptCalls:
        folder = tmp_path / "lua"
        shutil.copytree(FOLDER, folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return script_calls(folder)

    return traced


def moved(before: ScriptCalls, now: ScriptCalls) -> dict[str, float]:
    was, values = before.measured.values, now.measured.values
    found = {name: (values.get(name) or 0.0) - (was.get(name) or 0.0) for name in {**was, **values}}
    return {name: change for name, change in found.items() if change}


def test_what_is_shipped_calls_what_the_models_bill(shipped: ScriptCalls) -> None:
    assert shipped.extra == ()
    assert shipped.notes == ()


def test_every_script_is_run_and_every_command_in_it_is_met(shipped: ScriptCalls) -> None:
    met = {(name.split(".")[0], name.split(".")[2].split("(")[0]) for name in shipped.measured.values}
    assert {way.script for way in WAYS} == set(SCRIPTS)
    assert met >= {(name, command) for name in SCRIPTS for command in load_script(name).commands}


def test_the_way_of_most_requests_is_what_the_source_says(shipped: ScriptCalls) -> None:
    calls = {name: times for name, times in shipped.measured.values.items() if name.startswith("status.in_line.")}
    assert calls == {f"status.in_line.{call}": 1.0 for call in ("HMGET(7)", "ZRANK(line)", "ZADD(seen)")}


def test_an_added_zcount_is_seen_on_every_way_and_priced(
    shipped: ScriptCalls, changed: Callable[[str, str, str], ScriptCalls]
) -> None:
    found = changed("status.lua", "return tell_place", ZCOUNT + "return tell_place")
    ways = ("in_line", "called", "unknown", "calling_two")
    assert moved(shipped, found) == {f"status.{way}.ZCOUNT": 1.0 for way in ways}
    assert found.extra == (ExtraCall(operation="status", command="ZCOUNT", on="none", elements=1, calls=1),)
    assert found.notes == ()


def test_calls_in_a_loop_are_counted(shipped: ScriptCalls, changed: Callable[[str, str, str], ScriptCalls]) -> None:
    found = changed(
        "enter.lua", "redis.call('ZREM', KEYS[2]", f"for _ = 1, 5 do {ZCOUNT} end\nredis.call('ZREM', KEYS[2]"
    )
    assert moved(shipped, found) == {"enter.granted.ZCOUNT": 5.0}
    assert [(call.operation, call.command, call.calls) for call in found.extra] == [("enter", "ZCOUNT", 5)]


def test_a_call_left_out_is_priced_as_fewer(
    shipped: ScriptCalls, changed: Callable[[str, str, str], ScriptCalls]
) -> None:
    found = changed("place.lua", HEARTBEAT, "")
    assert moved(shipped, found)["status.in_line.ZADD(seen)"] == -1.0
    assert [(call.operation, call.command, call.calls) for call in found.extra] == [("status", "ZADD", -1)]


def test_a_comment_changes_nothing_but_the_hash_of_its_file(
    shipped: ScriptCalls, changed: Callable[[str, str, str], ScriptCalls]
) -> None:
    found = changed("status.lua", "return tell_place", "-- a comment: redis.call('ZCOUNT')\nreturn tell_place")
    assert moved(shipped, found) == {}
    assert (found.extra, found.notes) == ((), ())
    differ = {name for name, of in found.measured.made_of.items() if shipped.measured.made_of[name] != of}
    assert differ == {"status.lua"}


def test_a_command_without_a_cost_is_a_row_and_a_note(
    shipped: ScriptCalls, changed: Callable[[str, str, str], ScriptCalls]
) -> None:
    found = changed("enter.lua", "return 0\n", "redis.call('HGETALL', KEYS[4])\nreturn 0\n")
    assert moved(shipped, found) == {"enter.granted.HGETALL": 1.0}
    assert found.extra == ()
    assert found.notes == ("enter.lua calls HGETALL, which has no cost that could be put into predicted CPU.",)


def test_a_call_off_the_usual_way_is_a_row_and_a_note(
    shipped: ScriptCalls, changed: Callable[[str, str, str], ScriptCalls]
) -> None:
    found = changed("place.lua", "  local deadline", "  redis.call('EXISTS', called)\n  local deadline")
    ways = ("status.called", "status.unknown", "status_keys.called_calling_one")
    assert moved(shipped, found) == dict.fromkeys((f"{way}.EXISTS" for way in ways), 1.0)
    assert found.extra == ()
    assert any(note.startswith("status.lua, called: EXISTS +1 against the models") for note in found.notes)


@pytest.mark.parametrize(
    ("old", "new"),
    [("return tell_place", "return tell_place("), ("return tell_place", "redis.call('NO')\nreturn 1 --")],
)
def test_a_script_that_the_server_refuses_is_named(
    changed: Callable[[str, str, str], ScriptCalls], old: str, new: str
) -> None:
    with pytest.raises(BadInput, match=r"^status\.lua: the server refuses it: "):
        changed("status.lua", old, new)


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"open\.lua cannot be read: No such file"):
        script_calls(tmp_path)
