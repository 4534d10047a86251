"""A task that worker processes can import: a number per seed, noted in a diary when it is begun."""

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sim.errors import BadInput
from sim.outcome import Outcome

KIND = "BREAKWATER_TEST_KIND"
"""Variable of the environment that stands for the version of a worker."""


def identity() -> Mapping[str, str]:
    return {"kind": os.environ.get(KIND, "ours")}


@dataclass(frozen=True)
class Seeds:
    """A payload that is quick to import."""

    seeds: tuple[int, ...]

    def __add__(self, other: Self) -> Self:
        return type(self)(tuple(sorted(self.seeds + other.seeds)))

    def to_json(self) -> Any:
        return list(self.seeds)


@dataclass(frozen=True)
class Noted:
    diary: Path
    takes_s: float = 0.0
    trouble: str = ""

    @property
    def key(self) -> str:
        return "noted"

    def __call__(self, seed: int) -> Outcome[Seeds]:
        with self.diary.open("a") as file:
            file.write(f"{seed} {os.getpid()}\n")
        time.sleep(self.takes_s)
        if seed == 3 and self.trouble == "bad-input":
            raise BadInput("gateway.pods: 0 is not allowed; must be an integer from 1 to 2000")
        if seed == 3 and self.trouble:
            raise ZeroDivisionError(self.trouble)
        value = random.Random(seed).gauss()
        return Outcome({"value": value}, Seeds((seed,)))

    def payload_from_json(self, document: Any) -> Seeds:
        return Seeds(tuple(document))

    def begun(self) -> list[tuple[int, int]]:
        """Seed and process of every replication begun so far."""
        lines = self.diary.read_text().splitlines() if self.diary.exists() else []
        return [(int(seed), int(process)) for seed, _, process in (line.partition(" ") for line in lines)]
