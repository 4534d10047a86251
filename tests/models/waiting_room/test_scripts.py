"""The Lua core as text: what a server and a cluster ask of scripts and keys."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plan.hash_slots import hashed_part, slot_of
from models.waiting_room.scripts import SCRIPTS, load_script, room_keys, script_of, token_text
from sim.errors import BadInput

TAGS = st.text(min_size=1).filter(lambda tag: "}" not in tag)
PREFIXES = st.text().filter(lambda prefix: "{" not in prefix)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_whole_and_declares_what_it_is(name: str) -> None:
    script = load_script(name)
    assert script.source.startswith("#!lua")  # which makes a cluster refuse keys of other slots
    assert "--@" not in script.source
    assert script.sha1 == hashlib.sha1(script.source.encode()).hexdigest()
    assert script.writes == (name != "status_read")


@pytest.mark.parametrize("name", SCRIPTS)
def test_all_keys_come_through_keys_in_the_stated_order(name: str) -> None:
    script = load_script(name)
    assert f"-- KEYS {' '.join(script.key_names)}\n" in script.source
    used = {int(number) for number in re.findall(r"KEYS\[(\d+)\]", script.source)}
    assert used == set(range(1, len(script.key_names) + 1))
    assert "wr:" not in script.source


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_number_goes_through_luas_own_text(name: str) -> None:
    source = load_script(name).source
    assert "tostring" not in source  # %.14g would lose the last digits of a time in ns
    concatenations = [line.strip() for line in source.splitlines() if ".." in line.replace("...", "")]
    text_only = ["score = time[1] .. string.rep('0', 6 - #time[2]) .. time[2]"]  # TIME replies with text
    assert concatenations == (text_only if name == "join" else [])


def test_the_script_for_replicas_only_reads() -> None:
    assert load_script("status_read").commands == ("ZRANK", "ZSCORE")


def test_a_changed_script_has_another_name_on_the_server_and_the_same_keys() -> None:
    status = load_script("status")
    changed = script_of("status", status.source + "\n-- changed")
    assert changed.sha1 != status.sha1
    assert changed.key_names == status.key_names


def test_an_unknown_script_is_named() -> None:
    with pytest.raises(BadInput, match="there is no 'stauts'; allowed: open, join"):
        load_script("stauts")


@given(tag=TAGS, prefix=PREFIXES, token=st.integers(0, 10**12 - 1))
def test_all_keys_of_an_event_are_in_the_slot_of_its_tag(tag: str, prefix: str, token: int) -> None:
    keys = room_keys(tag, prefix)
    held = {key for name in SCRIPTS for key in keys.of(load_script(name), token)}
    assert held == {keys.line, keys.called, keys.seen, keys.gate, keys.place, keys.passes(token)}
    assert all(key.startswith(prefix) and hashed_part(key) == tag for key in held)
    assert len({slot_of(key) for key in held}) == 1


@pytest.mark.parametrize(("tag", "prefix"), [("", ""), ("a}b", ""), ("a", "{x}")])
def test_a_tag_that_would_not_be_the_hash_tag_is_refused(tag: str, prefix: str) -> None:
    with pytest.raises(BadInput):
        room_keys(tag, prefix)


@given(st.lists(st.integers(0, 10**12 - 1), min_size=2))
def test_tokens_are_ordered_as_text_as_they_are_as_numbers(tokens: list[int]) -> None:
    assert [int(text) for text in sorted(map(token_text, tokens))] == sorted(tokens)


@pytest.mark.parametrize("token", [-1, 10**12])
def test_a_token_that_does_not_fit_is_refused(token: int) -> None:
    with pytest.raises(BadInput, match=rf"token: {token} is not allowed; allowed: 0 to 999999999999"):
        token_text(token)
