import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from real_adapter.calibrate import calibration, experiment
from real_adapter.measure.window import Gauge


class Noted:
    """A bench and a gauge that only note what is asked of them."""

    def __init__(self) -> None:
        self.rooms: list[int] = []
        self.keys: list[int] = []
        self.seen: list[tuple[str, int]] = []

    def add_room(self, members: int) -> None:
        self.rooms.append(members)

    def add_keys(self, members: int, count: int) -> None:
        assert members in self.rooms
        self.keys.append(count)

    def work(self, case: Any) -> None: ...

    def drive(self, case: Any, seed: int) -> None: ...


class Counting(Gauge):
    def __init__(self, bench: Noted) -> None:
        super().__init__(None, None, 2)  # type: ignore[arg-type]
        self.bench = bench

    def settle(self) -> None: ...

    def measure(self, case: str, drive: Callable[[], Any]) -> Any:
        self.bench.seen.append((case, self.bench.keys[-1]))
        self.kept += 1
        self.refusals["hypervisor steal"] += 1
        return type("Seen", (), {"refused": ""})


def test_keys_are_listed_by_a_server_that_has_served_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    used, fresh = Noted(), Noted()

    @contextmanager
    def started() -> Iterator[calibration.Rig]:
        yield calibration.Rig(fresh, Counting(fresh), None, None)  # type: ignore[arg-type]

    monkeypatch.setattr(calibration, "own_rig", started)
    own = calibration.Rig(used, Counting(used), None, None)  # type: ignore[arg-type]
    later = time.monotonic() + 3600
    run = calibration._Run(own, later, 3600.0, lambda fraction, note: None, random.Random(1))
    run.with_keys(later)
    assert (used.keys, used.seen, fresh.keys) == ([], [], list(experiment.KEYS_ON_SERVER))
    cases = {case.name: case.keys for case in experiment.key_cases()}
    assert fresh.seen == [(name, keys) for name, keys in cases.items() for _ in range(calibration.EXTRA_ROUNDS)]
    assert {name: len(windows) for name, windows in run.found.windows.items()} == dict.fromkeys(
        cases, calibration.EXTRA_ROUNDS
    )
    counted = len(fresh.seen)
    assert (own.gauge.kept, own.gauge.refusals["hypervisor steal"]) == (counted, counted)
