"""Stored replications: what is read is what was written, and nothing else is believed."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import BadInput
from sim.histogram import LogHistogram
from sim.outcome import Outcome
from sim.store import Store, write_atomically

# 0.1 + 0.2 needs all 17 digits
OUTCOME = Outcome({"wait_s": 0.1 + 0.2, "sold": 10}, LogHistogram.of(np.array([5, 700, 2**46])))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs", "abc")


def test_what_is_read_is_what_was_written(store: Store) -> None:
    assert store.read(7, LogHistogram.from_json) is None
    store.write(7, OUTCOME)
    assert store.read(7, LogHistogram.from_json) == OUTCOME
    assert store.read(8, LogHistogram.from_json) is None
    assert [path.name for path in store.directory.iterdir()] == ["7.json"]


def test_the_same_outcome_gives_the_same_bytes(store: Store) -> None:
    store.write(7, OUTCOME)
    first = store.path(7).read_bytes()
    store.write(7, Outcome(dict(reversed(list(OUTCOME.kpis.items()))), OUTCOME.payload))
    assert store.path(7).read_bytes() == first


@pytest.mark.parametrize("change", [{"key": "abd"}, {"seed": 8}, {"seed": "7"}])
def test_a_file_of_another_replication_is_refused_in_one_line(store: Store, change: dict[str, Any]) -> None:
    store.write(7, OUTCOME)
    document = json.loads(store.path(7).read_text())
    store.path(7).write_text(json.dumps({**document, **change}))
    with pytest.raises(BadInput, match=r"7\.json cannot be used .*remove it to run the seed again") as refusal:
        store.read(7, LogHistogram.from_json)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"kpis": [1]},
        {"kpis": {"wait_s": "1"}},
        {"kpis": {"wait_s": True}},
        {"kpis": {"wait_s": 10**400}},
        {"payload": None},
        {"payload": {"total": 1}},
        {"more": 1},
    ],
)
def test_what_is_no_replication_counts_for_nothing_and_is_replaced(store: Store, change: dict[str, Any]) -> None:
    store.write(7, OUTCOME)
    document = json.loads(store.path(7).read_text())
    store.path(7).write_text(json.dumps({**document, **change}))
    assert store.read(7, LogHistogram.from_json) is None
    store.write(7, OUTCOME)
    assert store.read(7, LogHistogram.from_json) == OUTCOME


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_cut_file_counts_for_nothing(store: Store, cut: int) -> None:
    store.write(7, OUTCOME)
    store.path(7).write_bytes(store.path(7).read_bytes()[:cut])
    assert store.read(7, LogHistogram.from_json) is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"NaN", b"[" * 100_000, b"1" * 10_000])
def test_foreign_content_counts_for_nothing(store: Store, content: bytes) -> None:
    store.path(7).write_bytes(content)
    assert store.read(7, LogHistogram.from_json) is None


def test_a_file_that_cannot_be_opened_is_refused(store: Store) -> None:
    store.path(7).mkdir()
    with pytest.raises(BadInput, match="cannot be used"):
        store.read(7, LogHistogram.from_json)


def test_a_number_that_is_none_reaches_no_payload(store: Store) -> None:
    store.write(7, OUTCOME)
    document = json.loads(store.path(7).read_text())
    store.path(7).write_text(json.dumps({**document, "payload": {"mean": float("nan")}}))
    assert store.read(7, lambda _: OUTCOME.payload) is None


def test_results_of_another_scenario_say_so(store: Store, tmp_path: Path) -> None:
    store.write(7, OUTCOME)
    other = Store(tmp_path / "runs", "other")
    other.path(7).write_bytes(store.path(7).read_bytes())
    with pytest.raises(BadInput, match="it belongs to 'abc': another scenario"):
        other.read(7, LogHistogram.from_json)


@pytest.mark.parametrize("key", ["", "..", "a/b", ".hidden", "a b", "x" * 101])
def test_a_key_stays_inside_its_store(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadInput, match="key"):
        Store(tmp_path, key)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(BadInput, match="must be a writable directory"):
        Store(taken, "abc")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, b"old")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_when_it_is_old(store: Store) -> None:
    fresh, old = store.directory / "1.json.aa.part", store.directory / "2.json.bb.part"
    for part in (fresh, old):
        part.write_text("{")
    os.utime(old, (0, 0))
    Store(store.directory.parent, "abc")
    assert list(store.directory.iterdir()) == [fresh]
