"""Slots against the Redis Cluster specification, its test vector and the layout redis-cli creates."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plan.hash_slots import SLOTS, crc16, hashed_part, shard_of, slot_of, slot_ranges
from models.scenario import load_scenario


def test_crc16_gives_the_test_vector_of_the_specification():
    assert crc16(b"123456789") == 0x31C3


def test_crc16_of_nothing_is_the_initial_value():
    assert crc16(b"") == 0


def test_crc16_is_the_remainder_of_polynomial_division():
    def divided(data: bytes) -> int:
        value = int.from_bytes(data) << 16
        for bit in range(value.bit_length() - 1, 15, -1):
            if value >> bit & 1:
                value ^= 0x11021 << (bit - 16)
        return value

    for data in (b"a", b"foo", b"{user1000}.following", bytes(range(256))):
        assert crc16(data) == divided(data)


# examples of the specification, section "hash tags"
@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("{user1000}.following", "user1000"),
        ("foo{}{bar}", "foo{}{bar}"),
        ("foo{{bar}}zap", "{bar"),
        ("foo{bar}{zap}", "bar"),
        ("foo", "foo"),
        ("foo{bar", "foo{bar"),
        ("foo}bar{", "foo}bar{"),
        ("}{a}", "a"),
    ],
)
def test_hash_tag(key, part):
    assert hashed_part(key) == part


# CLUSTER KEYSLOT somekey and foo{hash_tag}: examples of the Redis command reference
@pytest.mark.parametrize(("key", "slot"), [("somekey", 11058), ("foo{hash_tag}", 2515), ("bar{hash_tag}", 2515)])
def test_slot_as_cluster_keyslot_gives_it(key, slot):
    assert slot_of(key) == slot


@given(st.text(min_size=1, alphabet=st.characters(exclude_characters="}", codec="utf-8")), st.text(max_size=9))
def test_keys_of_one_tag_share_a_slot(tag, suffix):
    assert slot_of("wr:{" + tag + "}:line") == slot_of("{" + tag + "}" + suffix) == crc16(tag.encode()) % SLOTS


def test_three_shards_as_redis_cli_announces_them():
    # "Master[0] -> Slots 0 - 5460", ... in the Redis Cluster tutorial
    assert [(r.start, r.stop - 1) for r in slot_ranges(3)] == [(0, 5460), (5461, 10922), (10923, 16383)]


@given(st.integers(1, SLOTS))
def test_ranges_cover_every_slot_once_and_evenly(shards):
    ranges = slot_ranges(shards)
    assert len(ranges) == shards
    assert ranges[0].start == 0
    assert ranges[-1].stop == SLOTS
    assert all(a.stop == b.start for a, b in pairwise(ranges))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


@pytest.mark.parametrize("shards", [0, -1, SLOTS + 1])
def test_impossible_numbers_of_shards_are_refused(shards):
    with pytest.raises(ValueError, match="cannot share"):
        slot_ranges(shards)


@given(st.integers(0, SLOTS - 1), st.integers(1, 500))
def test_shard_holds_the_slot(slot, shards):
    assert slot in slot_ranges(shards)[shard_of(slot, shards)]


def test_spread_scenario_puts_two_events_on_each_shard_and_its_big_sister_one_on_ten():
    for name, per_shard in (("onsale-300k-spread", [2, 2, 2, 2, 2]), ("onsale-3m", [1] * 10)):
        scenario = load_scenario(name)
        slots = [slot_of(f"wr:{{{tag}}}:line") for tag in scenario.waiting_room.event_tags]
        assert len(set(slots)) == 10
        shards = [shard_of(slot, scenario.redis.shards) for slot in slots]
        assert [shards.count(k) for k in sorted(set(shards))] == per_shard
