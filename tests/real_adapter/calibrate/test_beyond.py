"""What is added beyond the loads of a calibration, and that what is measured is so far out."""

import pytest

from models.redis_costs.parts import Beyond
from real_adapter.calibrate import beyond
from real_adapter.calibrate.beyond import PAYLOAD_BYTES, added, measure_beyond
from real_adapter.measure.window import Gauge, Window


def test_what_is_added_is_between_medians_and_never_a_gain():
    assert added(20_000, [11.0, 10.0, 90.0], [4.0, 3.0, 5.0]) == Beyond(at=20_000, adds_us=7.0)
    assert added(1_000, [4.0], [4.5]) == Beyond(at=1_000, adds_us=0.0)


@pytest.mark.parametrize(("dear", "plain"), [([], [1.0]), ([1.0], []), ([], [])])
def test_without_an_undisturbed_window_nothing_is_told(dear, plain):
    assert added(20_000, dear, plain) is None


def test_so_many_connections_are_open_and_so_large_a_payload_is_sent(monkeypatch):
    open_then, sizes = [], []

    class Watched(Gauge):
        def measure(self, case, drive) -> Window:
            driven = drive()
            assert (driven.replied_ns >= 0).all()
            open_then.append(int(self.client.info("clients")["connected_clients"]))
            received = int(self.client.info("stats")["total_net_input_bytes"])
            sizes.append(received)
            blank = dict.fromkeys(Window.__dataclass_fields__, 0.0)
            more_us = 7.0 * (open_then[-1] > 300) + 0.5 * (sizes[-1] - (sizes[-2] if len(sizes) > 1 else 0) > 5e5)
            return Window(**{**blank, "cpu_us": 3.0 + more_us, "refused": "", "speed": None, "spread": None})

        def settle(self) -> None:
            return None

    monkeypatch.setattr(beyond, "Gauge", Watched)
    monkeypatch.setattr(beyond, "SECONDS", 0.1)
    found = measure_beyond(most=400)
    assert found["connections"] == Beyond(at=400, adds_us=7.0)
    assert found["payload_bytes"] == Beyond(at=PAYLOAD_BYTES, adds_us=0.5)
    assert max(open_then) >= 400
