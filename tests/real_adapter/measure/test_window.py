"""Windows: what counts, and what shows too little to be taken for a measurement."""

import pytest

from real_adapter.measure.bench import bench_on
from real_adapter.measure.cases import poisson
from real_adapter.measure.window import Gauge
from real_adapter.server.server import LocalServer


@pytest.mark.parametrize(("background", "refused"), [(0.0, ""), (1.0, "too little happened to be seen")])
def test_a_window_without_cpu_of_its_own_is_refused(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, background: float, refused: str
) -> None:
    monkeypatch.setattr(Gauge, "_why_refused", lambda *_: "")  # what neighbours do is not the matter here
    with server.client() as client, bench_on(client, f"redis://{server.address}", 2, None, "window:") as bench:
        gauge = Gauge(client, None, 1)
        gauge.background = background  # what the server does with nothing to do, as a share of its thread
        window = gauge.measure("ping", lambda: bench.drive(poisson("ping", 0, 500), 1))
    assert window.refused == refused
    assert (window.cpu_us > 0) == (refused == "")
    assert gauge.kept == (refused == "")
