"""Replications: the same on one process or two, resumable, paired."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import BadInput
from sim.experiment import compare_paired, replicate
from sim.histogram import LogHistogram
from sim.outcome import Outcome


@dataclass(frozen=True)
class Normal:
    """A normal number per seed, about *mean*; notes each run in *diary*, if given."""

    mean: float
    deviation: float
    diary: Path | None = None

    @property
    def key(self) -> str:
        return f"normal-{self.mean}-{self.deviation}"

    def __call__(self, seed: int) -> Outcome[LogHistogram]:
        if self.diary is not None:
            with self.diary.open("a") as file:
                file.write(f"{seed}\n")
        random = np.random.default_rng(seed)
        value = self.mean + self.deviation * random.standard_normal()
        return Outcome({"value": value}, LogHistogram.of(random.integers(0, 10**9, 20)))

    def payload_from_json(self, document: Any) -> LogHistogram:
        return LogHistogram.from_json(document)

    def runs(self) -> list[int]:
        assert self.diary is not None
        return [int(line) for line in self.diary.read_text().split()] if self.diary.exists() else []


def test_one_process_or_two_give_the_same(tmp_path: Path) -> None:
    task = Normal(5, 1)
    alone = replicate(task, [4, 1, 2, 3], store=tmp_path / "one")
    shared = replicate(task, [1, 2, 3, 4], workers=2, store=tmp_path / "two")
    assert alone == shared
    assert list(alone.outcomes) == [1, 2, 3, 4]
    for seed in alone.outcomes:
        name = f"{task.key}/{seed}.json"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_stored_is_not_run_again(tmp_path: Path) -> None:
    task = Normal(5, 1, tmp_path / "diary")
    replicate(task, [1, 2, 3], store=tmp_path / "store")
    seen: list[int] = []
    resumed = replicate(task, [5, 2, 3, 4], store=tmp_path / "store", on_done=lambda seed, _: seen.append(seed))
    assert task.runs() == [1, 2, 3, 5, 4]
    assert seen == [2, 3, 5, 4]
    assert resumed == replicate(Normal(5, 1), [2, 3, 4, 5])


def test_an_interrupted_experiment_goes_on_where_it_was(tmp_path: Path) -> None:
    task = Normal(5, 1, tmp_path / "diary")

    def interrupt_at_3(seed: int, _: Outcome[LogHistogram]) -> None:
        if seed == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate(task, range(1, 7), store=tmp_path / "store", on_done=interrupt_at_3)
    stored = sorted(path.name for path in (tmp_path / "store" / task.key).iterdir())
    assert stored == ["1.json", "2.json", "3.json"]
    resumed = replicate(task, range(1, 7), store=tmp_path / "store")
    assert task.runs() == [1, 2, 3, 4, 5, 6]
    assert resumed == replicate(Normal(5, 1), range(1, 7))


def test_tasks_share_a_store_without_mixing(tmp_path: Path) -> None:
    a, b = Normal(5, 1, tmp_path / "a"), Normal(6, 1, tmp_path / "b")
    assert replicate(a, [1], store=tmp_path).estimate("value").best == pytest.approx(
        replicate(b, [1], store=tmp_path).estimate("value").best - 1
    )
    assert (a.runs(), b.runs()) == ([1], [1])


@pytest.mark.parametrize(
    ("seeds", "reason"), [([], "none given"), ([1, 2, 1], "1 is repeated"), ([3, -1], "-1 is not allowed")]
)
def test_seeds_that_make_no_sense_are_refused(seeds: list[int], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        replicate(Normal(5, 1), seeds)


def test_no_workers_are_refused() -> None:
    with pytest.raises(BadInput, match="workers"):
        replicate(Normal(1, 1), [1], workers=0)


def test_common_random_numbers_show_what_independent_ones_hide() -> None:
    a, b = Normal(100, 30), Normal(101, 30)
    compared = compare_paired(a, [b], range(1, 11))[0]
    difference = compared.differences()["value"]
    # the same normal number on both sides: the difference is 1 every time
    assert difference.best == pytest.approx(1)
    assert difference.half_width == pytest.approx(0, abs=1e-9)
    assert difference.excludes(0)
    # 30 x sqrt(2) x 2.26 / sqrt(10) would be the half width without pairing
    alone = replicate(b, range(11, 21)).estimate("value")
    assert alone.half_width is not None
    assert alone.half_width > 5


def test_a_task_does_not_differ_from_itself() -> None:
    same = compare_paired(Normal(100, 30), [Normal(100, 30)], range(5))[0]
    assert same.a == same.b
    assert not same.differences()["value"].excludes(0)
